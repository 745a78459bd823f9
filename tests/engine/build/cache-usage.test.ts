/** What `builder du` tells and `builder prune` gives back, beside what lies on the disk. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";
import { eventually } from "../../../tools/lab/command.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;
/** Bytes of the layers that were there before anything was built. */
let baseBytes: number;
beforeAll(async () => {
  lab = await BuildLab.open("busg0", "172.31.233.1/24");
  baseBytes = filesBelow(join(lab.engine.dir, "data", "layers"));
}, 180_000);
afterAll(() => lab.close());

/** Of all that is no folder; nothing here has holes or several names. */
function filesBelow(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (!entry.isDirectory()) bytes += lstatSync(join(entry.parentPath, entry.name)).size;
  return bytes;
}

/** Of the layers that builds made, of cache mounts, and of what is known and kept of contexts. */
function onDisk(): number {
  const data = join(lab.engine.dir, "data");
  const layers = filesBelow(join(data, "layers")) - baseBytes;
  return (
    layers + ["caches", "contexts", "chunks"].reduce((all, name) => all + filesBelow(join(data, "build", name)), 0)
  );
}

/** Removed files go by and by. */
async function onDiskComesTo(bytes: number): Promise<void> {
  await eventually(`${bytes} bytes are left on the disk`, () => {
    try {
      return onDisk() === bytes ? true : undefined;
    } catch {
      // A folder went while it was looked at.
      return undefined;
    }
  });
}

async function records(): Promise<readonly BuildCacheRecord[]> {
  const { text } = await lab.engine.api("GET", "/system/df?type=build-cache");
  return (JSON.parse(text) as { readonly BuildCache: readonly BuildCacheRecord[] }).BuildCache;
}

const sum = (all: readonly BuildCacheRecord[]): number => all.reduce((total, { Size }) => total + Size, 0);

async function prune(query: string): Promise<number> {
  const { status, text } = await lab.engine.api("POST", `/build/prune?${query}`);
  expect(status).toBe(200);
  return (JSON.parse(text) as { readonly SpaceReclaimed: number }).SpaceReclaimed;
}

const random = (bytes: number, path: string): string => `head -c ${bytes} /dev/urandom > ${path}`;

test("records are as large as what they keep, and what is pruned is gone from the disk", async () => {
  const folder = lab.context({
    Dockerfile: `FROM busybox
RUN ${random(1_000_000, "/first")}
COPY files /files
RUN --mount=type=cache,target=/cache ${random(500_000, "/cache/kept")} && ln -s first /link
RUN rm /first
RUN true
`,
    "files/a": "a".repeat(200_000),
    "files/b/c": "c".repeat(70_000),
  });
  // Of files that changed just now nothing is kept: they may change again and look the same.
  const changedMs = lstatSync(join(folder, "files/b/c")).ctimeMs;
  await eventually("the files are settled", () => (Date.now() - changedMs > 100 ? true : undefined));
  const id = (await lab.engine.ok("build", "-q", folder)).trim();
  const all = await records();
  expect(sum(all)).toBe(onDisk());
  const known = all.filter(({ Type }) => Type === "source.local");
  expect(known.map(({ Description }) => Description)).toEqual([
    "what is known of folders and addresses that were built from",
  ]);
  expect(await prune(`filters=${encodeURIComponent('{"type":{"source.local":true}}')}`)).toBe(sum(known));
  const steps = await records();
  expect([sum(steps), sum(all) - sum(known)]).toEqual([onDisk(), onDisk()]);
  // 1,000,000 and 270,000 bytes, a link's target, a whiteout, and the cache mount.
  expect(sum(steps)).toBe(1_770_005);
  expect(steps.filter(({ Shared }) => Shared).reduce((total, { Size }) => total + Size, 0)).toBe(1_270_005);

  // What the image has too is neither removed without `all`, nor does its removal free anything.
  expect(await prune("")).toBe(500_000);
  expect([sum(await records()), onDisk()]).toEqual([1_270_005, 1_270_005]);
  await lab.engine.ok("rmi", "-f", id);
  expect((await records()).some(({ Shared }) => Shared)).toBe(false);

  // The youngest go first where others were made of them.
  expect(await prune("reserved-space=1200000")).toBe(270_005);
  await onDiskComesTo(1_000_000);
  expect(sum(await records())).toBe(1_000_000);
  expect(await prune("max-used-space=1000000")).toBe(0);
  expect(await prune("min-free-space=1")).toBe(0);
  expect(await prune(`min-free-space=${2 ** 52}&keep-storage=2000000`)).toBe(0);
  expect(await prune(`min-free-space=${2 ** 52}&filters=${encodeURIComponent('{"until":{"1h":true}}')}`)).toBe(0);
  expect(await prune(`min-free-space=${2 ** 52}`)).toBe(1_000_000);
  await onDiskComesTo(0);
  expect(await lab.engine.ok("builder", "prune", "-af", "--min-free-space", "1")).toContain(
    "Total reclaimed space: 0B",
  );
});
