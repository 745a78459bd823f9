import { constants, gunzipSync, gzip } from "node:zlib";
import { promisify } from "node:util";
import { BerthError } from "#base/errors.ts";
import { close, fstat } from "#host/kernel/syscalls.ts";
import { identityOf, modifiedNs, preadFully, type LogFile } from "./log-file.ts";

/**
 * A compressed log file is gzip (RFC 1952) that any gunzip reads, cut into members of one block each, so that a reader
 * can begin anywhere and needs the memory of one block. Each member's header has an extra field "BL" with the member's
 * size in bytes; the uncompressed size is the member's last word, as always.
 *
 *   1f 8b 08 04 | mtime 0 | xfl os | 08 00 | 'B' 'L' 04 00 | u32 member size | deflated … | crc32 | u32 block size
 */
const blockBytes = 256 * 1024;
const headerBytes = 10;
const extraBytes = 10;
const extraFlag = 4;
const compress = promisify(gzip);

interface Block {
  readonly fileOffset: number;
  readonly fileBytes: number;
  readonly start: number;
  readonly bytes: number;
}

export class CompressedLogFile implements LogFile {
  readonly identity: string;
  readonly #fd: number;
  #index: readonly Block[] | undefined;
  #block: Block | undefined;
  #content: Uint8Array = new Uint8Array();

  constructor(fd: number) {
    this.#fd = fd;
    this.identity = identityOf(fd);
  }

  get size(): number {
    const last = this.#blocks().at(-1);
    return last === undefined ? 0 : last.start + last.bytes;
  }

  get modifiedNs(): bigint {
    return modifiedNs(this.#fd);
  }

  read(into: Uint8Array, position: number): number {
    let done = 0;
    while (done < into.byteLength) {
      const block = this.#blockAt(position + done);
      if (block === undefined) break;
      const from = position + done - block.start;
      const part = this.#inflate(block).subarray(from, from + into.byteLength - done);
      into.set(part, done);
      done += part.byteLength;
    }
    return done;
  }

  close(): void {
    close(this.#fd);
  }

  #blocks(): readonly Block[] {
    this.#index ??= readIndex(this.#fd);
    return this.#index;
  }

  #blockAt(position: number): Block | undefined {
    const blocks = this.#blocks();
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const block = blocks[middle] as Block;
      if (block.start + block.bytes <= position) low = middle + 1;
      else high = middle;
    }
    return blocks[low];
  }

  #inflate(block: Block): Uint8Array {
    if (this.#block !== block) {
      const member = new Uint8Array(block.fileBytes);
      preadFully(this.#fd, member, block.fileOffset);
      try {
        this.#content = gunzipSync(member);
      } catch (cause) {
        throw new BerthError("data-loss", "a compressed log file is damaged", { cause });
      }
      this.#block = block;
    }
    return this.#content;
  }
}

/** The blocks of a file, up to the first thing that is none. */
function readIndex(fd: number): readonly Block[] {
  const blocks: Block[] = [];
  const head = new Uint8Array(headerBytes + extraBytes);
  const view = new DataView(head.buffer);
  const tail = new Uint8Array(4);
  const { size } = fstat(fd);
  let start = 0;
  for (let fileOffset = 0; preadFully(fd, head, fileOffset) === head.byteLength;) {
    const isOurs = view.getUint32(0) === 0x1f8b0804 && view.getUint32(headerBytes) === 0x0800424c;
    const fileBytes = view.getUint32(headerBytes + 6, true);
    if (!isOurs || fileBytes < head.byteLength + 8 || fileOffset + fileBytes > size) break;
    preadFully(fd, tail, fileOffset + fileBytes - 4);
    const bytes = new DataView(tail.buffer).getUint32(0, true);
    if (bytes > blockBytes) break;
    blocks.push({ fileOffset, fileBytes, start, bytes });
    start += bytes;
    fileOffset += fileBytes;
  }
  return blocks;
}

/** The members of a compressed log file that hold what `file` holds, one after the other. */
export async function* compressedBlocks(file: LogFile): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(blockBytes);
  for (let position = 0; ;) {
    const count = file.read(block, position);
    if (count === 0) return;
    position += count;
    yield member(await compress(block.subarray(0, count), { level: constants.Z_BEST_SPEED }));
  }
}

/** A gzip member without optional fields, given the extra field. */
function member(plain: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(plain.byteLength + extraBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(plain.subarray(0, headerBytes));
  view.setUint8(3, extraFlag);
  view.setUint32(headerBytes, 0x0800424c);
  view.setUint16(headerBytes + 4, 4, true);
  view.setUint32(headerBytes + 6, bytes.byteLength, true);
  bytes.set(plain.subarray(headerBytes), headerBytes + extraBytes);
  return bytes;
}
