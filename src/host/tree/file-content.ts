import { ftruncate, lseek, writeAll } from "../kernel/syscalls.ts";

/** Runs of zeros this long become holes. */
const HOLE = 64 * 1024;
const ZEROS = new Uint8Array(HOLE);
const SEEK_CUR = 1;

/**
 * The bytes of a new, empty file, written one after the other. Archives spell the holes of disk images and core dumps out
 * as zeros: with `sparse` they become holes again. Data costs the look at two bytes of each 64 KiB.
 */
export class FileContent {
  readonly #fd: number;
  readonly #sparse: boolean;
  #size = 0;
  #endsInHole = false;

  /** `fd` stays the caller's. */
  constructor(fd: number, sparse: boolean) {
    this.#fd = fd;
    this.#sparse = sparse;
  }

  /** Bytes `start..end` of `chunk`. */
  write(chunk: Uint8Array, start: number, end: number): void {
    let from = start;
    for (let at = start; this.#sparse && at + HOLE <= end; at += HOLE) {
      if (!isHole(chunk, at)) continue;
      this.#data(chunk, from, at);
      from = at + HOLE;
      lseek(this.#fd, HOLE, SEEK_CUR);
      this.#endsInHole = true;
    }
    this.#data(chunk, from, end);
    this.#size += end - start;
  }

  /** The next bytes are a hole. */
  hole(length: number): void {
    lseek(this.#fd, length, SEEK_CUR);
    this.#size += length;
    this.#endsInHole = true;
  }

  /** All bytes are written: a hole at the end must count too. */
  end(): void {
    if (this.#endsInHole) ftruncate(this.#fd, this.#size);
  }

  #data(chunk: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    writeAll(this.#fd, start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    this.#endsInHole = false;
  }
}

function isHole(chunk: Uint8Array, at: number): boolean {
  return chunk[at] === 0 && chunk[at + HOLE - 1] === 0 && Buffer.compare(chunk.subarray(at, at + HOLE), ZEROS) === 0;
}
