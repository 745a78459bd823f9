/** Writes docs/configuration.md from the table of the engine's settings. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configurationDocument } from "../src/main/daemon/options/configuration-document.ts";
import { projectDir } from "./lab/paths.ts";

writeFileSync(join(projectDir, "docs/configuration.md"), configurationDocument());
