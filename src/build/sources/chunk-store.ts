import { BerthError } from "#base/errors.ts";
import { sha256Hex } from "#base/sha256.ts";
import { ensureDirectory, listDirectory, readFile, removeFile, writeFileAtomic } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { lstatMaybe, utimensat } from "#host/kernel/syscalls.ts";
import { MAX_CHUNK_BYTES } from "#spec/berth/sent-trees.ts";

/** Chunks of what clients sent, by their hashes, `<directory>/<first two digits>/<hash>`; each file's mtime is its last use. */
export class ChunkStore {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #nowMs: () => number;

  /** `maxBytes`: kept of what is not held. */
  constructor(deps: { readonly directory: string; readonly maxBytes: number; readonly nowMs: () => number }) {
    this.#directory = deps.directory;
    this.#maxBytes = deps.maxBytes;
    this.#nowMs = deps.nowMs;
  }

  /** Is it here? Then it has been used now. */
  use(hash: string): boolean {
    if (lstatMaybe(AT_FDCWD, this.#path(hash)) === undefined) return false;
    this.#touch(hash);
    return true;
  }

  put(hash: string, bytes: Uint8Array): void {
    ensureDirectory(this.#folder(hash), 0o700);
    writeFileAtomic(this.#path(hash), bytes, { mode: 0o600, durable: false });
    this.#touch(hash);
  }

  /** `data-loss` for one that the machine's power took; it is lacking the next time. */
  get(hash: string): Uint8Array {
    const bytes = readFile(this.#path(hash), MAX_CHUNK_BYTES);
    if (sha256Hex(bytes) === hash) return bytes;
    removeFile(this.#path(hash));
    throw new BerthError("data-loss", "a chunk of a tree is damaged here", {
      hint: "Build again: it is asked for then.",
    });
  }

  /** Remove the least recently used ones above the bound, but none of `held`. The bytes that came free. */
  sweep(held: ReadonlySet<string>, maxBytes = this.#maxBytes): number {
    const all = this.#all();
    let kept = all.reduce((sum, { size }) => sum + size, 0);
    const before = kept;
    for (const { hash, size } of all.toSorted((a, b) => a.usedMs - b.usedMs)) {
      if (kept <= maxBytes) break;
      if (held.has(hash)) continue;
      removeFile(this.#path(hash));
      kept -= size;
    }
    return before - kept;
  }

  /** Of all chunks; undefined when there are none. `firstMs` and `lastMs`: Unix milliseconds of uses. */
  usage(): { readonly sizeBytes: number; readonly firstMs: number; readonly lastMs: number } | undefined {
    const all = this.#all();
    if (all.length === 0) return undefined;
    const uses = all.map(({ usedMs }) => usedMs);
    return {
      sizeBytes: all.reduce((sum, { size }) => sum + size, 0),
      firstMs: uses.reduce((one, other) => Math.min(one, other)),
      lastMs: uses.reduce((one, other) => Math.max(one, other)),
    };
  }

  #all(): readonly { readonly hash: string; readonly size: number; readonly usedMs: number }[] {
    return listDirectory(this.#directory).flatMap((folder) =>
      listDirectory(`${this.#directory}/${folder}`).flatMap((hash) => {
        const stat = lstatMaybe(AT_FDCWD, `${this.#directory}/${folder}/${hash}`);
        if (stat === undefined) return [];
        return { hash, size: stat.size, usedMs: stat.mtimeSeconds * 1000 + stat.mtimeNanoseconds / 1e6 };
      }),
    );
  }

  #touch(hash: string): void {
    const now = this.#nowMs();
    const time = { seconds: Math.floor(now / 1000), nanoseconds: (now % 1000) * 1e6 };
    utimensat(AT_FDCWD, this.#path(hash), time, time);
  }

  #folder(hash: string): string {
    return `${this.#directory}/${hash.slice(0, 2)}`;
  }

  #path(hash: string): string {
    return `${this.#folder(hash)}/${hash}`;
  }
}
