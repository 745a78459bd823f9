import type { CopyChange, ListedFile } from "#host/files/file-list.ts";
import { withFd } from "#host/files/files.ts";
import {
  O_NONBLOCK,
  O_RDONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "#host/kernel/linux.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { fstat, getxattr, listxattr, read } from "#host/kernel/syscalls.ts";
import { evaluateInRoot } from "#host/tree/container-path.ts";
import { TreeWriter } from "#host/tree/tree-writer.ts";
import { byteString, type ByteString } from "#spec/tar/byte-string.ts";
import type { TarEntry, TarEntryType } from "#spec/tar/tar-reader.ts";
import { TarReader } from "#spec/tar/tar-reader.ts";
import type { FileMode } from "../graph/types.ts";
import { archiveChunks } from "./archive-file.ts";
import { changedMode } from "./file-mode.ts";
import { bytes, join } from "./match-paths.ts";
import { QueuedCopies } from "./queued-copies.ts";
import {
  linkOf,
  openVisited,
  withAttributesPath,
  type FileAt,
  type FolderContent,
  type FolderFile,
  type VisitedFile,
} from "./visit-selection.ts";

export interface CopyPlace {
  /** Absolute, clean. */
  readonly destination: string;
  readonly isDirectory: boolean;
  /** Replace what is in the way, whatever it is. */
  readonly replaces: boolean;
}

export interface CopyOptions {
  readonly place: CopyPlace;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly mode: FileMode | undefined;
  readonly nowSeconds: number;
  /** The destination is a folder that was made for this copy. */
  readonly isFresh: boolean;
}

const TYPES: ReadonlyMap<number, TarEntryType> = new Map([
  [S_IFREG, "file"],
  [S_IFDIR, "directory"],
  [S_IFLNK, "symlink"],
  [S_IFCHR, "character"],
  [S_IFBLK, "block"],
  [S_IFIFO, "fifo"],
]);

/** What of files counts besides their content and times. */
export interface CopyFrom {
  /** Their owners and attributes. */
  readonly owned: boolean;
  /** This instead of their modes. */
  readonly fileMode: number | undefined;
}

/**
 * Puts visited files at their place below a destination. The destination's links are followed inside the root, which
 * files never leave. Folders that are made on the way to it belong to the copy's owner and have mode 0755.
 */
export class CopyWriter {
  readonly #rootFd: number;
  readonly #options: CopyOptions;
  readonly #writer: TreeWriter;
  /** Where the destination leads, cleaned, without the slash in front. */
  readonly #base: ByteString;
  #baseIsFolder: boolean;
  /** Names of files that have several, of one source. */
  readonly #links = new Map<string, ByteString>();
  readonly #buffer = new Uint8Array(512 << 10);
  readonly #queue = new QueuedCopies();

  constructor(rootFd: number, options: CopyOptions) {
    this.#rootFd = rootFd;
    this.#options = options;
    this.#base = bytes(evaluateInRoot(rootFd, options.place.destination).slice(1));
    this.#baseIsFolder = this.#base === "" || this.#isFolder(this.#base);
    this.#writer = new TreeWriter(rootFd, { keepTypes: !options.place.replaces });
  }

  /** What a selection names itself: of all that it holds so far nothing waits any more, and later files may replace it. */
  source(file: VisitedFile, source: CopyFrom): void {
    this.#queue.settle();
    this.file(file, source);
  }

  /** What is in a folder that is there already. Small files wait for those of other folders, see {@link QueuedCopies}. */
  folder({ directoryFd, paths: { path }, files, folders }: FolderContent, source: CopyFrom): void {
    // Files of layers have attributes of their own.
    const waits = (file: FolderFile): boolean => !source.owned && this.#queue.takes(file);
    const waiting = files.filter(waits);
    if (waiting.length > 0) this.#queueFiles(directoryFd, path, waiting, source);
    for (const file of files) if (!waits(file)) this.file(file, source);
    for (const folder of folders) this.file(folder, source);
  }

  #queueFiles(fromFd: number, path: ByteString, files: readonly FolderFile[], source: CopyFrom): void {
    this.#intoFolder(true);
    this.#writer.nextMember();
    const toFd = this.#writer.directory(path === "" ? this.#base : join(this.#base, path));
    const { owner = { uid: 0, gid: 0 }, mode } = this.#options;
    const change = ({ stat }: ListedFile): CopyChange => ({
      ...owner,
      mode: changedMode(mode, source.fileMode ?? stat.mode & 0o7777, false),
    });
    this.#queue.add({ fromFd, toFd, files, change }, (file) => this.file(file, source));
  }

  file(file: VisitedFile, source: CopyFrom): void {
    const { stat, at } = file;
    const type = TYPES.get(stat.mode & S_IFMT);
    if (type === undefined) return;
    const isDirectory = type === "directory";
    if (isDirectory && file.path === "" && this.#baseIsFolder && !this.#options.isFresh) return;
    const name = this.#target(file, isDirectory);
    // A context's own folder is anybody's: how it was made here says nothing.
    const isContext = file.place === "" && !source.owned;
    const own = isContext ? 0o755 : stat.mode & 0o7777;
    const permissions = type === "file" && source.fileMode !== undefined ? source.fileMode : own;
    const entry: TarEntry = {
      type,
      name,
      linkName: type === "symlink" ? byteString(linkOf(at)) : "",
      mode: changedMode(this.#options.mode, permissions, isDirectory),
      ...(this.#options.owner ?? (source.owned ? { uid: stat.uid, gid: stat.gid } : { uid: 0, gid: 0 })),
      size: type === "file" ? stat.size : 0,
      mtime: { seconds: stat.mtimeSeconds, nanoseconds: stat.mtimeNanoseconds },
      deviceMajor: stat.rdevMajor,
      deviceMinor: stat.rdevMinor,
      xattrs: source.owned ? withAttributesPath(at, attributesOf) : undefined,
    };
    const first = stat.nlink > 1 && type === "file" ? this.#firstLink(file, name) : undefined;
    if (first !== undefined) this.#writer.entry({ ...entry, type: "hardlink", linkName: first, size: 0 });
    else {
      this.#writer.entry(entry);
      if (type === "file") this.#content(at);
    }
  }

  /** Make the destination, and what is missing above it. */
  makeFolder(): void {
    this.#intoFolder(true);
  }

  /** A file whose text stands in the Dockerfile. */
  inline(filename: string, content: string): void {
    this.#queue.settle();
    const { owner = { uid: 0, gid: 0 }, mode, nowSeconds } = this.#options;
    const data = new TextEncoder().encode(content);
    this.#intoFolder(this.#options.place.isDirectory);
    this.#writer.entry({
      type: "file",
      name: this.#baseIsFolder ? join(this.#base, bytes(filename)) : this.#base,
      linkName: "",
      mode: changedMode(mode, 0o644, false),
      ...owner,
      size: data.length,
      mtime: { seconds: nowSeconds, nanoseconds: 0 },
      deviceMajor: 0,
      deviceMinor: 0,
      xattrs: undefined,
    });
    if (data.length > 0) this.#writer.data(data, 0, data.length);
    this.#writer.entryEnd();
  }

  /** Lay an archive out in the destination, which is a folder then. */
  async unpack(fd: number): Promise<void> {
    this.#queue.settle();
    this.#intoFolder(true);
    const writer = new TreeWriter(this.#rootFd, {
      base: this.#base,
      ...(this.#options.owner === undefined ? {} : { owner: this.#options.owner }),
    });
    try {
      const reader = new TarReader(writer);
      for await (const chunk of archiveChunks(fd)) reader.push(chunk);
      reader.end();
      writer.finish();
    } finally {
      writer.close();
    }
  }

  /** All files are there; bytes of the regular ones. */
  finish(): number {
    this.#queue.settle();
    return this.#queue.copiedBytes + this.#writer.finish().sizeBytes;
  }

  close(): void {
    this.#queue.close();
    this.#writer.close();
  }

  #target(file: VisitedFile, isDirectory: boolean): ByteString {
    if (isDirectory && file.path === "") {
      if (!this.#baseIsFolder) this.#folders(this.#base, false);
      this.#baseIsFolder = true;
      return this.#base;
    }
    if (!file.isSource) {
      this.#intoFolder(true);
      return join(this.#base, file.path);
    }
    this.#intoFolder(this.#options.place.isDirectory);
    return this.#baseIsFolder ? join(this.#base, file.path) : this.#base;
  }

  /** Make the folders that the destination needs: itself where it is one, else those above it. */
  #intoFolder(isFolder: boolean): void {
    if (this.#baseIsFolder) return;
    this.#folders(this.#base, isFolder);
    this.#baseIsFolder = isFolder;
  }

  #folders(path: ByteString, itself: boolean): void {
    const { owner = { uid: 0, gid: 0 }, nowSeconds } = this.#options;
    const parts = path.split("/");
    for (let count = 1; count < parts.length + (itself ? 1 : 0); count++) {
      const name = parts.slice(0, count).join("/");
      if (this.#isFolder(name)) continue;
      this.#writer.entry({
        type: "directory",
        name,
        linkName: "",
        mode: 0o755,
        ...owner,
        size: 0,
        mtime: { seconds: nowSeconds, nanoseconds: 0 },
        deviceMajor: 0,
        deviceMinor: 0,
        xattrs: undefined,
      });
      this.#writer.entryEnd();
    }
  }

  #isFolder(path: ByteString): boolean {
    try {
      const fd = openInRoot(this.#rootFd, Buffer.from(path, "latin1"), O_RDONLY | O_NONBLOCK);
      return withFd(fd, () => (fstat(fd).mode & S_IFMT) === S_IFDIR);
    } catch (error) {
      if (error instanceof Error && "code" in error) return false;
      throw error;
    }
  }

  #firstLink({ stat }: VisitedFile, name: ByteString): ByteString | undefined {
    const key = `${stat.devMajor}:${stat.devMinor}:${stat.ino}`;
    const first = this.#links.get(key);
    if (first === undefined) this.#links.set(key, name);
    return first;
  }

  #content(at: FileAt): void {
    withFd(openVisited(at), (file) => {
      for (let count = read(file, this.#buffer); count > 0; count = read(file, this.#buffer))
        this.#writer.data(this.#buffer, 0, count);
    });
    this.#writer.entryEnd();
  }
}

function attributesOf(path: string): TarEntry["xattrs"] {
  const found = new Map<ByteString, Uint8Array>();
  for (const name of listxattr(path)) {
    const key = byteString(name);
    if (/^(trusted|user)\.overlay\./.test(key) || key.startsWith("security.selinux")) continue;
    const value = getxattr(path, name);
    if (value !== undefined) found.set(key, value);
  }
  return found.size === 0 ? undefined : found;
}
