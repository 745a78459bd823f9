/** `npm run layers`: checks every source file against layers.ts and prints each offending import as a chain. */
import { resolve } from "node:path";
import { checkLayers } from "./checks/layer-rules.ts";
import { readSources } from "./checks/read-sources.ts";
import { assetGrants, layers, longFiles, maximumLines, platformGrants, pureModules } from "./layers.ts";

const root = resolve(process.argv[2] ?? "src");
const report = checkLayers(readSources(root), {
  layers,
  pureModules,
  platformGrants,
  assetGrants,
  longFiles,
  maximumLines,
});

for (const problem of report.problems) console.error(problem);
console.log(
  `layers: ${report.files} files, ${report.imports} imports read, ${report.problems.length} problem${report.problems.length === 1 ? "" : "s"}`,
);
process.exit(report.problems.length === 0 ? 0 : 1);
