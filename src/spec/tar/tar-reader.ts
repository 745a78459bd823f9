import { BerthError } from "#base/errors.ts";
import { byteString, type ByteString } from "./byte-string.ts";
import { BLOCK_SIZE, isZeroBlock, parseHeader, type RawHeader } from "./header.ts";
import { paxInteger, parsePax, paxTime, type PaxRecords } from "./pax.ts";
import { SparseBody, sparseFile } from "./sparse.ts";

export type TarEntryType = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

/** One member of an archive, its extended headers already applied. */
export interface TarEntry {
  readonly type: TarEntryType;
  /** As written: may be absolute, hold `..`, end in `/`. */
  readonly name: ByteString;
  readonly linkName: ByteString;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Length of the data that follows; 0 unless a file. */
  readonly size: number;
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array> | undefined;
}

/** Receives an archive in order: `entry`, its bytes in pieces (only for files with size > 0), `entryEnd`. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** Bytes `start..end` of `chunk`; the chunk is the caller's and must not be kept. */
  data(chunk: Uint8Array, start: number, end: number): void;
  /** So many bytes of the file are a hole. Who has no such method gets zeros. */
  hole?(length: number): void;
  entryEnd(): void;
}

/** Longest extended header or long name; Go's archive/tar has the same bound. */
const MAX_META_SIZE = 1 << 20;
/** The kernel's PATH_MAX. */
const MAX_NAME_LENGTH = 4096;
const MAX_ID = 0xffff_fffe;

const TYPES: ReadonlyMap<string, TarEntryType> = new Map([
  ["0", "file"],
  ["1", "hardlink"],
  ["2", "symlink"],
  ["3", "character"],
  ["4", "block"],
  ["5", "directory"],
  ["6", "fifo"],
  ["7", "file"],
]);

/**
 * Push parser of tar archives: ustar, GNU long names and big numbers, pax. Memory is bounded by one extended header.
 *
 *   header ──▶ data ──▶ padding ──▶ header …        header ──▶ meta (x, L, K, g) ──▶ padding ──▶ header
 *   header ── two zero blocks ──▶ done (what follows is ignored, as every tar does)
 *
 * Sparse members are read in GNU tar's form 1.0 (./sparse.ts), older ones refused (`not-implemented`): no image builder
 * writes them. Malformed input is `invalid-parameter`.
 * docker-compat: global pax headers are skipped; links, devices and directories have no data whatever their size says.
 */
