import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../../tools/lab/paths.ts";
import { generatedCommandDocument } from "../../tools/command-document.ts";

test("docs/commands.md is what the commands say: node tools/start.mjs tools/generate-command-document.ts", async () => {
  expect(readFileSync(join(projectDir, "docs/commands.md"), "utf8")).toBe(await generatedCommandDocument());
});
