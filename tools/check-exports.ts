/** What the program, its tests and its tools export and nobody takes. */
import { join } from "node:path";
import { readSources } from "./checks/read-sources.ts";
import { unusedExports } from "./checks/unused-exports.ts";
import { projectDir } from "./lab/paths.ts";
import { exportsForTests } from "./layers.ts";

const sources = ["src", "tests", "tools", "bench"].flatMap((folder) =>
  readSources(join(projectDir, folder)).map(({ path, text }) => ({ path: `${folder}/${path}`, text })),
);
const problems = unusedExports(sources, exportsForTests);
for (const problem of problems) console.error(problem);
console.log(`exports: ${sources.length} files read, ${problems.length} problem${problems.length === 1 ? "" : "s"}`);
process.exit(problems.length === 0 && sources.length > 0 ? 0 : 1);
