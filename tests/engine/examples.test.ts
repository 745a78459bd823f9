/** Every project in examples/ comes up, says what it should, and goes away. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { eventually } from "../../tools/lab/command.ts";
import { projectDir } from "../../tools/lab/paths.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

const folder = join(projectDir, "examples");
const projects = readdirSync(folder);
let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bexm0", bip: "172.31.228.1/24" });
}, 180_000);
afterAll(() => engine.close());

test("there are examples", () => expect(projects.length).toBeGreaterThan(1));

test.each(projects)("%s", async (name) => {
  const file = join(folder, name, "compose.yaml");
  const { "x-check": check } = parse(readFileSync(file, "utf8")) as {
    readonly "x-check": { readonly command: readonly string[]; readonly says: string };
  };
  const compose = (...args: readonly string[]): Promise<string> => engine.ok("compose", "-f", file, ...args);
  await compose("up", "-d");
  try {
    await eventually(`${name} says what it should`, async () => (await compose(...check.command)) === check.says);
  } finally {
    await compose("down", "-v", "-t", "0");
  }
  expect((await engine.ok("ps", "-aq")).trim()).toBe("");
});
