/** Images of several platforms: kept whole, named once, handed on as they came. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { ImageService, Progress, Pushed, PushedInstead } from "#image/types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import {
  buildAttestation,
  buildImage,
  buildIndex,
  goArchitecture,
  type BuiltImage,
  type BuiltIndex,
} from "../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../tools/lab/registry-push.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { openImageFixture, type ImageFixture } from "./image-fixture.ts";

const own = goArchitecture();
const foreign = own === "amd64" ? "arm64" : "amd64";
const platform = (architecture: string): Platform => ({ os: "linux", architecture });

let scratch = "";
let registry: RunningRegistry;
let fixture: ImageFixture;

beforeAll(async () => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  scratch = mkdtempSync(`${tmpdir()}/berth-platforms-`);
  registry = await startDebianRegistry({ dir: scratch });
});

afterAll(async () => {
  await registry.stop();
  rmSync(scratch, { recursive: true, force: true });
});

beforeEach(async () => {
  fixture = await openImageFixture();
});

afterEach(async () => {
  expect(fixture.unfinished()).toEqual([]);
  expect(fixture.leases.size).toBe(0);
  await fixture.dispose();
});

interface Multi {
  /** `ADDRESS/repository:1`. */
  readonly name: string;
  readonly repository: string;
  readonly images: Readonly<Record<string, BuiltImage>>;
  readonly attestation: BuiltImage;
  readonly index: BuiltIndex;
}

let counter = 0;
const layerOf = (content: string): Uint8Array => writeTar([{ path: "file", content }]);

/** Two platforms with a layer in common and a statement about the machine's own, at the registry. */
async function published(): Promise<Multi> {
  const repository = `multi${++counter}`;
  const images = Object.fromEntries(
    [foreign, own].map((architecture) => [
      architecture,
      buildImage({ layers: [layerOf("shared"), layerOf(`${repository} ${architecture}`)], architecture }),
    ]),
  );
  const mine = images[own];
  if (mine === undefined) throw new Error("unreachable");
  const attestation = buildAttestation(mine);
  const entries = Object.entries(images).map(([architecture, image]) => ({ architecture, image }));
  const index = buildIndex(entries, "oci", [{ attestation, of: mine }]);
  for (const image of [...Object.values(images), attestation])
    await pushImage(registry.address, repository, image.digest, image);
  await pushManifest(registry.address, repository, "1", index);
  return { name: `${registry.address}/${repository}:1`, repository, images, attestation, index };
}

async function push(
  reference: string,
  more: Partial<Parameters<ImageService["push"]>[0]> = {},
): Promise<{ readonly pushed: readonly Pushed[]; readonly instead: readonly PushedInstead[] }> {
  const pushed: Pushed[] = [];
  const instead: PushedInstead[] = [];
  await fixture.images.push({
    reference,
    auth: undefined,
    onProgress: () => {},
    onPushed: (one) => pushed.push(one),
    onPushedInstead: (one) => instead.push(one),
    signal: new AbortController().signal,
    ...more,
  });
  return { pushed, instead };
}

async function digestAt(repository: string, tag: string): Promise<string> {
  const accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
  const url = `http://${registry.address}/v2/${repository}/manifests/${tag}`;
  const answer = await fetch(url, { headers: { accept } });
  if (answer.status !== 200) return String(answer.status);
  return `sha256:${createHash("sha256")
    .update(new Uint8Array(await answer.arrayBuffer()))
    .digest("hex")}`;
}

const architectures = async (name: string): Promise<readonly string[]> => {
  const image = await fixture.images.resolve(name);
  return [image, ...image.variants].map(({ config }) => config.architecture);
};

const remove = (nameOrId: string, more: Partial<Parameters<ImageService["remove"]>[0]> = {}) =>
  fixture.images.remove({ nameOrId, force: false, prune: true, users: [], ...more });

