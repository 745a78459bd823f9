/** Every verb on images on a data root that is too small: the reason is named, nothing is left, and it works once there is room. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { command, eventually, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { buildImage, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";

setDefaultTimeout(180_000);

const MIB = 1 << 20;
const FULL = /[Nn]o space left on device/;

let dir = "";
let engine: RunningEngine | undefined;
let tiny: TinyRegistry | undefined;
let small: RunningBerthRegistry | undefined;

const run = (...args: readonly string[]): Promise<CommandResult> =>
  command([...berthCommand(), ...args], { env: cliEnvironment(engine?.host ?? ""), timeoutMs: 100_000 });

async function ok(...args: readonly string[]): Promise<string> {
  const result = await run(...args);
  expect([args, result.code, result.stderr]).toEqual([args, 0, ""]);
  return result.stdout;
}

function freeMib(folder: string): number {
  const disk = statfsSync(join(dir, folder));
  return (disk.bfree * disk.bsize) / MIB;
}

beforeAll(async () => {
  dir = makeScratch("image-full");
  for (const [folder, size] of [
    ["data", "100m"],
    ["client", "8m"],
    ["small/berth-registry", "16m"],
  ] as const) {
    mkdirSync(join(dir, folder), { recursive: true });
    await mustRun(["mount", "-t", "tmpfs", "-o", `size=${size},mode=755`, "berth-image-full", join(dir, folder)]);
  }
  tiny = await startTinyRegistry();
  tiny.add("busybox", "latest", await busyboxImage());
  small = await startBerthRegistry({ dir: join(dir, "small"), args: ["--grace", "1ms", "--undelete", "1ms"] });
  engine = await startBerth({ dir, bridge: "bifull0", bip: "172.31.238.1/24" });
  await ok("pull", "-q", `${tiny.address}/busybox`);
  await ok("tag", `${tiny.address}/busybox`, "busybox");
});

afterAll(async () => {
  await engine?.stop().catch(() => {});
  await small?.daemon.stop();
  await tiny?.close();
  for (const folder of ["data", "client", "small/berth-registry"]) await command(["umount", "-l", join(dir, folder)]);
  removeScratch(dir);
});

/** `args` fails for want of room, and what it took is given back; the engine works on. */
async function refused(args: readonly string[], folder = "data"): Promise<void> {
  const before = freeMib(folder);
  const images = await ok("images", "-aq");
  const result = await run(...args);
  expect([args[0], result.code]).toEqual([args[0], 1]);
  expect(result.stdout + result.stderr).toMatch(FULL);
  const unfinished = (): readonly string[] => readdirSync(join(dir, "data/content/ingest"));
  // A database may keep a little more.
  await eventually("the space back", () => (before - freeMib(folder) < 2 && unfinished().length === 0) || undefined);
  expect(await ok("images", "-aq")).toBe(images);
  expect(await ok("system", "check")).toContain(": 0 problems");
}

/** An OCI layout as a tar. */
function layoutOf(image: BuiltImage, name: string): Uint8Array {
  const annotations = { "io.containerd.image.name": name };
  const manifests = [{ mediaType: image.mediaType, digest: image.digest, size: image.manifest.length, annotations }];
  const blobs = [[image.digest, image.manifest] as const, ...image.blobs];
  return writeTar([
    { path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests }) },
    ...blobs.map(([digest, content]) => ({ path: `blobs/${digest.replace(":", "/")}`, content })),
  ]);
}

/** Fill the data root up to so much. */
function ballast(leaveMib: number): () => void {
  const path = join(dir, "data/ballast");
  writeFileSync(path, new Uint8Array(Math.floor(freeMib("data") - leaveMib) * MIB));
  return () => rmSync(path);
}

test("load and import", async () => {
  const files = writeTar(Array.from({ length: 15 }, (_, at) => ({ path: `f${at}`, content: randomBytes(MIB) })));
  const load = join(dir, "load.tar");
  writeFileSync(load, layoutOf(buildImage({ layers: [files], compression: "none" }), "loaded:1"));
  writeFileSync(join(dir, "root.tar"), files);
  for (const [args, name] of [
    [["load", "-i", load], "docker.io/library/loaded:1"],
    [["import", join(dir, "root.tar"), "imported:1"], "imported:1"],
  ] as const) {
    // Room for the archive, none for its files; then not even for the archive.
    for (const leave of [20, 6]) {
      const makeRoom = ballast(leave);
      await refused(args);
      makeRoom();
    }
    await ok(...args);
    await ok("rmi", name);
  }
});

test("what unpacks to more than the disk", async () => {
  // A few kilobytes that become 200 MiB.
  const bomb = buildImage({
    layers: [writeTar([{ path: "zeros", content: new Uint8Array(200 * MIB) }])],
    compression: "zstd",
  });
  expect([...bomb.blobs.values()].every(({ length }) => length < MIB)).toBe(true);
  tiny?.add("bomb", "latest", bomb);
  await refused(["pull", `${tiny?.address}/bomb`]);
  writeFileSync(join(dir, "bomb.tar"), layoutOf(bomb, "bomb:1"));
  await refused(["load", "-i", join(dir, "bomb.tar")]);
  writeFileSync(
    join(dir, "archive.zst"),
    zstdCompressSync(writeTar([{ path: "zeros", content: new Uint8Array(200 * MIB) }])),
  );
  await refused(["import", join(dir, "archive.zst"), "bomb:2"]);
});

test("commit, and a push that has to compress", async () => {
  await ok("run", "--name", "wrote", "busybox", "sh", "-c", `head -c ${15 * MIB} /dev/urandom > /data`);
  const makeRoom = ballast(6);
  await refused(["commit", "wrote", "made:1"]);
  makeRoom();
  await ok("commit", "wrote", "made:1");
  await ok("rm", "wrote");
  const target = `${tiny?.address}/busybox`;
  // The registry below takes pushes.
  const there = `${small?.address}/made:1`;
  await ok("tag", "made:1", there);
  const again = ballast(6);
  await refused(["push", there]);
  again();
  // Now it is the registry that has no room.
  await refused(["push", there], "small/berth-registry");
  await mustRun(["mount", "-o", "remount,size=64m", join(dir, "small/berth-registry")]);
  await ok("push", "-q", there);
  const id = await ok("inspect", "-f", "{{.Id}}", "made:1");
  await ok("rmi", "made:1", there);
  const third = ballast(20);
  await refused(["pull", "-q", there]);
  third();
  await ok("pull", "-q", there);
  expect(await ok("inspect", "-f", "{{.Id}}", there)).toBe(id);
  await ok("rmi", there);
  expect(await ok("run", "--rm", target, "echo", "works")).toBe("works\n");
});

test("save into a folder without room leaves no half archive", async () => {
  await ok("run", "--name", "large", "busybox", "sh", "-c", `head -c ${10 * MIB} /dev/urandom > /data`);
  await ok("commit", "large", "large:1");
  await ok("rm", "large");
  const file = join(dir, "client/saved.tar");
  await refused(["save", "-o", file, "large:1"], "client");
  expect(readdirSync(join(dir, "client"))).toEqual([]);
  await ok("save", "-o", join(dir, "saved.tar"), "large:1");
  await ok("rmi", "large:1");
  await ok("load", "-i", join(dir, "saved.tar"));
  await ok("rmi", "large:1");
});
