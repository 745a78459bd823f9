/**
 * Projects as people write them, made by Docker Compose v2 of Debian's next suite and by `berth compose` on the same engine:
 * the same containers, networks and volumes; each tool takes down what the other made, and keeps it when nothing changed.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { composePrograms } from "../../tools/lab/apt-suite.ts";
import { mustRun } from "../../tools/lab/command.ts";
import { berthCommand } from "../../tools/lab/engines.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { made, type Resources } from "./compose/made.ts";

setDefaultTimeout(180_000);

const corpus = join(import.meta.dirname, "compose/corpus");

let engine: BusyboxEngine;
let theirs: readonly string[];
const ours = [...berthCommand(), "compose"];

beforeAll(async () => {
  const programs = await composePrograms();
  theirs = [join(programs, "usr/libexec/docker/cli-plugins/docker-compose")];
  engine = await BusyboxEngine.open({ bridge: "bcorpus0", bip: "172.31.238.1/24" });
  await engine.ok("network", "create", "corpus-outside");
  await engine.ok("volume", "create", "corpus-given");
  cpSync(corpus, join(engine.dir, "corpus"), { recursive: true });
}, 600_000);
afterAll(async () => {
  await engine.ok("network", "rm", "corpus-outside");
  await engine.ok("volume", "rm", "corpus-given");
  await engine.close();
});

function compose(tool: readonly string[], project: string, ...words: readonly string[]): Promise<string> {
  const env = { DOCKER_HOST: engine.host, BERTH_HOST: engine.host, HOME: engine.dir, PASSED: "passed" };
  return mustRun([...tool, ...words], { cwd: join(engine.dir, "corpus", project), env, timeoutMs: 120_000 });
}

const nothing = { containers: [], networks: [], volumes: [] };

/** Ids of the containers that are there for projects. */
const ids = async (): Promise<readonly string[]> =>
  (await engine.ok("ps", "-aq", "--no-trunc", "--filter", "label=com.docker.compose.project"))
    .split("\n")
    .filter((line) => line !== "")
    .toSorted();

/** Made by one tool, the same to the other, which brings it up, and taken down by the first: what was made. */
async function handedOver(project: string, first: readonly string[], second: readonly string[]): Promise<Resources> {
  const all = ["--profile", "*"];
  await compose(first, project, ...all, "create");
  const seen = await made(engine);
  const before = await ids();
  await compose(second, project, ...all, ...(cannotRun.has(project) ? ["create"] : ["up", "-d"]));
  expect(await ids()).toEqual(before);
  await compose(first, project, ...all, "down", "-v", "-t", "0");
  expect(await made(engine)).toEqual(nothing);
  return seen;
}

/** What the machine or the image would have to have for these to run is not everywhere; they are made only. */
const cannotRun: ReadonlySet<string> = new Set([
  "block-devices", // disks
  "block-io", // weights of block I/O
  "cms", // a database that busybox is not
  "monitoring", // a shared root
  "security", // a group that busybox has not
]);

for (const project of readdirSync(corpus).toSorted()) {
  test(project, async () => {
    try {
      const wanted = await handedOver(project, theirs, ours);
      expect(await handedOver(project, ours, theirs)).toEqual(wanted);
    } finally {
      await engine.removeAll();
      await engine.ok("network", "prune", "-f", "--filter", "label=com.docker.compose.project");
      await engine.ok("volume", "prune", "-af", "--filter", "label=com.docker.compose.project");
    }
  });
}

/** docker compose 2.26 prints another hash of services with `env_file` than it labels their containers with. */
const hashedWithoutFiles: ReadonlySet<string> = new Set(["env-files"]);

/** docker compose 2.26 writes block devices into JSON under names that no file may have: `Path`, `Rate`. */
const printedAsYamlOnly: ReadonlySet<string> = new Set(["block-devices"]);

describe("printed the same by config", () => {
  const forms = [[], ["--format", "json"], ["--no-normalize"]] as const;

  test.each(readdirSync(corpus).toSorted())("%s", async (project) => {
    const printed = (tool: readonly string[]): Promise<readonly unknown[]> =>
      Promise.all(
        forms
          .filter((words) => !printedAsYamlOnly.has(project) || words[1] !== "json")
          .map(async (words) => parse(await compose(tool, project, "--profile", "*", "config", ...words)) as unknown),
      );
    expect(await printed(ours)).toEqual(await printed(theirs));
    const hashes = (tool: readonly string[]): Promise<string> =>
      compose(tool, project, "--profile", "*", "config", "--hash", "*");
    if (!hashedWithoutFiles.has(project)) expect(await hashes(ours)).toBe(await hashes(theirs));
  });
});
