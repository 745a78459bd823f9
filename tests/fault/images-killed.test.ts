/** The engine killed while images come and go: nothing half there is seen, and the next try finishes. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildImage } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { BusyboxEngine } from "./busybox-engine.ts";

setDefaultTimeout(180_000);

const MIB = 1 << 20;
const LAYERS = 4;
let engine: BusyboxEngine;
let registry = "";
let name = "";
let id = "";

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bkillimg0", bip: "172.31.242.1/24" });
  registry = (await engine.ok("inspect", "-f", "{{index .RepoDigests 0}}", "busybox")).trim().replace(/\/.*/, "");
  const layers = Array.from({ length: LAYERS }, (_, layer) =>
    writeTar(
      Array.from({ length: 50 }, (_file, index) => ({ path: `${layer}/${index}`, content: randomBytes(MIB / 5) })),
    ),
  );
  name = `${registry}/killed`;
  await pushImage(registry, "killed", "latest", buildImage({ layers, compression: "none" }));
  await engine.ok("pull", "-q", name);
  id = (await engine.ok("inspect", "-f", "{{.Id}}", name)).trim();
  await engine.ok("save", "-o", join(engine.dir, "killed.tar"), name);
  await engine.ok("rmi", name);
}, 180_000);

afterAll(() => engine.close());

/** Bytes of everything below a folder, as far as it is there. */
function bytesBelow(path: string): number {
  try {
    const found = statSync(path);
    if (!found.isDirectory()) return found.size;
    return readdirSync(path).reduce((sum, entry) => sum + bytesBelow(join(path, entry)), 0);
  } catch {
    return 0;
  }
}

/** Kill the engine when `work` has brought the folder's size past `bytes`, or is done. */
async function killAt(args: readonly string[], folder: string, bytes: number): Promise<void> {
  const before = bytesBelow(folder);
  const work = { isDone: false };
  const running = engine.run(...args).finally(() => (work.isDone = true));
  while (!work.isDone && bytesBelow(folder) - before < bytes) await Bun.sleep(1);
  await engine.kill();
  await running;
  await engine.start();
}

async function isWell(): Promise<void> {
  expect(await engine.ok("system", "check")).toContain(": 0 problems");
  const unfinished = readdirSync(join(engine.dir, "data/layers")).filter((entry) => !/^(?:\d+|init)$/.test(entry));
  expect(unfinished).toEqual([]);
}

for (const [verb, args] of [
  ["pull", () => ["pull", "-q", name]],
  ["load", () => ["load", "-i", join(engine.dir, "killed.tar")]],
] as const) {
  test(`killed at several moments of a ${verb}`, async () => {
    for (const bytes of [9 * MIB, 25 * MIB]) {
      await killAt(args(), join(engine.dir, "data/content"), bytes);
      await isWell();
      const seen = await engine.run("inspect", "-f", "{{.Id}}", name);
      if (seen.code === 0) expect(seen.stdout.trim()).toBe(id);
      await engine.ok(...args());
      expect((await engine.ok("inspect", "-f", "{{.Id}}", name)).trim()).toBe(id);
      await isWell();
      await engine.ok("rmi", name);
    }
  });
}

test("killed at several moments of a push", async () => {
  await engine.ok("pull", "-q", name);
  const aim = `${registry}/pushed`;
  for (const [index, bytes] of [1, 6 * MIB].entries()) {
    const target = `${aim}${index}`;
    // Nothing to take over: the registry must get every byte.
    await engine.ok("run", "--name", "changed", "busybox", "sh", "-c", `head -c ${10 * MIB} /dev/urandom > /data`);
    await engine.ok("commit", "changed", target);
    await engine.ok("rm", "changed");
    await killAt(["push", "-q", target], join(engine.dir, "registry"), bytes);
    await isWell();
    const before = (await engine.ok("inspect", "-f", "{{.Id}}", target)).trim();
    await engine.ok("push", "-q", target);
    await engine.ok("rmi", target);
    await engine.ok("pull", "-q", target);
    expect((await engine.ok("inspect", "-f", "{{.Id}}", target)).trim()).toBe(before);
    await engine.ok("rmi", target);
  }
  await engine.ok("rmi", name);
});
