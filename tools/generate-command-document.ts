import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "./lab/paths.ts";
import { generatedCommandDocument } from "./command-document.ts";

/** Writes docs/commands.md from the table of commands. */
writeFileSync(join(projectDir, "docs/commands.md"), await generatedCommandDocument());
