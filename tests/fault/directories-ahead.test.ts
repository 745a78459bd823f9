/** Directories that are made before containers need them: none is lost, counted or left, also not by an engine that is killed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../tools/lab/command.ts";
import { BusyboxEngine } from "./busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bahead0", bip: "172.31.248.1/24" });
}, 180_000);
afterAll(() => engine.close());

const places = ["containers", "snapshots"] as const;
const namesIn = (folder: string): readonly string[] => readdirSync(join(engine.dir, "data", folder)).toSorted();
const waiting = (): readonly string[] => places.flatMap((place) => namesIn(`ahead/${place}`));
const ready = (): Promise<readonly string[]> =>
  eventually("directories of every kind", () => {
    const found = waiting();
    return places.every((place) => namesIn(`ahead/${place}`).length === 4) ? found : undefined;
  });
const inode = (path: string): number => lstatSync(join(engine.dir, "data", path)).ino;
const inodesAhead = (place: string): readonly number[] =>
  namesIn(`ahead/${place}`).map((name) => inode(`ahead/${place}/${name}`));

test("a container takes them, once", async () => {
  await ready();
  const before = { containers: inodesAhead("containers"), snapshots: inodesAhead("snapshots") };
  const id = (await engine.ok("run", "-d", "busybox", "sh", "-c", "echo kept > /file")).trim();
  await engine.ok("wait", id);
  const taken = { containers: inode(`containers/${id}`), snapshots: inode(`snapshots/${id}`) };
  for (const place of places) expect(before[place]).toContain(taken[place]);
  await ready();
  await engine.ok("start", "-a", id);
  for (const place of places) expect(inode(`${place}/${id}`)).toBe(taken[place]);
  expect(await engine.ok("cp", `${id}:/file`, "-")).toContain("kept");
  await engine.ok("rm", id);
});

test("a killed engine leaves what waited to the next one, which removes it and counts none of it", async () => {
  const id = (await engine.ok("create", "busybox", "true")).trim();
  const before = await ready();
  const sizes = (await engine.api("GET", "/system/df")).text;
  await engine.kill();
  expect(waiting()).toEqual(before);
  await engine.start();
  const after = await ready();
  expect(after.filter((name) => before.includes(name))).toEqual([]);
  expect(namesIn("containers")).toEqual([id]);
  expect((await engine.api("GET", "/system/df")).text).toBe(sizes);
  await engine.ok("start", "-a", id);
  await engine.ok("rm", id);
});

test("killed while many are made, each container is there whole or not at all", async () => {
  await ready();
  const config = { Image: "busybox", Cmd: ["true"] };
  const made = Array.from({ length: 20 }, () =>
    engine.api("POST", "/containers/create", config).catch(() => undefined),
  );
  await Promise.race(made);
  await engine.kill();
  await Promise.all(made);
  await engine.start();
  const ids = (await engine.ok("ps", "-aq", "--no-trunc")).split("\n").filter((id) => id !== "");
  expect(ids.length).toBeGreaterThan(0);
  expect(namesIn("containers")).toEqual(ids.toSorted());
  for (const id of ids.slice(0, 3)) await engine.ok("start", "-a", id);
  await engine.removeAll();
  await ready();
});

test("an engine that is stopped leaves none", async () => {
  await ready();
  process.kill(engine.pid, "SIGTERM");
  await eventually("the engine's end", () => (existsSync(`/proc/${engine.pid}`) ? undefined : true));
  expect(waiting()).toEqual([]);
  await engine.start();
  await ready();
});
