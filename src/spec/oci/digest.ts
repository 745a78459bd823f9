import { BerthError } from "#base/errors.ts";

/**
 * Content digests: `algorithm ":" encoded`, OCI image-spec `descriptor.md` section Digests. Registered algorithms are
 * sha256 and sha512; go-digest, which Docker uses, also knows sha384. Sentences are go-digest's.
 */
export type DigestAlgorithm = "sha256" | "sha384" | "sha512";

export interface ParsedDigest {
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 };
const DIGEST_SHAPE = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const MAX_DIGEST_LENGTH = 256;

/** Split and check a digest; `invalid-parameter` with go-digest's sentence otherwise. */
export function parseDigest(text: string): ParsedDigest {
  if (text.length > MAX_DIGEST_LENGTH || !DIGEST_SHAPE.test(text)) {
    throw new BerthError("invalid-parameter", "invalid checksum digest format");
  }
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, colon);
  const hex = text.slice(colon + 1);
  if (!isAlgorithm(algorithm)) throw new BerthError("invalid-parameter", "unsupported digest algorithm");
  if (hex.length !== HEX_LENGTH[algorithm]) {
    throw new BerthError("invalid-parameter", "invalid checksum digest length");
  }
  if (!/^[a-f0-9]+$/.test(hex)) throw new BerthError("invalid-parameter", "invalid checksum digest format");
  return { algorithm, hex };
}

export function isDigest(text: string): boolean {
  try {
    parseDigest(text);
    return true;
  } catch {
    return false;
  }
}

/** The first twelve hex digits of a digest or id: how Docker shows it to people. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(":");
  return digest.slice(colon + 1, colon + 13);
}

function isAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(HEX_LENGTH, name);
}