test("platforms come one by one under one name; the machine's own is meant when nobody asks", async () => {
  const { name, images, attestation, index } = await published();
  const first = await fixture.pull(name, { platform: platform(foreign) });
  expect(first.image.config.architecture).toBe(foreign);
  expect(await architectures(name)).toEqual([foreign]);
  const second = await fixture.pull(name);
  expect(second.image.config.architecture).toBe(own);
  expect(second.lines.at(-1)?.status).toContain("Downloaded newer image");
  expect((await fixture.pull(name, { platform: platform(foreign) })).lines.at(-1)?.status).toContain("up to date");
  expect(await architectures(name)).toEqual([own, foreign]);
  expect((await fixture.images.resolve(name, platform(foreign))).config.architecture).toBe(foreign);
  await expect(fixture.images.resolve(name, platform("s390x"))).rejects.toThrow(
    `image with reference ${name} was found but its platform (linux/${own}) does not match the specified platform (linux/s390x)`,
  );
  expect((await fixture.images.list()).map(({ repoTags }) => repoTags)).toEqual([[name]]);
  const { target, manifests } = fixture.images.manifests(await fixture.images.resolve(name));
  expect(target).toMatchObject({ digest: index.digest, size: index.manifest.length });
  expect(manifests.map(({ kind, isHere, descriptor, of }) => [kind, isHere, descriptor.digest, of])).toEqual([
    ["image", true, images[foreign]?.digest ?? "", undefined],
    ["image", true, images[own]?.digest ?? "", undefined],
    ["attestation", true, attestation.digest, images[own]?.digest],
  ]);
  expect(await fixture.images.check({ repair: false })).toMatchObject({ images: 2, problems: [] });
});

test("one platform goes and the names stay; with the name everything goes", async () => {
  const { name } = await published();
  await fixture.pull(name);
  await fixture.pull(name, { platform: platform(foreign) });
  await fixture.images.tag(name, "second:1");
  const image = await fixture.images.resolve(name);
  const users = [{ containerId: "c".repeat(64), imageId: image.id, running: true }];
  await expect(remove(name, { platforms: [platform(own)], users })).rejects.toThrow("image is being used by running");
  const records = await remove(name, { platforms: [platform(own)] });
  expect(records[0]).toEqual({ Deleted: image.id });
  expect(await architectures(name)).toEqual([foreign]);
  expect(await architectures("second:1")).toEqual([foreign]);
  await fixture.pull(name);
  expect(await architectures("second:1")).toEqual([own, foreign]);
  const [variant] = (await fixture.images.resolve(name)).variants;
  const usesVariant = [{ containerId: "c".repeat(64), imageId: variant?.id ?? "", running: false }];
  await remove("second:1");
  await expect(remove(name, { users: usesVariant })).rejects.toThrow("must force");
  await remove(name);
  expect(await fixture.images.list()).toEqual([]);
  expect(fixture.blobs.list()).toEqual([]);
  expect(fixture.layers.all()).toEqual([]);
});

test("the whole index is pushed byte for byte, or one platform of it", async () => {
  const { name, images, index, attestation } = await published();
  await fixture.pull(name);
  await fixture.pull(name, { platform: platform(foreign) });
  await fixture.images.tag(name, `${registry.address}/whole:2`);
  const whole = await push(`${registry.address}/whole:2`);
  expect(whole.pushed).toEqual([{ tag: "2", digest: index.digest, sizeBytes: index.manifest.length }]);
  expect(await digestAt("whole", "2")).toBe(index.digest);
  for (const { digest } of [...Object.values(images), attestation])
    expect(await digestAt("whole", digest)).toBe(digest);
  await fixture.images.tag(name, `${registry.address}/one:2`);
  await push(`${registry.address}/one:2`, { platform: platform(foreign) });
  expect(await digestAt("one", "2")).toBe(images[foreign]?.digest ?? "");
});

test("an index that is not all here: its one image goes instead, several need the rest at the registry", async () => {
  const { name, images, index, repository } = await published();
  await fixture.pull(name);
  await fixture.images.tag(name, `${registry.address}/part:1`);
  const { instead } = await push(`${registry.address}/part:1`);
  expect(instead.map(({ index: all, manifest }) => [all.digest, manifest.digest])).toEqual([
    [index.digest, images[own]?.digest ?? ""],
  ]);
  expect(await digestAt("part", "1")).toBe(images[own]?.digest ?? "");
  // Where the rest is there already, the index may be named.
  await fixture.images.tag(name, `${registry.address}/${repository}:again`);
  await push(`${registry.address}/${repository}:again`);
  expect(await digestAt(repository, "again")).toBe(index.digest);
});

