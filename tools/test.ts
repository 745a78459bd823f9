/**
 * `npm test`: sets up, builds and runs every test, and ends with `N passed, N failed`.
 *
 *   npm test -- STAGE...   only the named stages (and the build they need)
 *
 * `unit` (inside `ok`) and `reference` (twice as long as all the rest) run only when named.
 */
import { globSync } from "node:fs";
import { fillCaches } from "../tests/caches.ts";
import { runJobStages, type FileJob, type JobStage } from "./checks/file-jobs.ts";
import { leavingNothing } from "./checks/leaving-nothing.ts";
import { processRunner } from "./checks/run-job.ts";
import { runBunTests, runCheck, runStages, type Stage } from "./checks/stage.ts";
import { projectDir } from "./lab/paths.ts";
import { buildPackages, ensureSystemPackages, testPackages } from "./lab/system-packages.ts";

/** Every test file below `folder` as a job of its own, those that take longest first. */
function filesOf(folder: string, longest: readonly string[] = []): FileJob[] {
  const rank = (name: string): number => (longest.includes(name) ? longest.indexOf(name) : longest.length);
  return globSync(`${folder}/**/*.test.ts`, { cwd: projectDir })
    .map((path) => ({ name: path.slice(folder.length + 1, -".test.ts".length), args: [`./${path}`] }))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

/** The cases with each of our clients apart. */
function conformanceJobs(): FileJob[] {
  const longest = ["run", "networks-volumes-walk", "dockerd-runtime", "images-walk", "image-exchange", "reach"];
  const pairs = (process.env["BERTH_TARGETS"] ?? "berth:docker,berth:berth").split(",");
  return filesOf("tests/conformance", longest).flatMap((job) => {
    if (job.name === "way-out") return { ...job, needsMachine: true };
    if (job.name !== "run") return job;
    return pairs.map((pair) => ({ ...job, name: `run ${pair}`, env: { BERTH_TARGETS: pair } }));
  });
}

/** Fetching waits for the network, and what comes before the tests does not. */
let caches: Promise<void> | undefined;

/** One after the other: what they need. */
const stages: readonly Stage[] = [
  {
    name: "setup",
    what: "system packages for building and testing",
    run: async () => {
      await ensureSystemPackages([...buildPackages, ...testPackages]);
      caches ??= fillCaches();
      // Who needs them waits for them, and hears then what went wrong.
      caches.catch(() => undefined);
      return { passed: 1, failed: 0 };
    },
  },
  { name: "build", what: "native parts and dist/berth", run: () => runCheck([process.execPath, "tools/build.ts"]) },
  {
    name: "unit",
    what: "unit tests alone",
    run: () => runBunTests(["src", "tools", "bench", "tests/golden", "tests/arch", "tests/conformance/coverage"]),
  },
];

/** Beside the jobs that need none of it. */
const fetching: Stage = {
  name: "caches",
  what: "other people's programs that tests run, fetched meanwhile",
  run: async () => {
    await (caches ??= fillCaches());
    return { passed: 1, failed: 0 };
  },
};

/** With what was fetched, and by itself. */
const reference: Stage = {
  name: "reference",
  what: "the same cases on the engines that they describe: Debian's dockerd, docker 26.1 with its BuildKit, and podman with runc",
  run: () =>
    leavingNothing(async () => {
      const cases = await runBunTests(
        ["tests/conformance/run.test.ts", "tests/conformance/podman.test.ts", "tests/conformance/api-versions.test.ts"],
        {
          BERTH_TARGETS: "dockerd:docker,dockerd:berth",
          BERTH_API_ENGINES: "later",
          BERTH_PODMAN_RUNTIMES: "runc",
        },
      );
      const builds = await runBunTests(["tests/conformance/build-requests.test.ts"], {
        BERTH_TARGETS: "later:docker",
      });
      const corpus = await runBunTests(["tests/engine/build/corpus.test.ts"], { BERTH_CORPUS_BUILDER: "buildkit" });
      const all = [cases, builds, corpus];
      return {
        passed: all.reduce((sum, { passed }) => sum + passed, 0),
        failed: all.reduce((sum, { failed }) => sum + failed, 0),
      };
    }),
};

/** Many at once, all but the first as root. */
const jobStages: readonly JobStage[] = [
  {
    name: "ok",
    what: "format, lint, types, layers, unit tests, drift",
    jobs: [{ name: "all", args: [], program: "tools/ok.ts", early: true }],
  },
  {
    name: "guest",
    what: "what a kernel decides, on one with cgroup v2 alone",
    jobs: [{ name: "kernel", args: [], program: "tools/guest/run.ts", beside: true }],
  },
  {
    name: "root",
    what: "tests against this machine's kernel",
    jobs: filesOf("tests/root", ["network", "mirrors", "hostile-answers", "push", "tree", "image"]).map((job) => ({
      ...job,
      // They have Debian's registry.
      early: !["push", "platforms"].includes(job.name),
    })),
  },
  {
    name: "engine",
    what: "the built engine with real clients, where there is nothing to compare with",
    jobs: filesOf("tests/engine", [
      "compose/interrupted",
      "build/corpus",
      "registry-page/page",
      "compose",
      "foreign-runtimes",
      "names",
      "user-namespaces",
      "build/memory",
    ]),
  },
  {
    name: "conformance",
    what: "the real docker CLI and berth on ours, the cases that dockerd proved",
    jobs: conformanceJobs(),
  },
  {
    name: "clients",
    what: "dockerode, testcontainers-node and docker-py on ours and on dockerd",
    jobs: filesOf("tests/clients", ["clients", "compose-projects"]),
  },
  {
    name: "fault",
    what: "engines killed at the worst moments",
    jobs: filesOf("tests/fault", ["logs", "leak-cycles", "health-killed", "killed-at-work", "daemon-killed"]),
  },
  { name: "fuzz", what: "bounded fuzzing of what reads foreign bytes", jobs: filesOf("tests/fuzz") },
];

const all = [...stages, fetching, reference, ...jobStages].map(({ name }) => name);
const named = process.argv.slice(2);
const unknown = named.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no stage is called ${unknown.join(", ")}; there are ${all.join(", ")}`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error("The tests make namespaces, mounts and cgroups: run them as root.");
  process.exit(1);
}
const onlyWhenNamed = new Set(["unit", "reference"]);
const needBuild = new Set(["reference", ...jobStages.map(({ name }) => name).filter((name) => name !== "ok")]);
const isChosen = (name: string): boolean => {
  if (named.length === 0) return !onlyWhenNamed.has(name);
  const isNeeded = name === "setup" || name === "build" || name === "caches";
  return named.includes(name) || (isNeeded && named.some((other) => needBuild.has(other)));
};

const start = performance.now();
const essential = new Set(["setup", "build", "caches"]);
const lines = await runStages(
  stages.filter(({ name }) => isChosen(name)),
  essential,
);
if (lines.every(({ name, failed }) => failed === 0 || !essential.has(name))) {
  const fetch = runStages(isChosen("caches") ? [fetching] : [], essential);
  const fetched = fetch.then((told) => told.every(({ failed }) => failed === 0));
  if (isChosen("reference") && (await fetched)) lines.push(...(await runStages([reference], essential)));
  const chosen = jobStages.filter(({ name }) => isChosen(name));
  lines.push(...(await runJobStages(chosen, await processRunner(), fetched)), ...(await fetch));
}
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
