/** Layers and images made here: of tar streams, plain and compressed, kept byte for byte. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { layerDescriptor } from "#image/make/record-image.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { sha256 } from "../../tools/lab/image-writer.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { openImageFixture, type ImageFixture } from "./image-fixture.ts";

let fixture: ImageFixture;

beforeEach(async () => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  fixture = await openImageFixture();
});

afterEach(async () => {
  expect(fixture.unfinished()).toEqual([]);
  expect(fixture.leases.size).toBe(0);
  await fixture.dispose();
});

async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

test("a tar stream becomes a layer and an image, whatever its compression", async () => {
  const tar = writeTar([
    { path: "etc/", type: "directory" },
    { path: "etc/motd", content: "hello\n" },
  ]);
  const { maker } = fixture.images;
  for (const [compression, bytes] of [
    ["none", tar],
    ["gzip", gzipSync(tar)],
    ["zstd", zstdCompressSync(tar)],
  ] as const) {
    const lease = maker.lease();
    const layer = await maker.layerFromArchive(pieces(bytes, 7), lease);
    expect(layer).toMatchObject({
      diffId: sha256(tar),
      sizeBytes: 6,
      blob: { digest: sha256(bytes), sizeBytes: bytes.length, compression },
    });
    const id = await maker.image(
      {
        config: { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [layer.diffId] } },
        layers: [{ diffId: layer.diffId, blob: layerDescriptor(layer, "oci") }],
        format: "oci",
        references: [parseReference(`made:${compression}`)],
      },
      lease,
    );
    lease.release();
    const image = await fixture.images.resolve(`made:${compression}`);
    expect(image.id).toBe(id);
    expect(readFileSync(`${image.layers[0]?.path}/etc/motd`, "utf8")).toBe("hello\n");
    expect(fixture.blobs.has(sha256(bytes))).toBe(true);
  }
});

test("what is no archive, is damaged or is given up leaves nothing", async () => {
  const { maker } = fixture.images;
  const tar = writeTar([{ path: "a", content: "x".repeat(100_000) }]);
  const lease = maker.lease();
  await expect(maker.layerFromArchive(pieces(Buffer.alloc(4096, 1), 512), lease)).rejects.toMatchObject({
    kind: "invalid-parameter",
  });
  await expect(maker.layerFromArchive(pieces(gzipSync(tar).subarray(0, -20), 512), lease)).rejects.toMatchObject({
    kind: "data-loss",
  });
  async function* broken(): AsyncIterable<Uint8Array> {
    yield tar.slice(0, 1024);
    throw new Error("gone");
  }
  await expect(maker.layerFromArchive(broken(), lease)).rejects.toThrow("gone");
  lease.release();
  expect(fixture.blobs.list()).toEqual([]);
});
