import type { Lease } from "#content/leases.ts";
import { canonicalName, type Reference } from "#spec/oci/reference.ts";
import { referenceSuffix } from "../image-catalog.ts";
import { settleLeading } from "../settle-leading.ts";
import type { SourceManifest } from "../source.ts";
import type { MakerDeps } from "./types.ts";

/** Images that are here already, as one of several platforms. */
export interface IndexParts {
  /** The index, printed. It names the images' manifests, and what speaks about them. */
  readonly document: SourceManifest;
  /** Ids of its images; at least one. */
  readonly imageIds: readonly string[];
  /** Blobs of what it names that is no image, manifests too; they are there. */
  readonly attached: readonly string[];
  /** Names it gets; another image of such a name loses it. */
  readonly references: readonly Reference[];
}

/**
 * Write an index and make its names mean it, in one transaction. The images may have names of their own besides. Resolves
 * to the id of the image that is taken when nobody asks for a platform.
 */
export async function recordIndex(
  deps: Pick<MakerDeps, "rows" | "blobs" | "now" | "hostPlatform">,
  parts: IndexParts,
  lease: Lease,
): Promise<string> {
  const { document, imageIds, attached } = parts;
  lease.hold(document.digest);
  await deps.blobs.put(document.digest, document.bytes, { durable: true });
  let leading = imageIds[0] ?? "";
  deps.rows.transaction(() => {
    for (const id of imageIds) {
      deps.rows.putVariant(document.digest, id);
      for (const blob of [document.digest, ...attached]) deps.rows.putBlob(id, blob);
    }
    leading = settleLeading(deps, document.digest, leading);
    for (const reference of parts.references) {
      const name = { name: canonicalName(reference), suffix: referenceSuffix(reference) };
      deps.rows.putReference({ ...name, imageId: leading, indexDigest: document.digest }, deps.now());
    }
  });
  return leading;
}
