import { sha256Digest } from "#base/sha256.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import { manifestFor } from "#image/make/record-image.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { keep } from "../export/print-image.ts";
import type { AttachedManifest } from "../export/make-bundle.ts";
import type { Statement } from "./statement.ts";

const STATEMENT_TYPE = "application/vnd.in-toto+json";

/**
 * Statements about an image as a manifest beside it, in BuildKit's form: an image for no platform whose layers they are.
 * Its blobs are put into the store and held by the lease.
 */
export async function attachStatements(
  blobs: BlobStore,
  statements: readonly Statement[],
  /** Digest of the image's manifest. */
  of: string,
  lease: Lease,
): Promise<AttachedManifest> {
  const layers: Descriptor[] = [];
  for (const statement of statements) {
    const bytes = Buffer.from(JSON.stringify(statement));
    const digest = sha256Digest(bytes);
    await keep(blobs, lease, digest, bytes);
    const annotations = { "in-toto.io/predicate-type": statement.predicateType };
    layers.push({ mediaType: STATEMENT_TYPE, digest, size: bytes.length, annotations });
  }
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const config = Buffer.from(JSON.stringify({ architecture: "unknown", os: "unknown", config: {}, rootfs }));
  const published = manifestFor(config, layers, "oci");
  await keep(blobs, lease, published.manifest.config.digest, config);
  await keep(blobs, lease, published.document.digest, published.document.bytes);
  return { published, of };
}
