import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import { attestedBy } from "#spec/oci/attestation.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { attachedManifest, indexOf } from "./describe-manifests.ts";
import type { AttestationStatement, StoredImage } from "./types.ts";

const PREDICATE_TYPE = "in-toto.io/predicate-type";
const MAX_STATEMENT_SIZE = 64 << 20;

/**
 * What the index of an image has to say about it, as far as it is here: none for an image that came alone. `types`:
 * only these, all when there are none. `data-loss` for a statement that is no JSON.
 */
export function attestationStatements(
  blobs: BlobStore,
  image: StoredImage,
  options: { readonly types: readonly string[]; readonly withStatement: boolean },
): readonly AttestationStatement[] {
  const entries = indexOf(blobs, image)?.manifests ?? [];
  const own = entries.filter((entry) => attestedBy(entry) === image.manifest.digest);
  const layers = own.flatMap((entry) => attachedManifest(blobs, entry)?.manifest.layers ?? []);
  return layers.flatMap((descriptor) => {
    const predicateType = descriptor.annotations?.[PREDICATE_TYPE] ?? "";
    if (predicateType === "" || (options.types.length > 0 && !options.types.includes(predicateType))) return [];
    const statement = options.withStatement ? readStatement(blobs, descriptor) : undefined;
    return [{ descriptor, predicateType, statement }];
  });
}

function readStatement(blobs: BlobStore, { digest }: Descriptor): unknown {
  const text = new TextDecoder().decode(blobs.read(digest, MAX_STATEMENT_SIZE));
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new BerthError("data-loss", `attestation statement ${digest} is no JSON`, { cause });
  }
}
