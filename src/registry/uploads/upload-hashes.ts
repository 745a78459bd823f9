import { createHash, type Hash } from "node:crypto";
import type { DigestAlgorithm } from "#base/digest.ts";

interface Running {
  readonly algorithm: DigestAlgorithm;
  readonly hash: Hash;
  bytes: number;
}

/** More uploads than this at once read their bytes again at their end. */
const MOST_RUNNING = 10_000;

/**
 * The digests of uploads under way, computed while their bytes come in, so that the last request need not read them
 * again. In memory alone: what is not known here is computed from the stored bytes.
 */
export class UploadHashes {
  readonly #running = new Map<string, Running>();

  /** For an upload without bytes. */
  begin(id: string, algorithm: DigestAlgorithm): void {
    if (this.#running.size >= MOST_RUNNING) return;
    this.#running.set(id, { algorithm, hash: createHash(algorithm), bytes: 0 });
  }

  /** `offset`: how many bytes were there before `chunk`. */
  add(id: string, offset: number, chunk: Uint8Array): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    if (running.bytes !== offset) {
      this.#running.delete(id);
      return;
    }
    running.hash.update(chunk);
    running.bytes += chunk.length;
  }

  /** The digest of all `size` bytes as hex, when it is known; asked for once. */
  take(id: string, algorithm: DigestAlgorithm, size: number): string | undefined {
    const running = this.#running.get(id);
    this.#running.delete(id);
    if (running === undefined || running.algorithm !== algorithm || running.bytes !== size) return undefined;
    return running.hash.digest("hex");
  }

  drop(id: string): void {
    this.#running.delete(id);
  }
}
