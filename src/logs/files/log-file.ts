import { fstat, pread } from "#host/kernel/syscalls.ts";

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