export class TarReader {
  readonly #sink: TarSink;
  #state: "header" | "data" | "meta" | "padding" | "done" = "header";
  /** Bytes still to come of the data, meta or padding state. */
  #remaining = 0;
  #padding = 0;
  #zeroBlocks = 0;
  readonly #block = new Uint8Array(BLOCK_SIZE);
  #blockFill = 0;
  #meta = new Uint8Array(0);
  #metaFill = 0;
  #metaType = "";
  #pax: PaxRecords | undefined;
  #longName: ByteString | undefined;
  #longLink: ByteString | undefined;
  /** Of the member under way, when it has holes. */
  #sparse: SparseBody | undefined;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === "done") return;
      at = this.#state === "header" ? this.#takeHeader(chunk, at) : this.#takeBody(chunk, at);
    }
  }

  /** The archive has no more bytes; `invalid-parameter` "unexpected EOF" when it stops inside a member. */
  end(): void {
    const between = this.#state === "header" && this.#blockFill === 0 && !this.#hasPendingMeta();
    if (this.#state !== "done" && !between) throw new BerthError("invalid-parameter", "unexpected EOF");
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    if (this.#blockFill === 0 && chunk.length - at >= BLOCK_SIZE) {
      this.#header(chunk, at);
      return at + BLOCK_SIZE;
    }
    const take = Math.min(BLOCK_SIZE - this.#blockFill, chunk.length - at);
    this.#block.set(chunk.subarray(at, at + take), this.#blockFill);
    this.#blockFill += take;
    if (this.#blockFill === BLOCK_SIZE) {
      this.#blockFill = 0;
      this.#header(this.#block, 0);
    }
    return at + take;
  }

  #takeBody(chunk: Uint8Array, at: number): number {
    const end = at + Math.min(this.#remaining, chunk.length - at);
    this.#remaining -= end - at;
    if (this.#state === "data") {
      if (this.#sparse === undefined) this.#sink.data(chunk, at, end);
      else this.#sparse.push(chunk, at, end);
    }
    if (this.#state === "meta") {
      this.#meta.set(chunk.subarray(at, end), this.#metaFill);
      this.#metaFill += end - at;
    }
    if (this.#remaining === 0) this.#bodyEnd();
    return end;
  }

  #bodyEnd(): void {
    if (this.#state === "data") {
      this.#sparse?.end();
      this.#sparse = undefined;
      this.#sink.entryEnd();
    }
    if (this.#state === "meta") this.#metaEnd();
    const padding = this.#state === "padding" ? 0 : this.#padding;
    this.#state = padding > 0 ? "padding" : "header";
    this.#remaining = padding;
  }

  #header(bytes: Uint8Array, at: number): void {
    if (bytes[at] === 0 && isZeroBlock(bytes, at)) {
      this.#zeroBlocks++;
      if (this.#zeroBlocks === 2) {
        if (this.#hasPendingMeta()) throw new BerthError("invalid-parameter", "unexpected EOF");
        this.#state = "done";
      }
      return;
    }
    if (this.#zeroBlocks > 0) throw malformed("a member after the end mark");
    const header = parseHeader(bytes, at);
    switch (header.type) {
      case "x":
      case "g":
      case "L":
      case "K":
        this.#beginMeta(header);
        return;
      case "S":
        throw new BerthError("not-implemented", `sparse file ${header.name} in the archive is not supported`);
      default:
        this.#beginEntry(header);
    }
  }

  #beginMeta(header: RawHeader): void {
    if (header.size > MAX_META_SIZE) throw malformed("extended header too large");
    this.#metaType = header.type;
    this.#meta = new Uint8Array(header.size);
    this.#metaFill = 0;
    this.#begin("meta", header.size);
  }

  #begin(state: "meta" | "data", size: number): void {
    this.#state = state;
    this.#remaining = size;
    this.#padding = (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
    if (size === 0) this.#bodyEnd();
  }

  #metaEnd(): void {
    switch (this.#metaType) {
      case "x":
        this.#pax = parsePax(this.#meta);
        break;
      case "L":
        this.#longName = untilNul(this.#meta);
        break;
      case "K":
        this.#longLink = untilNul(this.#meta);
        break;
      default: // "g", skipped
    }
    this.#meta = new Uint8Array(0);
  }

  #beginEntry(header: RawHeader): void {
    const entry = this.#entry(header);
    const file = this.#pax === undefined ? undefined : sparseFile(this.#pax);
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
    if (file === undefined || entry.type !== "file") this.#sink.entry(entry);
    else {
      this.#sink.entry({ ...entry, name: file.name, size: file.size });
      this.#sparse = new SparseBody(this.#sink, file.size);
    }
    this.#begin("data", entry.size);
  }

  #entry(header: RawHeader): TarEntry {
    const pax = this.#pax;
    const name = pax?.values.get("path") ?? this.#longName ?? header.name;
    const linkName = pax?.values.get("linkpath") ?? this.#longLink ?? header.linkName;
    if (name.length > MAX_NAME_LENGTH || linkName.length > MAX_NAME_LENGTH) throw malformed("name too long");
    let type = TYPES.get(header.type);
    if (type === undefined) {
      throw new BerthError("invalid-parameter", `unhandled tar header type ${header.type.charCodeAt(0)}`);
    }
    if (type === "file" && name.endsWith("/")) type = "directory";
    const uid = (pax && paxInteger(pax, "uid")) ?? header.uid;
    const gid = (pax && paxInteger(pax, "gid")) ?? header.gid;
    const size = (pax && paxInteger(pax, "size")) ?? header.size;
    if (uid < 0 || uid > MAX_ID || gid < 0 || gid > MAX_ID) throw malformed("owner out of range");
    if (size < 0) throw malformed("negative size");
    return {
      type,
      name,
      linkName,
      mode: header.mode & 0o7777,
      uid,
      gid,
      size: type === "file" ? size : 0,
      mtime: (pax && paxTime(pax, "mtime")) ?? { seconds: header.mtime, nanoseconds: 0 },
      deviceMajor: header.deviceMajor,
      deviceMinor: header.deviceMinor,
      xattrs: pax !== undefined && pax.xattrs.size > 0 ? pax.xattrs : undefined,
    };
  }

  #hasPendingMeta(): boolean {
    return this.#pax !== undefined || this.#longName !== undefined || this.#longLink !== undefined;
  }
}

function untilNul(bytes: Uint8Array): ByteString {
  const nul = bytes.indexOf(0);
  return byteString(bytes, 0, nul < 0 ? bytes.length : nul);
}

function malformed(what: string): BerthError {
  return new BerthError("invalid-parameter", `archive/tar: invalid tar header (${what})`);
}
