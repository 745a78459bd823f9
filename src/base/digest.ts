import { BerthError } from "./errors.ts";

/** `algorithm:hex`, as in the OCI image spec's descriptor page. A branded string: only this file makes them. */
export type Digest = string & { readonly __digest: never };

export type DigestAlgorithm = "sha256" | "sha512";

const hexLength: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/** `invalid-parameter` unless `text` is a digest with a known algorithm and lower-case hex of the right length. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new BerthError("invalid-parameter", `invalid digest: ${JSON.stringify(text)}`);
}

export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, colon);
  if (algorithm !== "sha256" && algorithm !== "sha512") return false;
  const hex = text.slice(colon + 1);
  return hex.length === hexLength[algorithm] && /^[0-9a-f]+$/.test(hex);
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm;
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}
