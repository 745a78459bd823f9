/** What `system df` says adds up to what lies on the disk, with whatever is shared, before and after removals. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, writeFileSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { buildImage } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

interface Usage {
  readonly LayersSize: number;
  readonly Images: readonly { readonly Id: string; readonly Size: number; readonly SharedSize: number }[];
  readonly Containers: readonly { readonly SizeRw?: number }[];
  readonly Volumes: readonly { readonly UsageData: { readonly Size: number } }[];
  readonly BuildCache: readonly { readonly Size: number; readonly Shared: boolean }[];
}

let engine: BusyboxEngine;
let registry = "";

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bdf0", bip: "172.31.239.1/24" });
  registry = (await engine.ok("inspect", "-f", "{{index .RepoDigests 0}}", "busybox")).trim().replace(/\/.*/, "");
}, 180_000);

afterAll(() => engine?.close());

/** As `du` counts, but without folders: what files and links hold and the blocks they take, once, however many names they have. */
function onDisk(...folders: readonly string[]): {
  readonly bytes: number;
  readonly blocks: number;
  readonly files: number;
} {
  const seen = new Set<number>();
  const total = { bytes: 0, blocks: 0, files: 0 };
  const walk = (path: string): void => {
    for (const entry of entriesOf(path)) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) walk(child);
      if (!entry.isFile() && !entry.isSymbolicLink()) continue;
      const stat = lstatSync(child, { throwIfNoEntry: false });
      if (stat === undefined || seen.has(stat.ino)) continue;
      const { ino, size, blocks } = stat;
      seen.add(ino);
      total.bytes += size;
      total.blocks += blocks * 512;
      total.files += 1;
    }
  };
  for (const folder of folders) walk(join(engine.dir, "data", folder));
  return total;
}

/** None of what is being removed. */
function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

async function usage(): Promise<Usage> {
  return JSON.parse((await engine.api("GET", "/system/df")).text) as Usage;
}

interface Sums {
  readonly images: number;
  readonly containers: number;
  readonly volumes: number;
}

/** What `system df` says, and what lies in the folders that it is about. */
async function bothSides(): Promise<{ readonly told: Usage; readonly said: Sums; readonly found: Sums }> {
  const told = await usage();
  const said = {
    images: told.LayersSize + sum(told.BuildCache.map(({ Size, Shared }) => (Shared ? 0 : Size))),
    containers: sum(told.Containers.map(({ SizeRw = 0 }) => SizeRw)),
    volumes: sum(told.Volumes.map(({ UsageData }) => UsageData.Size)),
  };
  const images = onDisk("content", "layers", "build/caches", "build/contexts", "build/chunks");
  const containers = onDisk("snapshots");
  const volumes = onDisk("volumes");
  for (const { bytes, blocks, files } of [images, containers, volumes])
    expect(Math.abs(blocks - bytes)).toBeLessThan(4096 * (files + 1));
  // Beside each volume lies a document about it.
  const documents = readdirSync(join(engine.dir, "data/volumes")).map(
    (name) => lstatSync(join(engine.dir, "data/volumes", name, "settings.json"), { throwIfNoEntry: false })?.size ?? 0,
  );
  return {
    told,
    said,
    found: {
      // The layer of mount points lies over every image and is nobody's.
      images: images.bytes - onDisk("layers/init").bytes,
      containers: containers.bytes,
      volumes: volumes.bytes - sum(documents),
    },
  };
}

/** To the byte, as soon as what was removed is gone from the disk, and within the rounding of blocks. */
async function expectExact(): Promise<Usage> {
  for (let tries = 0; ; tries += 1) {
    const { told, said, found } = await bothSides();
    if (Bun.deepEquals(said, found)) return told;
    if (tries >= 1000) expect(said).toEqual(found);
    await Bun.sleep(50);
  }
}

