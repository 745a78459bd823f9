/**
 * Every example does what it says: a project of `compose.yaml` comes up, says what its `x-check` tells, and goes away;
 * `steps.sh` prints `expected.txt`. Nothing is left of either.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { eventually, mustRun } from "../../tools/lab/command.ts";
import { freePort } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment } from "../../tools/lab/engines.ts";
import { projectDir } from "../../tools/lab/paths.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

const folder = join(projectDir, "examples");
const examples = readdirSync(folder);
const [scripts, projects] = [examples.filter(hasSteps), examples.filter((name) => !hasSteps(name))];
let engine: BusyboxEngine;

function hasSteps(name: string): boolean {
  return existsSync(join(folder, name, "steps.sh"));
}

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bexm0", bip: "172.31.228.1/24" });
  writeFileSync(join(engine.dir, "berth"), `#!/bin/sh\nexec ${berthCommand().join(" ")} "$@"\n`, { mode: 0o755 });
}, 180_000);
afterAll(() => engine.close());

async function nothingIsLeft(): Promise<void> {
  expect(await engine.ok("ps", "-aq")).toBe("");
  expect(await engine.ok("volume", "ls", "-q")).toBe("");
  expect(await engine.ok("network", "ls", "-q", "--filter", "type=custom")).toBe("");
}

test("there are examples of both kinds", () => {
  expect(projects.length).toBeGreaterThan(4);
  expect(scripts.length).toBeGreaterThan(2);
});

test.each(projects)("%s", async (name) => {
  const file = join(folder, name, "compose.yaml");
  const { "x-check": check } = parse(readFileSync(file, "utf8")) as {
    readonly "x-check": { readonly command: readonly string[]; readonly says: string };
  };
  const compose = (...args: readonly string[]): Promise<string> => engine.ok("compose", "-f", file, ...args);
  try {
    await compose("up", "-d");
    await eventually(`${name} says what it should`, async () =>
      (await compose(...check.command)) === check.says ? true : undefined,
    );
  } finally {
    await compose("down", "-v", "-t", "0", "--rmi", "local");
  }
  await nothingIsLeft();
});

test.each(scripts)("%s", async (name) => {
  const place = join(folder, name);
  const printed = await mustRun(["sh", "-eu", "steps.sh"], {
    cwd: place,
    env: {
      ...cliEnvironment(engine.host),
      PATH: `${engine.dir}:${process.env["PATH"]}`,
      PORT: String(await freePort()),
      SCRATCH: mkdtempSync(join(engine.dir, "steps-")),
    },
  });
  expect(printed).toBe(readFileSync(join(place, "expected.txt"), "utf8"));
  await nothingIsLeft();
});
