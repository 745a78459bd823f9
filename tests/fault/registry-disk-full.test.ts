/** A registry whose disk is full says so, gives the space back, goes on serving, and takes what fits again. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { command, eventually, mustRun } from "../../tools/lab/command.ts";
import { buildImage, sha256 } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";

setDefaultTimeout(180_000);

let dir = "";
let registry: RunningBerthRegistry;

beforeAll(async () => {
  dir = makeScratch("registry-full");
  mkdirSync(join(dir, "berth-registry"));
  await mustRun(["mount", "-t", "tmpfs", "-o", "size=20m,mode=700", "registry-full", join(dir, "berth-registry")]);
  registry = await startBerthRegistry({ dir });
});

afterAll(async () => {
  await registry?.daemon.stop();
  await command(["umount", "-l", join(dir, "berth-registry")]);
  removeScratch(dir);
});

function freeMib(): number {
  const disk = statfsSync(registry.root);
  return (disk.bfree * disk.bsize) / 2 ** 20;
}

const image = (bytes: number): ReturnType<typeof buildImage> =>
  buildImage({ layers: [randomBytes(bytes)], format: "oci", compression: "none" });

test("a push that does not fit", async () => {
  const small = image(1 << 20);
  await pushImage(registry.address, "app", "small", small);
  const before = freeMib();
  const bytes = randomBytes(30 << 20);
  const base = `http://${registry.address}/v2/app`;
  const begun = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", base);
  location.searchParams.set("digest", sha256(bytes));
  const refused = await fetch(location, { method: "PUT", body: bytes });
  expect([refused.status, await refused.text()]).toEqual([507, expect.stringContaining("no space left on device")]);
  await eventually("the space back", () => (before - freeMib() < 1 ? true : undefined));
  const layer = await fetch(`${base}/blobs/${[...small.blobs.keys()][0]}`);
  expect((await layer.bytes()).length).toBe(1 << 20);
  await pushImage(registry.address, "app", "again", image(2 << 20));
});
