import { sha256Hex } from "#base/sha256.ts";
import type { FileFacts } from "#host/files/file-list.ts";
import { readTextFileMaybe, writeFileAtomic } from "#host/files/files.ts";
import type { ByteString } from "#spec/tar/byte-string.ts";

const MAX_BYTES = 512 << 20;
/** A file that was changed so shortly before it was read may be changed again without its times telling. */
const SETTLED_MS = 50;

/** What tells that a file is the same as before, and the digest it had then. Numbers as in `FileFacts`. */
type KnownFile = readonly [
  dev: number,
  ino: number,
  size: number,
  mtimeSeconds: number,
  mtimeNanoseconds: number,
  ctimeSeconds: number,
  ctimeNanoseconds: number,
  digest: string,
];

/** What a folder's list came to. `stamp`: of the list, and of whatever says which of its files count. */
type KnownFolder = readonly [stamp: string, digest: string, folders: readonly ByteString[]];

/**
 * Digests of files' contents by path, kept as long as device, inode, size and times are the same; and digests of folders,
 * kept as long as all that statx(2) tells of what they hold is the same. In memory and in two files: a folder that was built
 * from before is looked at and not read, and what is known of single files is not even loaded until one of them has changed.
 */
export class StatCache {
  readonly #files: Keep<KnownFile>;
  readonly #folders: Keep<KnownFolder>;
  readonly #nowMs: number;

  /** Single files are not looked up. */
  readonly isForFolders: boolean;

  /**
   * `path`: where it is kept between processes; undefined for content that will not come again. `nowMs`: Unix time. `extent`:
   * what is known of single files is much to load; `folders` does without it.
   */
  constructor(path: string | undefined, nowMs: number, extent: "all" | "folders" = "all") {
    this.isForFolders = extent === "folders";
    this.#files = new Keep(path === undefined || this.isForFolders ? undefined : `${path}.files`);
    this.#folders = new Keep(path);
    this.#nowMs = nowMs;
  }

  /** The SHA-256 of a file's content. */
  file(place: ByteString, stat: FileFacts): string | undefined {
    const known = this.#files.get(place);
    return known !== undefined && isSame(known, stat) ? known[7] : undefined;
  }

  keepFile(place: ByteString, stat: FileFacts, digest: string): void {
    if (!this.isSettled(stat)) return;
    const { ino, size, mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds } = stat;
    const times = [mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds] as const;
    this.#files.set(place, [deviceOf(stat), Number(ino), size, ...times, digest]);
  }

  folder(
    place: ByteString,
    stamp: string,
  ): { readonly digest: string; readonly folders: readonly ByteString[] } | undefined {
    const known = this.#folders.get(place);
    return known !== undefined && known[0] === stamp ? { digest: known[1], folders: known[2] } : undefined;
  }

  /** All that is in the folder has to be settled. */
  keepFolder(place: ByteString, stamp: string, digest: string, folders: readonly ByteString[]): void {
    this.#folders.set(place, [stamp, digest, folders]);
  }

  /** Would a change after now change the times? */
  isSettled(stat: FileFacts): boolean {
    const changedMs = stat.ctimeSeconds * 1000 + stat.ctimeNanoseconds / 1e6;
    return this.#nowMs - changedMs > SETTLED_MS;
  }

  /** Keep what is known, also of what was not asked for this time. */
  save(): void {
    this.#files.save();
    this.#folders.save();
  }
}

/** The name under which a folder's cache is kept. */
export function statCacheName(folder: string): string {
  return sha256Hex(folder).slice(0, 32);
}

/** Values by path, loaded when first asked for. */
class Keep<T> {
  readonly #path: string | undefined;
  #known: Map<ByteString, T> | undefined;
  #changed = false;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  get(place: ByteString): T | undefined {
    return this.#path === undefined ? undefined : this.#loaded(this.#path).get(place);
  }

  set(place: ByteString, value: T): void {
    if (this.#path === undefined) return;
    this.#loaded(this.#path).set(place, value);
    this.#changed = true;
  }

  save(): void {
    if (this.#path === undefined || this.#known === undefined || !this.#changed) return;
    writeFileAtomic(this.#path, JSON.stringify([...this.#known]), { mode: 0o600, durable: false });
    this.#changed = false;
  }

  #loaded(path: string): Map<ByteString, T> {
    this.#known ??= load<T>(path);
    return this.#known;
  }
}

function isSame(known: KnownFile, stat: FileFacts): boolean {
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

const deviceOf = ({ devMajor, devMinor }: FileFacts): number => devMajor * 2 ** 20 + devMinor;

function load<T>(path: string): Map<ByteString, T> {
  try {
    return new Map(JSON.parse(readTextFileMaybe(path, MAX_BYTES) ?? "[]") as [ByteString, T][]);
  } catch {
    // A damaged cache is no cache.
    return new Map();
  }
}