test("images that share layers, containers, volumes and the build cache, as they come and go", async () => {
  await expectExact();
  const shared = writeTar([
    { path: "lib", type: "directory", mode: 0o755 },
    ...Array.from({ length: 20 }, (_, at) => ({ path: `lib/${at}`, content: randomBytes(10_000 + at) })),
    { path: "lib/again", type: "hardlink", link: "lib/0" },
    { path: "lib/link", type: "symlink", link: "0" },
  ]);
  const own = (name: string): Uint8Array => writeTar([{ path: name, content: randomBytes(200_001) }]);
  for (const [name, compression] of [
    ["one", "gzip"],
    ["two", "none"],
    ["three", "zstd"],
  ] as const) {
    await pushImage(registry, name, "1", buildImage({ layers: [shared, own(name)], compression }));
    await engine.ok("pull", "-q", `${registry}/${name}:1`);
    await expectExact();
  }
  const write = (bytes: number, path: string): string => `head -c ${bytes} /dev/urandom > ${path}`;
  await engine.ok(
    "run",
    "--name",
    "wrote",
    "-v",
    "kept:/kept",
    "busybox",
    "sh",
    "-c",
    `${write(77_777, "/a")}; ${write(33_333, "/kept/b")}`,
  );
  await engine.ok(
    "run",
    "-d",
    "--name",
    "up",
    "-v",
    "/anonymous",
    "busybox",
    "sh",
    "-c",
    `${write(5_000, "/anonymous/c")}; sleep 600`,
  );
  await engine.ok("commit", "wrote", "committed");
  const { Containers } = await expectExact();
  expect(sum(Containers.map(({ SizeRw = 0 }) => SizeRw))).toBe(77_777);

  const context = join(engine.dir, "context");
  mkdirSync(context);
  writeFileSync(join(context, "file"), randomBytes(50_000));
  const dockerfile = `FROM busybox\nCOPY file /file\nRUN --mount=type=cache,target=/cache ${write(9_999, "/cache/x")}; ${write(40_000, "/made")}\n`;
  writeFileSync(join(context, "Dockerfile"), dockerfile);
  await engine.ok("build", "-q", "-t", "built", context);
  const { BuildCache } = await expectExact();
  expect(BuildCache.some(({ Shared }) => Shared)).toBe(true);
  await engine.ok("push", "-q", await tagged("built"));
  await expectExact();

  await engine.ok("save", "-o", join(engine.dir, "saved.tar"), `${registry}/one:1`);
  await engine.ok("rmi", `${registry}/one:1`);
  await expectExact();
  await engine.ok("load", "-i", join(engine.dir, "saved.tar"));
  await expectExact();
  // Its layers stay for the container that stands on them.
  await engine.ok("rm", "wrote");
  await engine.ok("create", "--name", "orphan", `${registry}/two:1`, "none");
  await engine.ok("rmi", "-f", `${registry}/two:1`);
  await expectExact();
  await engine.ok("rm", "orphan");
  await expectExact();
  await engine.ok("rmi", "built", `${registry}/built:1`);
  const { BuildCache: alone } = await expectExact();
  expect(alone.some(({ Shared }) => Shared)).toBe(false);
  await engine.ok("builder", "prune", "-af");
  await engine.ok("image", "prune", "-af");
  await engine.ok("volume", "prune", "-af");
  await expectExact();
  await engine.removeAll();
  await engine.ok("system", "prune", "-af", "--volumes");
  const last = await expectExact();
  expect([last.LayersSize, last.Containers, last.BuildCache]).toEqual([0, [], []]);
});

test("what a prune of images says it gave back is what the disk got back", async () => {
  await engine.ok("pull", "-q", `${registry}/busybox`);
  await engine.ok("pull", "-q", `${registry}/three:1`);
  const before = onDisk("content", "layers").bytes;
  const { text } = await engine.api("POST", `/images/prune?filters=${encodeURIComponent('{"dangling":["false"]}')}`);
  const { SpaceReclaimed } = JSON.parse(text) as { SpaceReclaimed: number };
  await expectExact();
  expect(SpaceReclaimed).toBe(before - onDisk("content", "layers").bytes);
  expect(SpaceReclaimed).toBeGreaterThan(400_000);
});

async function tagged(name: string): Promise<string> {
  await engine.ok("tag", name, `${registry}/${name}:1`);
  return `${registry}/${name}:1`;
}
