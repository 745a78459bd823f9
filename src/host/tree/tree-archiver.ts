import { BerthError } from "#base/errors.ts";
import { byteString, kernelPath, printable, type ByteString } from "#spec/tar/byte-string.ts";
import { encodeEntry, encodeSparseEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import type { DataRange } from "#spec/tar/sparse.ts";
import type { TarEntry, TarEntryType } from "#spec/tar/tar-reader.ts";
import { dataRanges } from "../files/data-ranges.ts";
import { describe, folder, plainFile, whiteout } from "./archive-entry.ts";
import { attributesOf, attributesOfOpen } from "./portable-attributes.ts";
import { MAX_TOGETHER, membersOf, smallFiles } from "./small-members.ts";
import { SyscallError } from "../kernel/errno.ts";
import { listedFiles, listFiles, type FileFacts, type ListedFile } from "../files/file-list.ts";
import {
  AT_FDCWD,
  DT_DIR,
  DT_UNKNOWN,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "../kernel/linux.ts";
import type { FileStat } from "../kernel/stat.ts";
import type { MappedIds } from "../mounts/mapped-ids.ts";
import {
  close,
  fdPath,
  fstat,
  getxattr,
  lseek,
  openat,
  read,
  readDirectory,
  readlinkat,
  type KernelPath,
} from "../kernel/syscalls.ts";

const BUFFER_SIZE = 512 * 1024;
/** What is written in one go, and the room in the buffer that is kept for it and its header. */
const SMALL_BYTES = 64 * 1024;
const SMALL_ROOM = 2 * SMALL_BYTES;
const OPAQUE = "trusted.overlay.opaque";
const YES = 0x79;
const SEEK_SET = 0;
const TYPES: ReadonlyMap<number, TarEntryType> = new Map([
  [S_IFREG, "file"],
  [S_IFDIR, "directory"],
  [S_IFLNK, "symlink"],
  [S_IFCHR, "character"],
  [S_IFBLK, "block"],
  [S_IFIFO, "fifo"],
]);

export interface ArchiveOptions {
  /**
   * The directories are an overlayfs upper: character devices 0/0 become `.wh.NAME` members and opaque directories get
   * a `.wh..wh..opq` member. OCI image-spec `layer.md`, "Whiteouts".
   */
  readonly overlayUpper?: boolean;
  /** Nobody changes the trees meanwhile: a name still means what its directory said of it. Fewer system calls a file. */
  readonly still?: boolean;
  /** Files with holes are written in GNU tar's sparse form 1.0, see spec/tar/sparse.ts. Without it they come out whole. */
  readonly sparse?: boolean;
  /** Names of members that are left out, of a folder with all below it. */
  readonly skips?: ((name: ByteString, isFolder: boolean) => boolean) | undefined;
  /** Hears what could not be read and was left out. Without it such an error ends the archive. */
  readonly onSkipped?: (name: ByteString, error: SyscallError) => void;
  /** Members' owners are those inside. */
  readonly ids?: MappedIds | undefined;
  /** Members' times, in seconds, from those that the files have. */
  readonly time?: (seconds: number) => number;
}

/** What goes into an archive, and under which name. */
export type ArchiveRoot =
  /** `name` in `directoryFd`, whatever it is but a symlink's target, as the member `as`; a directory with all below it. */
  | { readonly kind: "entry"; readonly directoryFd: number; readonly name: KernelPath; readonly as: ByteString }
  /** The same by its O_PATH descriptor, which stays the caller's. */
  | { readonly kind: "descriptor"; readonly fd: number; readonly as: ByteString }
  /** What is inside a directory, without the directory. */
  | { readonly kind: "content"; readonly directoryFd: number }
  /** A file of root's that is nowhere. Its content is asked for when all before it was given out. */
  | {
      readonly kind: "made";
      readonly as: ByteString;
      readonly mode: number;
      readonly seconds: number;
      readonly content: () => Uint8Array;
    };

/**
 * Trees as a tar archive, in pieces. Each piece is valid until the next one is asked for, so the taker sets the pace and
 * memory stays at one piece, whatever the size. Members come in the order of their names' bytes, with times in whole
 * seconds and every extended attribute but those that steer overlayfs or label the host's files: the same tree gives the
 * same bytes. Hard links stay links within the archive; sockets are left out, as in every tar. Nothing is followed, and
 * only regular files are opened.
 *
 * What vanishes meanwhile is left out. A file that is cut short after its header went out is `data-loss`.
 */
export function* archive(roots: readonly ArchiveRoot[], options: ArchiveOptions = {}): Generator<Uint8Array> {
  const archiver = new TreeArchiver(options);
  for (const root of roots) {
    if (root.kind === "entry") yield* archiver.entry(root.directoryFd, root.name, root.as);
    else if (root.kind === "descriptor") yield* archiver.descriptor(root.fd, root.as);
    else if (root.kind === "content") yield* archiver.content(root.directoryFd);
    else yield* archiver.made(root);
  }
  yield* archiver.end();
}

class TreeArchiver {
  readonly #options: ArchiveOptions;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #filled = 0;
  readonly #room = { bytes: new Uint8Array(0) };
  /** First member of every file with several names, by device and inode. */
  readonly #links = new Map<string, ByteString>();

  constructor(options: ArchiveOptions) {
    this.#options = options;
  }

  #describe(type: TarEntryType, name: ByteString, stat: FileFacts): TarEntry {
    const { ids, time } = this.#options;
    const entry = describe(type, name, stat);
    const mtime = time === undefined ? entry.mtime : { seconds: time(entry.mtime.seconds), nanoseconds: 0 };
    return { ...entry, mtime, ...ids?.inward(entry) };
  }

  *made({ as, mode, seconds, content }: ArchiveRoot & { readonly kind: "made" }): Generator<Uint8Array> {
    if (this.#filled > 0) yield this.#take();
    const bytes = content();
    const mtime = { seconds, nanoseconds: 0 };
    yield* this.#put(encodeEntry(plainFile({ name: as, mode, size: bytes.length, mtime })));
    yield* this.#put(bytes);
    yield* this.#put(END_OF_ARCHIVE.subarray(0, paddingOf(bytes.length)));
  }

  *end(): Generator<Uint8Array> {
    yield* this.#put(END_OF_ARCHIVE);
    if (this.#filled > 0) yield this.#take();
  }

  /** Members of all that is in a directory. */
  *content(directoryFd: number): Generator<Uint8Array> {
    const fd = this.#attempt("", () => openat(directoryFd, ".", O_RDONLY | O_DIRECTORY));
    if (fd !== undefined) yield* this.#list(fd, "");
  }

  /** Takes and closes `fd`. */
  *#list(fd: number, prefix: ByteString): Generator<Uint8Array> {
    try {
      if (this.#options.still === true) {
        yield* this.#stillFolder(fd, prefix);
        return;
      }
      const entries = this.#attempt(prefix, () => readDirectory(fd)) ?? [];
      for (const { name, type } of entries.toSorted((a, b) => Buffer.compare(a.name, b.name))) {
        if (this.#options.skips?.(prefix + byteString(name), type === DT_DIR || type === DT_UNKNOWN) === true) continue;
        if (BUFFER_SIZE - this.#filled < SMALL_ROOM) yield this.#take();
        yield* this.entry(fd, name, prefix + byteString(name));
      }
    } finally {
      close(fd);
    }
  }

  *entry(directoryFd: number, name: KernelPath, as: ByteString): Generator<Uint8Array> {
    const fd = this.#attempt(as, () => openat(directoryFd, name, O_PATH | O_NOFOLLOW));
    if (fd === undefined) return;
    let directory: number | undefined;
    try {
      if (this.#small(fd, as)) return;
      directory = yield* this.#opened(fd, as);
    } finally {
      close(fd);
    }
    // Only now: a deep tree must not hold two descriptors a level.
    if (directory !== undefined) yield* this.#list(directory, folder(as));
  }

  /** A folder of a tree that nobody changes: small files that follow one another are read together. */
  *#stillFolder(fd: number, prefix: ByteString): Generator<Uint8Array> {
    const files = listedFiles(listFiles(fd)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (let at = 0; at < files.length;) {
      const run = smallFiles(files, at);
      if (run.length > 0) yield* this.#stillRun(fd, prefix, run);
      at += run.length;
      const next = run.length === MAX_TOGETHER ? undefined : files[at++];
      if (next === undefined) continue;
      const as = prefix + next.name;
      if ((next.stat.mode & S_IFMT) === S_IFREG) yield* this.#stillFile(fd, kernelPath(next.name), as);
      else yield* this.entry(fd, kernelPath(next.name), as);
    }
  }

  *#stillRun(fd: number, prefix: ByteString, run: readonly ListedFile[]): Generator<Uint8Array> {
    const describeFile = (name: ByteString, stat: FileFacts): TarEntry => this.#describe("file", prefix + name, stat);
    for (const { members, alone } of membersOf(fd, run, this.#room, describeFile)) {
      yield* this.#pieces(members);
      if (alone !== undefined) yield* this.#stillFile(fd, kernelPath(alone), prefix + alone);
    }
  }

  /** What is large goes as it is. */
  *#pieces(bytes: Uint8Array): Generator<Uint8Array> {
    if (bytes.length < SMALL_ROOM) {
      yield* this.#put(bytes);
      return;
    }
    if (this.#filled > 0) yield this.#take();
    yield bytes;
  }

  /** A regular file of a tree that nobody changes. */
  *#stillFile(directoryFd: number, name: KernelPath, as: ByteString): Generator<Uint8Array> {
    const fd = openat(directoryFd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = fstat(fd);
      const key = `${stat.devMajor}:${stat.devMinor}:${stat.ino}`;
      const first = stat.nlink > 1 ? this.#links.get(key) : undefined;
      if (first !== undefined) {
        yield* this.#put(encodeEntry({ ...this.#describe("hardlink", as, stat), linkName: first }));
        return;
      }
      yield* this.#put(encodeEntry({ ...this.#describe("file", as, stat), xattrs: attributesOfOpen(fd) }));
      yield* this.#data(fd, stat.size, as);
      if (stat.nlink > 1) this.#links.set(key, as);
    } finally {
      close(fd);
    }
  }

  *descriptor(fd: number, as: ByteString): Generator<Uint8Array> {
    const directory = yield* this.#opened(fd, as);
    if (directory !== undefined) yield* this.#list(directory, folder(as));
  }

  /**
   * A small file in one go, where there is room for it: trees of many files consist of them, and each step of a generator
   * costs as much as a system call. False, and nothing done, for anything else.
   */
  #small(fd: number, as: ByteString): boolean {
    const stat = fstat(fd);
    if ((stat.mode & S_IFMT) !== S_IFREG || stat.nlink > 1 || stat.size > SMALL_BYTES) return false;
    const file = this.#attempt(as, () => openat(AT_FDCWD, fdPath(fd), O_RDONLY | O_NONBLOCK));
    if (file === undefined) return true;
    try {
      if (this.#rangesOf(file, stat) !== undefined) return false;
      const head = encodeEntry({ ...this.#describe("file", as, stat), xattrs: attributesOfOpen(file) });
      const end = this.#filled + head.length + stat.size;
      const padding = paddingOf(stat.size);
      if (end + padding > BUFFER_SIZE) return false;
      this.#buffer.set(head, this.#filled);
      for (let at = this.#filled + head.length; at < end;) {
        const count = read(file, this.#buffer.subarray(at, end));
        if (count === 0) throw new BerthError("data-loss", `${printable(as)} became shorter while it was read`);
        at += count;
      }
      this.#buffer.fill(0, end, end + padding);
      this.#filled = end + padding;
      return true;
    } finally {
      close(file);
    }
  }

  /** The member itself. For a directory a descriptor to list it by, the caller's. */
  *#opened(fd: number, as: ByteString): Generator<Uint8Array, number | undefined> {
    const stat = fstat(fd);
    const type = TYPES.get(stat.mode & S_IFMT);
    if (type !== "directory") {
      if (type !== undefined) yield* this.#other(fd, type, stat, as);
      return undefined;
    }
    const directory = this.#attempt(as, () => openat(fd, ".", O_RDONLY | O_DIRECTORY));
    if (directory === undefined) return undefined;
    let kept = false;
    try {
      yield* this.#member(fd, type, stat, as);
      kept = true;
      return directory;
    } finally {
      if (!kept) close(directory);
    }
  }

  /** Anything but a directory. `fd` is O_PATH: what is described and what is read are one inode, whatever the names do. */
  *#other(fd: number, type: TarEntryType, stat: FileStat, as: ByteString): Generator<Uint8Array> {
    if (this.#options.overlayUpper === true && type === "character" && stat.rdevMajor === 0 && stat.rdevMinor === 0) {
      yield* this.#put(encodeEntry(whiteout(as, stat)));
      return;
    }
    const key = `${stat.devMajor}:${stat.devMinor}:${stat.ino}`;
    const first = stat.nlink > 1 ? this.#links.get(key) : undefined;
    if (first !== undefined) {
      yield* this.#put(encodeEntry({ ...this.#describe("hardlink", as, stat), linkName: first }));
      return;
    }
    if (type === "file") {
      // Non-blocking, so that nothing that looks like a file can hold us up.
      const file = this.#attempt(as, () => openat(AT_FDCWD, fdPath(fd), O_RDONLY | O_NONBLOCK));
      if (file === undefined) return;
      try {
        const ranges = this.#rangesOf(file, stat);
        if (ranges === undefined) {
          yield* this.#member(fd, type, stat, as);
          yield* this.#data(file, stat.size, as);
        } else yield* this.#sparse(file, { ...this.#describe(type, as, stat), xattrs: attributesOf(fd) }, ranges);
      } finally {
        close(file);
      }
    } else yield* this.#member(fd, type, stat, as);
    if (stat.nlink > 1) this.#links.set(key, as);
  }

  *#member(fd: number, type: TarEntryType, stat: FileStat, as: ByteString): Generator<Uint8Array> {
    const linkName = type === "symlink" ? byteString(readlinkat(fd, "")) : "";
    yield* this.#put(encodeEntry({ ...this.#describe(type, as, stat), linkName, xattrs: attributesOf(fd) }));
    if (type === "directory" && this.#options.overlayUpper === true && isOpaque(fd)) {
      const mark = `${folder(as)}.wh..opq`;
      yield* this.#put(encodeEntry(whiteout(mark, stat)));
    }
  }

  /** Undefined for a file without holes, or when they do not matter. */
  #rangesOf(file: number, stat: FileStat): readonly DataRange[] | undefined {
    if (this.#options.sparse !== true || stat.blocks * 512 >= stat.size) return undefined;
    const ranges = dataRanges(file, stat.size);
    lseek(file, 0, SEEK_SET);
    return ranges.length === 1 && ranges[0]?.end === stat.size && ranges[0].start === 0 ? undefined : ranges;
  }

  *#sparse(fd: number, entry: TarEntry, ranges: readonly DataRange[]): Generator<Uint8Array> {
    const { head, dataBytes } = encodeSparseEntry(entry, ranges);
    yield* this.#put(head);
    for (const { start, end } of ranges) {
      lseek(fd, start, SEEK_SET);
      yield* this.#bytes(fd, end - start, entry.name);
    }
    yield* this.#put(END_OF_ARCHIVE.subarray(0, paddingOf(dataBytes)));
  }

  *#data(fd: number, size: number, as: ByteString): Generator<Uint8Array> {
    yield* this.#bytes(fd, size, as);
    yield* this.#put(END_OF_ARCHIVE.subarray(0, paddingOf(size)));
  }

  *#bytes(fd: number, size: number, as: ByteString): Generator<Uint8Array> {
    for (let left = size; left > 0;) {
      if (this.#filled === BUFFER_SIZE) yield this.#take();
      const count = read(fd, this.#buffer.subarray(this.#filled, Math.min(BUFFER_SIZE, this.#filled + left)));
      if (count === 0) throw new BerthError("data-loss", `${printable(as)} became shorter while it was read`);
      this.#filled += count;
      left -= count;
    }
  }

  *#put(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === BUFFER_SIZE) yield this.#take();
      const part = bytes.subarray(at, at + BUFFER_SIZE - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
  }

  #take(): Uint8Array {
    const piece = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    return piece;
  }

  /** Undefined for what is gone, and for what cannot be read when somebody wants to hear of it. */
  #attempt<T>(name: ByteString, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      if (error.code === "ENOENT" || error.code === "ESTALE") return undefined;
      if (this.#options.onSkipped === undefined) throw error;
      this.#options.onSkipped(name, error);
      return undefined;
    }
  }
}

function isOpaque(fd: number): boolean {
  return getxattr(fdPath(fd), OPAQUE)?.[0] === YES;
}
