const BLOCK = 512;
/** The data of files from this size on is cut on its own, so that it is the same chunk whatever its header says. */
const OWN_CHUNK_BYTES = 4 << 10;
const CHUNK_BYTES = 1 << 20;
/** Of so many small members one ends a chunk. */
const GROUP = 16;
/** Types whose data is a file's; all others are small. */
const FILES = new Set([0, 0x30, 0x37]);
/** Extended headers, which belong to the member behind them. */
const META = new Set([0x78, 0x67, 0x4c, 0x4b]);

/**
 * Cuts a tar archive into chunks that stay the same where its files do: a file's data begins a chunk, and small members are
 * together up to one whose name says so, so that a member that comes or goes changes its own chunk only. At most 2 MiB each.
 * A chunk is valid until the next is asked for.
 */
export function* cutArchive(pieces: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  const chunk = new Chunk();
  const header = new Uint8Array(BLOCK);
  let headerBytes = 0;
  /** Of the member: data with its padding. */
  let left = 0;
  let padding = 0;
  let isOwn = false;
  let endsGroup = false;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      if (left === 0) {
        const part = piece.subarray(at, at + BLOCK - headerBytes);
        header.set(part, headerBytes);
        headerBytes += part.length;
        at += part.length;
        if (headerBytes < BLOCK) continue;
        headerBytes = 0;
        const type = header[156] ?? 0;
        const size = sizeOf(header);
        isOwn = FILES.has(type) && size >= OWN_CHUNK_BYTES;
        padding = (BLOCK - (size % BLOCK)) % BLOCK;
        left = size + padding;
        endsGroup = !META.has(type) && nameHash(header) % GROUP === 0;
        chunk.add(header);
        if (isOwn || (left === 0 && (endsGroup || chunk.length >= CHUNK_BYTES))) yield* chunk.take();
        continue;
      }
      const room =
        isOwn && left > padding ? Math.min(left - padding, CHUNK_BYTES - chunk.length) : Math.min(left, CHUNK_BYTES);
      const part = piece.subarray(at, at + room);
      chunk.add(part);
      at += part.length;
      left -= part.length;
      const isDataCut = isOwn && left >= padding && (left === padding || chunk.length >= CHUNK_BYTES);
      const isMemberCut = !isOwn && (chunk.length >= CHUNK_BYTES || (left === 0 && endsGroup));
      if (isDataCut || isMemberCut) yield* chunk.take();
    }
  }
  if (headerBytes > 0) chunk.add(header.subarray(0, headerBytes));
  yield* chunk.take();
}

class Chunk {
  readonly #bytes = new Uint8Array(2 * CHUNK_BYTES);
  length = 0;

  add(part: Uint8Array): void {
    this.#bytes.set(part, this.length);
    this.length += part.length;
  }

  *take(): Generator<Uint8Array, void> {
    const { length } = this;
    this.length = 0;
    if (length > 0) yield this.#bytes.subarray(0, length);
  }
}

/** Octal, or from 8 GiB on GNU's base 256. */
function sizeOf(header: Uint8Array): number {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) !== 0) return field.subarray(1).reduce((size, byte) => size * 256 + byte, 0);
  return Number.parseInt(Buffer.from(field).toString("latin1").replace(/\0.*$/s, "").trim() || "0", 8) || 0;
}

/** FNV-1a. */
function nameHash(header: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const [from, to] of [
    [0, 100],
    [345, 500],
  ] as const)
    for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (header[at] ?? 0), 0x01000193);
  return (hash >>> 8) & 0xffff;
}
