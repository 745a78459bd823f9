import type { Descriptor } from "./image.ts";

/** BuildKit's marks of what is no image but speaks about one. Source: its `docs/attestations/attestation-storage.md`. */
const REFERENCE_TYPE = "vnd.docker.reference.type";
const REFERENCE_DIGEST = "vnd.docker.reference.digest";
const ATTESTATION = "attestation-manifest";

/** Digest of the manifest that an index's entry attests something of; undefined when it is no attestation. */
export function attestedBy({ annotations }: Descriptor): string | undefined {
  return annotations?.[REFERENCE_TYPE] === ATTESTATION ? (annotations[REFERENCE_DIGEST] ?? "") : undefined;
}
