/**
 * `npm run ok`: everything that can be judged without root and without an engine.
 *
 *   --only NAME   one check      --fix   let the formatter write
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { driftOf, generatedFiles } from "./checks/drift.ts";
import { broke, held, runBunTests, runCheck, runStages, type Stage } from "./checks/stage.ts";
import { mustRun } from "./lab/command.ts";
import { projectDir } from "./lab/paths.ts";

const bin = (name: string): string => join(projectDir, "node_modules/.bin", name);
const code = ["src", "tools", "tests", "bench"];
const fix = process.argv.includes("--fix");
const onlyAt = process.argv.indexOf("--only");
const only = onlyAt < 0 ? undefined : process.argv[onlyAt + 1];

const checks: readonly Stage[] = [
  {
    name: "format",
    what: fix ? "oxfmt writes the project's format" : "oxfmt finds nothing to change",
    run: () => runCheck([bin("oxfmt"), ...(fix ? [] : ["--check"]), ...code]),
  },
  {
    name: "lint",
    what: "oxlint with typed rules",
    run: () => runCheck([bin("oxlint"), "--type-aware", "--deny-warnings", ...code]),
  },
  { name: "types", what: "tsc", run: () => runCheck([bin("tsc"), "-p", "."]) },
  {
    name: "layers",
    what: "imports, system modules, cycles, names and sizes",
    run: () => runCheck([process.execPath, "tools/check-layers.ts"]),
  },
  {
    name: "exports",
    what: "nothing is exported that nobody takes",
    run: () => runCheck([process.execPath, "tools/check-exports.ts"]),
  },
  {
    name: "unit",
    what: "unit and golden tests, without root",
    run: async () => {
      // The units of host/ load the native parts.
      const native = ["dist/berth-shim", "dist/berth-sys.base64"].every((path) => existsSync(join(projectDir, path)));
      if (!native) await mustRun([process.execPath, "tools/build.ts", "--native-only"], { cwd: projectDir });
      return runBunTests(["src", "tools", "bench", "tests/golden", "tests/arch", "tests/conformance/coverage"]);
    },
  },
  {
    name: "drift",
    what: "generated files are what their generators give",
    run: async () => {
      const problems = driftOf(generatedFiles);
      for (const problem of problems) console.error(problem);
      return problems.length === 0 ? held : broke;
    },
  },
];

const chosen = checks.filter((check) => only === undefined || check.name === only);
if (chosen.length === 0) throw new Error(`no check is called ${only}: ${checks.map((check) => check.name).join(", ")}`);
const lines = await runStages(chosen, new Set());
const passed = lines.reduce((sum, line) => sum + line.passed, 0);
const failed = lines.reduce((sum, line) => sum + line.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