test("several images of an index of three, without the third, are refused before anything is sent", async () => {
  const repository = `three${++counter}`;
  const made = ["amd64", "arm64", "s390x"].map((architecture) => ({
    architecture,
    image: buildImage({ layers: [layerOf(`${repository} ${architecture}`)], architecture }),
  }));
  for (const { image } of made) await pushImage(registry.address, repository, image.digest, image);
  await pushManifest(registry.address, repository, "1", buildIndex(made));
  const name = `${registry.address}/${repository}:1`;
  await fixture.pull(name, { platform: platform("amd64") });
  await fixture.pull(name, { platform: platform("arm64") });
  await fixture.images.tag(name, `${registry.address}/refused:1`);
  await expect(push(`${registry.address}/refused:1`)).rejects.toThrow("missing content: content digest sha256:");
  expect(await digestAt("refused", made[0]?.image.digest ?? "")).toBe("404");
});

test("saved and loaded with every platform and what speaks about them, or with one", async () => {
  const { name, images, index } = await published();
  await fixture.pull(name);
  await fixture.pull(name, { platform: platform(foreign) });
  const other = await openImageFixture();
  try {
    for (const platforms of [[], [platform(foreign)]]) {
      const lines: Progress[] = [];
      const loaded = await other.images.load({
        archive: (await fixture.images.save({ names: [name], platforms })).chunks,
        platforms: [],
        onProgress: (line) => lines.push(line),
        onText: () => {},
        signal: new AbortController().signal,
      });
      expect(loaded.map(({ references }) => references)).toEqual([[name]]);
      const image = await other.images.resolve(name);
      const { target, manifests } = other.images.manifests(image);
      if (platforms.length === 0) {
        expect(target.digest).toBe(index.digest);
        expect(manifests.map(({ isHere }) => isHere)).toEqual([true, true, true]);
        expect(image.config.architecture).toBe(own);
      } else {
        expect(target.digest).toBe(images[foreign]?.digest ?? "");
        expect(image.config.architecture).toBe(foreign);
      }
    }
    expect(other.unfinished()).toEqual([]);
    expect(other.leases.size).toBe(0);
  } finally {
    await other.dispose();
  }
});

test("an index of images made here is pushed with packed layers, and is what the name means from then on", async () => {
  const { maker } = fixture.images;
  const lease = maker.lease();
  const ids: string[] = [];
  const entries: object[] = [];
  for (const architecture of [own, foreign]) {
    async function* archive(): AsyncIterable<Uint8Array> {
      yield layerOf(`made for ${architecture}`);
    }
    const layer = await maker.layerFromArchive(archive(), lease);
    const blob = {
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: layer.blob.digest,
      size: layer.blob.sizeBytes,
    };
    const config = { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [layer.diffId] } };
    const id = await maker.image(
      { config, layers: [{ diffId: layer.diffId, blob }], format: "oci", references: [] },
      lease,
    );
    ids.push(id);
    entries.push({ ...(await fixture.images.resolve(id)).manifest, platform: platform(architecture) });
  }
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries }));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const name = `${registry.address}/made:1`;
  const references = [parseReference(name)];
  await maker.index({ document: { mediaType, digest, bytes }, imageIds: ids, attached: [], references }, lease);
  lease.release();
  expect(await architectures(name)).toEqual([own, foreign]);
  const { pushed } = await push(name);
  const after = pushed[0]?.digest ?? "";
  expect(after).not.toBe(digest);
  expect(await digestAt("made", "1")).toBe(after);
  const { target, manifests } = fixture.images.manifests(await fixture.images.resolve(name));
  expect(target.digest).toBe(after);
  expect(manifests.map(({ isHere }) => isHere)).toEqual([true, true]);
  expect((await push(name)).pushed[0]?.digest).toBe(after);
  expect(fixture.blobs.has(digest)).toBe(false);
});
