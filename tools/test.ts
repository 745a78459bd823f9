/**
 * `npm test`: sets up, builds and runs every test, and ends with `N passed, N failed`.
 *
 *   npm test -- STAGE...   only the named stages (and the build they need)
 *
 * `unit` (inside `ok`) and `reference` (twice as long as all the rest) run only when named.
 */
import { leavingNothing } from "./checks/leaving-nothing.ts";
import {
  countsOf,
  passThrough,
  runBunTests,
  runCheck,
  runStages,
  type Stage,
  type StageResult,
} from "./checks/stage.ts";
import { buildPackages, ensureSystemPackages, testPackages } from "./lab/system-packages.ts";

/** `bun test` on a folder of tests that need root: they run one file after the other. */
function rootTests(folder: string): () => Promise<StageResult> {
  return () => leavingNothing(() => runBunTests([folder]));
}

const stages: readonly Stage[] = [
  {
    name: "setup",
    what: "system packages for building and testing",
    run: async () => {
      await ensureSystemPackages([...buildPackages, ...testPackages]);
      return { passed: 1, failed: 0 };
    },
  },
  { name: "build", what: "native parts and dist/berth", run: () => runCheck([process.execPath, "tools/build.ts"]) },
  {
    name: "ok",
    what: "format, lint, types, layers, unit tests, drift",
    run: async () => {
      let text = "";
      await passThrough([process.execPath, "tools/ok.ts"], (chunk) => (text += chunk));
      const sum = /^(\d+) passed, (\d+) failed\n*$/m.exec(text.slice(text.lastIndexOf("\n\n")));
      if (sum === null) return { passed: 0, failed: 1 };
      return { passed: Number(sum[1]), failed: Number(sum[2]) };
    },
  },
  {
    name: "unit",
    what: "unit tests alone",
    run: () => runBunTests(["src", "tools", "bench", "tests/golden", "tests/arch", "tests/conformance/coverage"]),
  },
  { name: "fuzz", what: "bounded fuzzing of what reads foreign bytes", run: rootTests("tests/fuzz") },
  { name: "root", what: "tests against this machine's kernel", run: rootTests("tests/root") },
  {
    name: "guest",
    what: "the same tests on a kernel with cgroup v2 alone",
    run: async () => {
      let text = "";
      const { code } = await passThrough([process.execPath, "tools/guest/run.ts"], (chunk) => (text += chunk));
      const counts = countsOf(text.replaceAll("\r", "")) ?? { passed: 0, failed: 1 };
      return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
    },
  },
  {
    name: "engine",
    what: "the built engine with real clients, where there is nothing to compare with",
    run: rootTests("tests/engine"),
  },
  {
    name: "conformance",
    what: "the real docker CLI and berth on ours, the cases that dockerd proved",
    run: rootTests("tests/conformance"),
  },
  {
    name: "reference",
    what: "the same cases on the engines that they describe: Debian's dockerd, and podman with runc",
    run: () =>
      leavingNothing(() =>
        runBunTests(["tests/conformance/run.test.ts", "tests/conformance/podman.test.ts"], {
          BERTH_TARGETS: "dockerd:docker,dockerd:berth",
          BERTH_PODMAN_RUNTIMES: "runc",
        }),
      ),
  },
  {
    name: "clients",
    what: "dockerode, testcontainers-node and docker-py on ours and on dockerd",
    run: rootTests("tests/clients"),
  },
  { name: "fault", what: "engines killed at the worst moments", run: rootTests("tests/fault") },
];

const named = process.argv.slice(2);
const unknown = named.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`no stage is called ${unknown.join(", ")}; there are ${stages.map((stage) => stage.name).join(", ")}`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error("The tests make namespaces, mounts and cgroups: run them as root.");
  process.exit(1);
}
const onlyWhenNamed = new Set(["unit", "reference"]);
const needBuild = new Set(["reference", "root", "guest", "engine", "conformance", "clients", "fault", "fuzz"]);
const chosen = stages.filter((stage) => {
  if (named.length === 0) return !onlyWhenNamed.has(stage.name);
  if (stage.name === "setup" || stage.name === "build")
    return named.some((name) => needBuild.has(name) || name === stage.name);
  return named.includes(stage.name);
});

const start = performance.now();
const lines = await runStages(chosen, new Set(["setup", "build"]));
const minutes = (performance.now() - start) / 60_000;
console.log("\nWhat ran:");
for (const line of lines) {
  const counts = `${String(line.passed).padStart(5)} passed ${String(line.failed).padStart(4)} failed`;
  console.log(`  ${line.name.padEnd(12)} ${counts} ${line.seconds.toFixed(1).padStart(8)} s`);
}
console.log("Try next: npm run quickstart, npm run bench, or dist/berth --help");
console.log(`All in ${minutes.toFixed(1)} minutes.`);
const passed = lines.reduce((sum, line) => sum + line.passed, 0);
const failed = lines.reduce((sum, line) => sum + line.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
