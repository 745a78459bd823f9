import { createHash } from "node:crypto";
import { readTextFileMaybe, writeFileAtomic } from "#host/files.ts";
import type { FileStat } from "#host/stat.ts";
import type { ByteString } from "#spec/tar/byte-string.ts";

const MAX_BYTES = 512 << 20;
/** A file that was changed so shortly before it was read may be changed again without its times telling. */
const SETTLED_MS = 50;

/**
 * Digests of files' contents by path, kept as long as device, inode, size and times are the same, in memory and in a file.
 * So a folder that was built from before is looked at and not read.
 */
export class StatCache {
  readonly #path: string | undefined;
  readonly #known: Map<ByteString, readonly [stamp: string, digest: string]>;
  readonly #used = new Map<ByteString, readonly [stamp: string, digest: string]>();
  #changed = false;

  /** `path`: where it is kept between processes; undefined for content that will not come again. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#known = path === undefined ? new Map<ByteString, readonly [string, string]>() : load(path);
  }

  /** The SHA-256 of a file's content, by `read` where it is not known. `nowMs`: Unix time. */
  digest(place: ByteString, stat: FileStat, nowMs: number, read: () => string): string {
    const stamp = stampOf(stat);
    const known = this.#used.get(place) ?? this.#known.get(place);
    if (known?.[0] === stamp) {
      this.#used.set(place, known);
      return known[1];
    }
    const digest = read();
    if (isSettled(stat, nowMs)) {
      this.#used.set(place, [stamp, digest]);
      this.#changed = true;
    }
    return digest;
  }

  /** Keep what is known, also of files that were not asked for this time. */
  save(): void {
    if (this.#path === undefined || !this.#changed) return;
    for (const [place, entry] of this.#used) this.#known.set(place, entry);
    writeFileAtomic(this.#path, JSON.stringify([...this.#known]), { mode: 0o600, durable: false });
    this.#changed = false;
  }
}

/** The name under which a folder's cache is kept. */
export function statCacheName(folder: string): string {
  return createHash("sha256").update(folder).digest("hex").slice(0, 32);
}

function isSettled(stat: FileStat, nowMs: number): boolean {
  const changedMs = stat.ctimeSeconds * 1000 + stat.ctimeNanoseconds / 1e6;
  return nowMs - changedMs > SETTLED_MS;
}

function stampOf(stat: FileStat): string {
  const { devMajor, devMinor, ino, size, mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds } = stat;
  return `${devMajor}:${devMinor}:${ino}:${size}:${mtimeSeconds}.${mtimeNanoseconds}:${ctimeSeconds}.${ctimeNanoseconds}`;
}

function load(path: string): Map<ByteString, readonly [string, string]> {
  try {
    return new Map(JSON.parse(readTextFileMaybe(path, MAX_BYTES) ?? "[]") as [ByteString, readonly [string, string]][]);
  } catch {
    // A damaged cache is no cache.
    return new Map();
  }
}
