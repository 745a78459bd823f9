import { parseDigest, type Digest } from "./digest.ts";

/** As 64 hex digits. Without node:crypto, which takes a short command longer to load than all its own work. */
export function sha256Hex(content: Uint8Array | string): string {
  return new Bun.CryptoHasher("sha256").update(content).digest("hex");
}

export function sha256Digest(content: Uint8Array | string): Digest {
  return parseDigest(`sha256:${sha256Hex(content)}`);
}
