import { hasCode } from "#host/errno.ts";
import { O_RDONLY } from "#host/linux.ts";
import { close, fstat, open, pread } from "#host/syscalls.ts";
import { CompressedLogFile } from "./compressed-log-file.ts";

/** One open file of a log. It stays the same file when it is renamed by rotation. */
export interface LogFile {
  /** Device and inode. */
  readonly identity: string;
  /** Bytes to read, i.e. before compression. */
  readonly size: number;
  /** The time of the last write, up to a clock tick early. */
  readonly modifiedNs: bigint;
  /** Fill `into` from `position` on: fewer bytes only at the end of the file. */
  read(into: Uint8Array, position: number): number;
  close(): void;
}

/** `path`, or `path.gz` in its stead; undefined when there is neither. */
export function openLogFile(path: string): LogFile | undefined {
  // In this order: a file that is being compressed has both names for a moment, then only the second.
  const plain = openMaybe(path);
  if (plain !== undefined) return new PlainLogFile(plain);
  const compressed = openMaybe(`${path}.gz`);
  return compressed === undefined ? undefined : new CompressedLogFile(compressed);
}

function openMaybe(path: string): number | undefined {
  try {
    return open(path, O_RDONLY);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

class PlainLogFile implements LogFile {
  readonly #fd: number;
  readonly identity: string;

  constructor(fd: number) {
    this.#fd = fd;
    this.identity = identityOf(fd);
  }

  get size(): number {
    return fstat(this.#fd).size;
  }

  get modifiedNs(): bigint {
    return modifiedNs(this.#fd);
  }

  read(into: Uint8Array, position: number): number {
    return preadFully(this.#fd, into, position);
  }

  close(): void {
    close(this.#fd);
  }
}

export function identityOf(fd: number): string {
  const { ino, devMajor, devMinor } = fstat(fd);
  return `${devMajor}:${devMinor}:${ino}`;
}

export function modifiedNs(fd: number): bigint {
  const { mtimeSeconds, mtimeNanoseconds } = fstat(fd);
  return BigInt(mtimeSeconds) * 1_000_000_000n + BigInt(mtimeNanoseconds);
}

export function preadFully(fd: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.byteLength) {
    const count = pread(fd, done === 0 ? into : into.subarray(done), position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
