import { createHash } from "node:crypto";
import { readTextFileMaybe, writeFileAtomic } from "#host/files.ts";
import type { FileStat } from "#host/stat.ts";
import type { ByteString } from "#spec/tar/byte-string.ts";

const MAX_BYTES = 512 << 20;
/** A file that was changed so shortly before it was read may be changed again without its times telling. */
const SETTLED_MS = 50;

/** What tells that a file is the same as before, and the digest it had then. Numbers as in `FileStat`. */
type Known = readonly [
  dev: number,
  ino: number,
  size: number,
  mtimeSeconds: number,
  mtimeNanoseconds: number,
  ctimeSeconds: number,
  ctimeNanoseconds: number,
  digest: string,
];

/**
 * Digests of files' contents by path, kept as long as device, inode, size and times are the same, in memory and in a file.
 * So a folder that was built from before is looked at and not read.
 */
export class StatCache {
  readonly #path: string | undefined;
  readonly #known: Map<ByteString, Known>;
  #changed = false;

  /** `path`: where it is kept between processes; undefined for content that will not come again. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#known = path === undefined ? new Map<ByteString, Known>() : load(path);
  }

  /** The SHA-256 of a file's content, by `read` where it is not known. `nowMs`: Unix time. */
  digest(place: ByteString, stat: FileStat, nowMs: number, read: () => string): string {
    const known = this.#known.get(place);
    if (known !== undefined && isSame(known, stat)) return known[7];
    const digest = read();
    if (this.#path !== undefined && isSettled(stat, nowMs)) {
      const { ino, size, mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds } = stat;
      const times = [mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds] as const;
      this.#known.set(place, [deviceOf(stat), Number(ino), size, ...times, digest]);
      this.#changed = true;
    }
    return digest;
  }

  /** Keep what is known, also of files that were not asked for this time. */
  save(): void {
    if (this.#path === undefined || !this.#changed) return;
    writeFileAtomic(this.#path, JSON.stringify([...this.#known]), { mode: 0o600, durable: false });
    this.#changed = false;
  }
}

/** The name under which a folder's cache is kept. */
export function statCacheName(folder: string): string {
  return createHash("sha256").update(folder).digest("hex").slice(0, 32);
}

function isSame(known: Known, stat: FileStat): boolean {
  return (
    known[1] === Number(stat.ino) &&
    known[2] === stat.size &&
    known[3] === stat.mtimeSeconds &&
    known[4] === stat.mtimeNanoseconds &&
    known[5] === stat.ctimeSeconds &&
    known[6] === stat.ctimeNanoseconds &&
    known[0] === deviceOf(stat)
  );
}

const deviceOf = ({ devMajor, devMinor }: FileStat): number => devMajor * 2 ** 20 + devMinor;

function isSettled(stat: FileStat, nowMs: number): boolean {
  const changedMs = stat.ctimeSeconds * 1000 + stat.ctimeNanoseconds / 1e6;
  return nowMs - changedMs > SETTLED_MS;
}

function load(path: string): Map<ByteString, Known> {
  try {
    return new Map(JSON.parse(readTextFileMaybe(path, MAX_BYTES) ?? "[]") as [ByteString, Known][]);
  } catch {
    // A damaged cache is no cache.
    return new Map();
  }
}
