/** Images in archives: what we write others read, what others write we read, and nonsense leaves nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { LoadedImage, Progress } from "#image/types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { mustRun } from "../../tools/lab/command.ts";
import {
  buildImage,
  buildIndex,
  goArchitecture,
  sha256,
  type BuiltImage,
  type ImageRecipe,
} from "../../tools/lab/image-writer.ts";
import { findProgram } from "../../tools/lab/paths.ts";
import { writeTar, type TarEntry } from "../../tools/lab/tar-writer.ts";
import { openImageFixture, type ImageFixture } from "./image-fixture.ts";
import { startFaultyRegistry, type FaultyRegistry } from "./image-registry.ts";

let scratch = "";
let registry: FaultyRegistry;
let fixture: ImageFixture;

beforeAll(async () => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  scratch = mkdtempSync(`${tmpdir()}/berth-archives-`);
  registry = await startFaultyRegistry();
});

afterAll(async () => {
  await registry.close();
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

const layerOf = (content: string): Uint8Array => writeTar([{ path: "file", content }]);

async function pulled(
  tag: string,
  recipe: ImageRecipe,
): Promise<{ readonly name: string; readonly built: BuiltImage }> {
  const built = buildImage(recipe);
  registry.add("app", tag, built);
  const name = `${registry.address}/app:${tag}`;
  await fixture.pull(name);
  return { name, built };
}

async function save(...names: readonly string[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await fixture.images.save({ names, platforms: [] })).chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Loaded {
  readonly loaded: readonly LoadedImage[];
  readonly lines: readonly Progress[];
  readonly texts: readonly string[];
}

async function load(into: ImageFixture, archive: Uint8Array, platform?: Platform): Promise<Loaded> {
  const lines: Progress[] = [];
  const texts: string[] = [];
  async function* pieces(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < archive.length; at += 1000) yield archive.slice(at, at + 1000);
  }
  const loaded = await into.images.load({
    archive: pieces(),
    platforms: platform === undefined ? [] : [platform],
    onProgress: (line) => lines.push(line),
    onText: (text) => texts.push(text),
    signal: new AbortController().signal,
  });
  return { loaded, lines, texts };
}

async function elsewhere<T>(work: (other: ImageFixture) => Promise<T>): Promise<T> {
  const other = await openImageFixture();
  try {
    return await work(other);
  } finally {
    expect(other.unfinished()).toEqual([]);
    await other.dispose();
  }
}

test("images of both formats and every compression come back as they were, and the archive is the same each time", async () => {
  for (const [format, compression] of [
    ["docker", "gzip"],
    ["oci", "zstd"],
    ["oci", "none"],
  ] as const) {
    const { name, built } = await pulled(`${format}-${compression}`, {
      layers: [layerOf(`a ${compression}`), layerOf("b" + format + compression)],
      format,
      compression,
    });
    const before = await fixture.images.resolve(name);
    const archive = await save(name);
    expect(sha256(await save(name))).toBe(sha256(archive));
    for (const packed of [archive, gzipSync(archive), zstdCompressSync(archive)]) {
      await elsewhere(async (other) => {
        const { loaded, lines } = await load(other, packed);
        expect(loaded).toEqual([{ id: before.id, references: [name] }]);
        expect(lines.map(({ status, id }) => `${id} ${status}`)).toEqual(
          before.diffIds.map((diffId) => `${diffId.slice(7, 19)} Loading layer`),
        );
        const after = await other.images.resolve(name);
        expect(after.manifest.digest).toBe(built.digest);
        expect(readFileSync(`${after.layers[1]?.path}/file`, "utf8")).toBe("b" + format + compression);
      });
    }
  }
});

test("xz and bzip2 are taken off by the programs of that name", async () => {
  const { name } = await pulled("packed", { layers: [layerOf("packed")] });
  writeFileSync(`${scratch}/packed.tar`, await save(name));
  for (const program of ["xz", "bzip2"]) {
    await mustRun([program, "-k", "-f", `${scratch}/packed.tar`]);
    const suffix = program === "xz" ? "xz" : "bz2";
    const packed = readFileSync(`${scratch}/packed.tar.${suffix}`);
    await elsewhere(async (other) => {
      expect((await load(other, packed)).loaded[0]?.references).toEqual([name]);
      await expect(load(other, packed.subarray(0, -30))).rejects.toMatchObject({ kind: "invalid-parameter" });
    });
  }
});

test("several images share their blobs; a name without tag means all tags, an id no name", async () => {
  const one = await pulled("one", { layers: [layerOf("shared"), layerOf("1")] });
  await pulled("two", { layers: [layerOf("shared"), layerOf("2")] });
  const { id } = await fixture.images.resolve(one.name);
  await fixture.images.tag(id, "other:x");
  await elsewhere(async (other) => {
    const { loaded } = await load(other, await save(`${registry.address}/app`, "other"));
    expect(loaded.map(({ references }) => references)).toEqual([
      [`${registry.address}/app:one`, "other:x"],
      [`${registry.address}/app:two`],
    ]);
    expect(other.blobs.list()).toHaveLength(7);
    await other.images.remove({ nameOrId: id, force: true, prune: true, users: [] });
    expect((await load(other, await save(id))).loaded).toEqual([{ id, references: [] }]);
  });
  await expect(save("nope")).rejects.toThrow("No such image: nope");
});

test("skopeo reads our archives in both forms, and we read what it writes", async () => {
  const { name, built } = await pulled("skopeo", { layers: [layerOf("sk")], format: "oci" });
  const { id } = await fixture.images.resolve(name);
  const skopeo = findProgram("skopeo") ?? "";
  const ours = `${scratch}/ours.tar`;
  writeFileSync(ours, await save(name));
  for (const from of [`docker-archive:${ours}`, `oci-archive:${ours}`]) {
    const into = mkdtempSync(`${scratch}/dir-`);
    await mustRun([skopeo, "copy", from, `dir:${into}`]);
    expect(sha256(readFileSync(`${into}/${id.slice(7)}`))).toBe(id);
  }
  for (const form of ["docker-archive", "oci-archive"]) {
    const theirs = `${scratch}/${form}.tar`;
    await mustRun([skopeo, "copy", `oci-archive:${ours}`, `${form}:${theirs}:example.com/copied:1`]);
    await elsewhere(async (other) => {
      const { loaded } = await load(other, readFileSync(theirs));
      expect(loaded).toEqual([{ id, references: ["example.com/copied:1"] }]);
      if (form === "oci-archive") expect((await other.images.resolve(id)).manifest.digest).toBe(built.digest);
    });
  }
});

/** A docker-archive as `docker save` of before 25 writes it. */
function dockerArchive(
  change: (entry: Record<string, unknown>) => void = () => {},
  more: readonly TarEntry[] = [],
): Uint8Array {
  const layer = layerOf("old");
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [sha256(layer), sha256(layer)] },
    }),
  );
  const entry: Record<string, unknown> = {
    Config: "c.json",
    RepoTags: ["old:1"],
    Layers: ["a/layer.tar", "b/layer.tar"],
  };
  change(entry);
  return writeTar([
    { path: "a/", type: "directory" },
    { path: "a/VERSION", content: "1.0" },
    { path: "a/layer.tar", content: layer },
    { path: "b/layer.tar", type: "symlink", link: "../a/layer.tar" },
    { path: "c.json", content: config },
    ...more,
    { path: "manifest.json", content: JSON.stringify([entry]) },
    { path: "repositories", content: "{}" },
  ]);
}

