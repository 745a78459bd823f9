/** Pushes, pulls and deletions of images that share layers while garbage is collected all the time: nothing that is named is lost. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { eventually } from "../../tools/lab/command.ts";
import { buildImage, sha256, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";

setDefaultTimeout(600_000);

const CLIENTS = 6;
const ROUNDS = 12;

let dir = "";
let registry: RunningBerthRegistry;

beforeAll(async () => {
  dir = makeScratch("registry-concurrent");
  const args = ["--grace", "500ms", "--undelete", "1ms", "--gc-interval", "5ms"];
  registry = await startBerthRegistry({ dir, args });
});
afterAll(async () => {
  await registry?.daemon.stop();
  removeScratch(dir);
});

const layers = Array.from({ length: 5 }, () => randomBytes(50_000));
const pick = (first: number, second: number): BuiltImage =>
  buildImage({ layers: [layers[first % 5], layers[second % 5]].flatMap((layer) => layer ?? []), compression: "none" });

/** A client whose blobs or upload went while it was still pushing, slower than the short grace time, begins again. */
async function push(repository: string, tag: string, image: BuiltImage): Promise<void> {
  await eventually("it is pushed", async () => {
    try {
      await pushImage(registry.address, repository, tag, image);
      return true;
    } catch (error) {
      if (!/MANIFEST_BLOB_UNKNOWN|BLOB_UPLOAD_UNKNOWN/.test(String(error))) throw error;
      return undefined;
    }
  });
}

async function expectWhole(repository: string, tag: string, image: BuiltImage): Promise<void> {
  const base = `http://${registry.address}/v2/${repository}`;
  const manifest = await fetch(`${base}/manifests/${tag}`);
  expect([manifest.status, sha256(await manifest.bytes())]).toEqual([200, image.digest]);
  for (const digest of image.blobs.keys()) {
    const blob = await fetch(`${base}/blobs/${digest}`);
    expect([blob.status, sha256(await blob.bytes())]).toEqual([200, digest]);
  }
}

test("six clients at once, each with repositories that share layers with the others'", async () => {
  const kept = pick(0, 1);
  await push("kept", "v1", kept);
  const client = async (number: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const image = pick(number + round, round);
      const repository = `shared/app${number % 3}`;
      const tag = `c${number}-${round}`;
      await push(repository, tag, image);
      await expectWhole(repository, tag, image);
      await expectWhole("kept", "v1", kept);
      const gone = await fetch(`http://${registry.address}/v2/${repository}/manifests/${tag}`, { method: "DELETE" });
      expect(gone.status).toBe(202);
      if (round % 3 !== 2) continue;
      // Somebody else may have pushed the same image meanwhile: by its digest it goes from under all tags.
      const own = `own/app${number}`;
      await push(own, "v1", image);
      const removed = await fetch(`http://${registry.address}/v2/${own}/manifests/${image.digest}`, {
        method: "DELETE",
      });
      expect(removed.status).toBe(202);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  await expectWhole("kept", "v1", kept);
  expect(await registry.admin(["scrub"])).toContain(" 0 damaged");
});
