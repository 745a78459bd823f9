import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import { encodeEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import { plainEntry } from "#spec/tar/plain-entry.ts";
import { blobBytes } from "../blob-bytes.ts";
import { isForeign } from "../manifest-of.ts";
import { archiveDocuments, blobName, type ImageToSave } from "./archive-documents.ts";

/**
 * Images as one archive: blobs as they are stored, so nothing is compressed or put together anew and digests stay. The
 * documents come first, so that a reader knows what follows. The lease is let go of when the archive ends or is given up.
 */
export async function* archiveOf(
  blobs: BlobStore,
  images: readonly ImageToSave[],
  { lease, without }: { readonly lease: Lease; readonly without: ReadonlySet<string> },
): AsyncIterable<Uint8Array> {
  try {
    for (const { name, bytes } of archiveDocuments(images)) yield* file(name, bytes);
    yield encodeEntry(plainEntry("directory", "blobs", 0));
    const written = new Set(without);
    for (const algorithm of algorithmsOf(images)) yield encodeEntry(plainEntry("directory", `blobs/${algorithm}`, 0));
    for (const { digest, bytes } of images.flatMap(({ index }) => index ?? [])) {
      if (!written.has(digest)) yield* file(blobName(digest), bytes);
      written.add(digest);
    }
    for (const { manifest, document } of images.flatMap(({ published, others }) => [published, ...others])) {
      if (!written.has(document.digest)) yield* file(blobName(document.digest), document.bytes);
      written.add(document.digest);
      for (const blob of [manifest.config, ...manifest.layers]) {
        if (written.has(blob.digest) || (isForeign(blob) && !blobs.has(blob.digest))) continue;
        written.add(blob.digest);
        yield encodeEntry(plainEntry("file", blobName(blob.digest), blob.size));
        yield* blobBytes(blobs, blob);
        yield new Uint8Array(paddingOf(blob.size));
      }
    }
    yield END_OF_ARCHIVE;
  } finally {
    lease.release();
  }
}

function algorithmsOf(images: readonly ImageToSave[]): readonly string[] {
  const digests = images.flatMap(({ published, others, index }) => [
    ...(index === undefined ? [] : [index.digest]),
    ...[published, ...others].flatMap(({ manifest, document }) => [
      document.digest,
      manifest.config.digest,
      ...manifest.layers.map(({ digest }) => digest),
    ]),
  ]);
  return [...new Set(digests.map((digest) => digest.slice(0, digest.indexOf(":"))))].toSorted();
}

function* file(name: string, bytes: Uint8Array): Iterable<Uint8Array> {
  yield encodeEntry(plainEntry("file", name, bytes.length));
  yield bytes;
  yield new Uint8Array(paddingOf(bytes.length));
}