test("Docker's older archives, links and all; a name that moves is told of", async () => {
  const { loaded } = await load(fixture, dockerArchive());
  expect(loaded[0]?.references).toEqual(["old:1"]);
  const { name } = await pulled("other", { layers: [layerOf("other")] });
  const { id } = await fixture.images.resolve(name);
  await fixture.images.tag(id, "old:1");
  const again = await load(fixture, dockerArchive());
  expect(again.texts).toEqual([`The image old:1 already exists, renaming the old one with ID ${id} to empty string\n`]);
  expect((await fixture.images.resolve("old:1")).id).toBe(loaded[0]?.id ?? "");
});

test("an OCI layout of several platforms gives the ones asked for, or all", async () => {
  const images = ["amd64", "arm64"].map((architecture) => ({
    architecture,
    image: buildImage({ layers: [layerOf(architecture)], architecture }),
  }));
  const index = buildIndex(images);
  const blob = (digest: string, content: Uint8Array): TarEntry => ({
    path: `blobs/${digest.replace(":", "/")}`,
    content,
  });
  const archive = writeTar([
    ...images.flatMap(({ image }) => [...image.blobs].map(([digest, bytes]) => blob(digest, bytes))),
    ...images.map(({ image }) => blob(image.digest, image.manifest)),
    blob(index.digest, index.manifest),
    { path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    {
      path: "index.json",
      content: JSON.stringify({
        schemaVersion: 2,
        manifests: [
          {
            mediaType: index.mediaType,
            digest: index.digest,
            size: index.manifest.length,
            annotations: { "io.containerd.image.name": "docker.io/library/multi:1" },
          },
        ],
      }),
    },
  ]);
  const there = async (): Promise<readonly string[]> => {
    const image = await fixture.images.resolve("multi:1");
    return [image, ...image.variants].map(({ config }) => config.architecture);
  };
  const host = goArchitecture();
  const other = host === "amd64" ? "arm64" : "amd64";
  await load(fixture, archive, { os: "linux", architecture: other });
  expect(await there()).toEqual([other]);
  await load(fixture, archive);
  expect(await there()).toEqual([host, other]);
  await expect(load(fixture, archive, { os: "linux", architecture: "s390x" })).rejects.toThrow(
    "no image for platform linux/s390x in the archive",
  );
});

test("archives that lie, lead outside or stop early are refused and leave nothing", async () => {
  const bad: readonly (readonly [Uint8Array, string])[] = [
    [Buffer.from("nonsense"), "unexpected EOF"],
    [gzipSync(dockerArchive()).subarray(0, -20), "unexpected"],
    [dockerArchive().subarray(0, 2000), "unexpected EOF"],
    [writeTar([{ path: "x", content: "y" }]), "does not contain a manifest.json"],
    [writeTar([{ path: "manifest.json", content: "nojson" }]), "manifest.json is no JSON"],
    [writeTar([{ path: "manifest.json", content: '[{"Config":1}]' }]), "malformed manifest.json"],
    [
      dockerArchive((entry) => (entry["Config"] = "../../etc/passwd")),
      "open ../../etc/passwd: no such file or directory",
    ],
    [dockerArchive((entry) => (entry["Layers"] = ["a/layer.tar"])), "layers length mismatch: expected 1, got 2"],
    [dockerArchive((entry) => (entry["Layers"] = ["a/layer.tar", "c.json"])), "unexpected EOF"],
    [dockerArchive((entry) => (entry["Layers"] = ["a/layer.tar", "gone"])), "open gone: no such file or directory"],
    [dockerArchive((entry) => (entry["RepoTags"] = ["UPPER:1"])), "must be lowercase"],
    [dockerArchive((entry) => (entry["RepoTags"] = [`x@${sha256(layerOf("x"))}`])), "invalid tag"],
    [
      dockerArchive(
        (entry) => (entry["Layers"] = ["a/layer.tar", "other.tar"]),
        [{ path: "other.tar", content: layerOf("other") }],
      ),
      "invalid diffID for layer 1: expected",
    ],
    [
      dockerArchive(
        (entry) => (entry["Layers"] = ["a/layer.tar", "loop"]),
        [{ path: "loop", type: "symlink", link: "loop" }],
      ),
      "open loop: no such file or directory",
    ],
    [
      dockerArchive(
        (entry) => (entry["Layers"] = ["a/layer.tar", "out"]),
        [{ path: "out", type: "symlink", link: "/etc/passwd" }],
      ),
      "open out: no such file or directory",
    ],
  ];
  for (const [archive, said] of bad) await expect(load(fixture, archive)).rejects.toThrow(said);
  expect(fixture.blobs.list()).toEqual([]);
  expect(await fixture.images.list()).toEqual([]);
});

test("a manifest that does not fit its archive's content is refused", async () => {
  const { name } = await pulled("honest", { layers: [layerOf("honest")] });
  const root = mkdtempSync(`${scratch}/layout-`);
  mkdirSync(`${root}/x`);
  writeFileSync(`${root}/saved.tar`, await save(name));
  await mustRun(["tar", "xf", `${root}/saved.tar`, "-C", `${root}/x`]);
  const { digest } = (await fixture.images.resolve(name)).manifest;
  const path = `${root}/x/blobs/${digest.replace(":", "/")}`;
  writeFileSync(path, readFileSync(path, "utf8").replace(/"size":\d+,"digest":"(?!.*"size")/, '"size":1,"digest":"'));
  await mustRun(["tar", "cf", `${root}/lying.tar`, "-C", `${root}/x`, "."]);
  await elsewhere(async (other) => {
    await expect(load(other, readFileSync(`${root}/lying.tar`))).rejects.toThrow(
      "does not match the archive's content",
    );
  });
});

test("a damaged blob does not leave this machine", async () => {
  const { name, built } = await pulled("damaged", { layers: [layerOf("damaged")] });
  const { id } = await fixture.images.resolve(name);
  const digest = [...built.blobs.keys()].find((blob) => blob !== id) ?? "";
  writeFileSync(fixture.blobs.path(digest), Buffer.alloc(fixture.blobs.sizeOf(digest) ?? 0));
  await expect(save(name)).rejects.toThrow("is damaged on disk");
});

test("a root file system becomes an image of one layer", async () => {
  const tar = writeTar([{ path: "hello", content: "imported" }]);
  for (const packed of [tar, gzipSync(tar)]) {
    const image = await fixture.images.importRoot({
      archive: (async function* () {
        yield packed;
      })(),
      platform: { os: "linux", architecture: "arm64" },
      config: { Cmd: ["ls"] },
      comment: "why",
      created: "2024-01-01T00:00:00Z",
      reference: "imported:1",
      signal: new AbortController().signal,
    });
    expect(image.config).toMatchObject({ architecture: "arm64", config: { Cmd: ["ls"] }, comment: "why" });
    expect(readFileSync(`${image.layers[0]?.path}/hello`, "utf8")).toBe("imported");
  }
});
