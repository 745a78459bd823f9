import { createHash } from "node:crypto";
import { parseDigest, type Digest } from "./digest.ts";

/** As 64 hex digits. */
export function sha256Hex(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

export function sha256Digest(content: Uint8Array | string): Digest {
  return parseDigest(`sha256:${sha256Hex(content)}`);
}
