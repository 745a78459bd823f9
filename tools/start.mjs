// Entry of every npm script: plain Node without dependencies, because on a fresh clone there are none.
// Makes sure that the pinned packages and Bun are there, then runs the named TypeScript file with Bun.
//
//   node tools/start.mjs FILE [ARG...]
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(project, "node_modules");

/** Where the bun package may keep its executable, the launcher first, then the platform packages. */
const bunCandidates = [
  "bun/bin/bun.exe",
  `@oven/bun-linux-${process.arch === "arm64" ? "aarch64" : "x64"}/bin/bun`,
  `@oven/bun-linux-${process.arch === "arm64" ? "aarch64" : "x64"}-musl/bin/bun`,
];

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** True when every pinned package is installed in the version package.json names. */
function packagesPresent() {
  const wanted = JSON.parse(readFileSync(join(project, "package.json"), "utf8")).devDependencies;
  return Object.entries(wanted).every(([name, version]) => {
    const file = join(modules, name, "package.json");
    return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
  });
}

function installPackages() {
  console.log("Installing the pinned npm packages (npm ci) ...");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: project, stdio: "inherit" });
  if (npm.error) fail(`npm could not be started: ${npm.error.message}`);
  if (npm.status !== 0) fail("npm ci failed; its own message is above.");
}

/** A Bun executable that answers with the pinned version, or undefined. */
function workingBun() {
  const wanted = JSON.parse(readFileSync(join(project, "package.json"), "utf8")).devDependencies.bun;
  return bunCandidates
    .map((candidate) => join(modules, candidate))
    .find((path) => {
      if (!existsSync(path)) return false;
      const answer = spawnSync(path, ["--version"], { encoding: "utf8" });
      return answer.status === 0 && answer.stdout.trim() === wanted;
    });
}

/** The bun package unpacks its executable in an install script, which newer npm runs only when it is approved. */
function finishBun() {
  const script = join(modules, "bun", "install.js");
  if (!existsSync(script)) return;
  try {
    execFileSync(process.execPath, [script], { cwd: dirname(script), stdio: "inherit" });
  } catch {
    // What it could not do shows in the version check that follows.
  }
}

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail("usage: node tools/start.mjs FILE [ARG...]");
if (process.platform !== "linux") fail("Berth runs on Linux; this is " + process.platform + ".");
if (Number(process.versions.node.split(".")[0]) < 20) fail(`Node 20 or newer is needed, this is ${process.version}.`);

if (!packagesPresent()) installPackages();
let bun = workingBun();
if (bun === undefined) {
  finishBun();
  bun = workingBun();
}
if (bun === undefined) {
  fail(
    `The bun package has no executable that runs on this machine (${process.arch}).\n` +
      "Remove node_modules and run this command again; a processor without AVX2 is not supported.",
  );
}

const child = spawn(bun, ["--no-install", join(project, file), ...args], {
  cwd: project,
  stdio: "inherit",
  env: {
    ...process.env,
    PATH: [join(modules, ".bin"), dirname(bun), process.env.PATH ?? "/usr/bin:/bin"].join(delimiter),
  },
});
// Ctrl-C reaches the child through the terminal; it cleans up and decides the exit code.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT") child.kill(signal);
  });
}
child.on("error", (error) => fail(`Bun could not be started: ${error.message}`));
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
