import { BerthError } from "#base/errors.ts";
import { kernelPath, printable, type ByteString } from "#spec/tar/byte-string.ts";
import type { TarEntry, TarSink } from "#spec/tar/tar-reader.ts";
import { SyscallError } from "../kernel/errno.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
} from "../kernel/linux.ts";
import { removeEntry } from "./remove-tree.ts";
import type { MappedIds, Owner } from "../mounts/mapped-ids.ts";
import {
  close,
  fchmod,
  fchmodat,
  fchown,
  fchownat,
  fdPath,
  fsetxattr,
  linkat,
  lstatMaybe,
  openat,
  raw,
  setxattr,
  umask,
  type KernelPath,
} from "../kernel/syscalls.ts";
import { DirectoryCache } from "./directory-cache.ts";
import { lastComponent, parentKey, memberPath, type MemberPath } from "./member-path.ts";
import { isDirectory, isWhiteout, whiteoutSays } from "./present-entry.ts";
import { makeSpecial } from "./make-special.ts";
import { FileContent } from "./file-content.ts";
import { writeAttributes } from "./write-attributes.ts";
import { checkLinks, createVerb, refused } from "./write-refusals.ts";

const EEXIST = 17;
const ENOENT = 2;
const ENOTDIR = 20;
const OPAQUE = "trusted.overlay.opaque";
const YES = new Uint8Array([0x79]);
const IMPLIED_DIRECTORY_MODE = 0o755;
const MAX_WARNINGS = 20;

export interface TreeWriterOptions {
  /** Cleaned path, below the root, of the existing directory that members go into. Default: the root. */
  readonly base?: ByteString;
  /** The root is an overlayfs layer: a directory that takes a whiteout's place becomes opaque. */
  readonly layer?: boolean;
  /** A member that names the base itself gives it owner, mode, attributes and times, as it always does in a layer. */
  readonly describesBase?: boolean;
  /** `invalid-parameter` where a directory would replace something else, or the other way round. */
  readonly keepTypes?: boolean;
  /** Given to every member instead of its own. `caller`: whatever this process's new files have. */
  readonly owner?: Owner | "caller";
  /** docker-compat: refuse symlinks whose target, read as text, leads out of the base. */
  readonly refuseLinksOutward?: boolean;
  /** Members' owners are ids inside; this thread's new files belong to root there. */
  readonly ids?: MappedIds | undefined;
}

export interface TreeWriterResult {
  /** Sum of the sizes of regular files and of the targets of symbolic links. */
  readonly sizeBytes: number;
  readonly members: number;
  readonly warnings: readonly string[];
}

/**
 * Lays the members of an archive out below a directory, which may be one that others are at work in.
 *
 * - Every parent is opened with RESOLVE_IN_ROOT and acted on by descriptor with a single last component, so neither `..`,
 *   nor absolute names, nor symbolic links, nor anybody who swaps one for a directory, lead outside of `rootFd`.
 * - A later member replaces what has its name, whatever the two types; directories are merged.
 * - Owners, modes (setuid after chown), extended attributes and times are exact; directories get their times at the end.
 * - `trusted.overlay.*` and `user.overlay.*` attributes are dropped with a warning: they would steer a mount.
 * - Attributes the file system refuses (EPERM, EOPNOTSUPP) are warnings, as in Docker.
 *
 * All calls are synchronous: for helpers and for programs that do nothing else. After an error the tree is unfinished.
 */
export class TreeWriter implements TarSink {
  readonly #options: TreeWriterOptions;
  readonly #directories: DirectoryCache;
  readonly #directoryTimes = new Map<ByteString, TarEntry["mtime"]>();
  readonly #times = new BigInt64Array(4);
  readonly #timeBytes = new Uint8Array(this.#times.buffer);
  readonly #umask: number;
  readonly #warnings: string[] = [];
  #inheritsGroup = false;
  #sizeBytes = 0;
  #members = 0;
  /** The file being written. */
  #file:
    | {
        readonly fd: number;
        readonly content: FileContent;
        readonly entry: TarEntry;
        readonly parent: number;
        readonly path: MemberPath;
      }
    | undefined;

  /** `rootFd` is an open directory (O_PATH will do), the caller's. */
  constructor(rootFd: number, options: TreeWriterOptions = {}) {
    this.#options = options;
    this.#directories = new DirectoryCache(rootFd, options.base ?? "");
    this.#umask = umask(0o022);
    umask(this.#umask);
  }

  /** Where members go, for messages. */
  get place(): string {
    return `/${printable(this.#options.base ?? "")}`;
  }

  get #placeText(): string {
    return this.#options.layer === true ? "the layer" : `"${this.place}"`;
  }

  entry(entry: TarEntry): void {
    this.put(entry, memberPath(entry.name, this.#placeText));
  }

  /** {@link entry} by a path that was cleaned already. */
  put(entry: TarEntry, path: MemberPath): void {
    this.nextMember();
    try {
      this.#put(entry, path);
    } catch (error) {
      throw this.located(error, entry.type, path.key);
    }
  }

  /** Descriptors that {@link directory} gave are good until the next call. */
  nextMember(): void {
    this.#directories.nextMember();
    this.#members++;
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      file.content.write(chunk, start, end);
    } catch (error) {
      throw this.located(error, "file", file.path.key);
    }
    this.#sizeBytes += end - start;
  }

  hole(length: number): void {
    this.#file?.content.hole(length);
  }

  entryEnd(): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      file.content.end();
      this.#finishFile(file.fd, file.entry, file.parent, file.path.name);
    } catch (error) {
      throw this.located(error, "file", file.path.key);
    } finally {
      this.#file = undefined;
      close(file.fd);
    }
  }

  /** All members are in: set the times of directories, which their members changed. */
  finish(): TreeWriterResult {
    for (const [key, mtime] of this.#directoryTimes) {
      this.#directories.nextMember();
      const own = this.#directories.find(key);
      if (own >= 0) this.setTimes(own, ".", mtime);
    }
    return { sizeBytes: this.#sizeBytes, members: this.#members, warnings: this.#warnings };
  }

  /** Close every descriptor; also after an error. */
  close(): void {
    if (this.#file !== undefined) close(this.#file.fd);
    this.#file = undefined;
    this.#directories.close();
  }

  /** Descriptor of the directory `key`, made (root's, 0755) where the archive left it out. */
  directory(key: ByteString): number {
    const fd = this.#directories.find(key);
    if (fd >= 0) return fd;
    if (fd !== -ENOENT && fd !== -ENOTDIR) throw refused("open", -fd, this.#shown(key));
    const above = this.directory(parentKey(key));
    const name = lastComponent(key);
    let made = raw("mkdirat", above, kernelPath(name), IMPLIED_DIRECTORY_MODE);
    if (made === -EEXIST && this.#options.layer === true && isWhiteout(above, name)) {
      this.#remove(above, name);
      made = raw("mkdirat", above, kernelPath(name), IMPLIED_DIRECTORY_MODE);
      if (made >= 0) setxattr(fdPath(this.#directories.get(key)), OPAQUE, YES);
    }
    if (made < 0) throw refused("mkdir", made === -EEXIST ? -fd : -made, this.#shown(key));
    const created = this.#directories.get(key);
    fchmodat(created, ".", IMPLIED_DIRECTORY_MODE);
    return created;
  }

  setTimes(parent: number, name: ByteString, mtime: TarEntry["mtime"]): void {
    const seconds = BigInt(mtime.seconds);
    const nanoseconds = BigInt(mtime.nanoseconds);
    this.#times[0] = seconds;
    this.#times[1] = nanoseconds;
    this.#times[2] = seconds;
    this.#times[3] = nanoseconds;
    const result = raw("utimensat", parent, kernelPath(name), this.#timeBytes, AT_SYMLINK_NOFOLLOW);
    if (result < 0) throw new SyscallError("utimensat", -result);
  }

  /** Name the member in what the kernel refused for it. */
  located(error: unknown, type: TarEntry["type"], key: ByteString): unknown {
    if (!(error instanceof SyscallError)) return error;
    const what = error.syscall === "create" ? createVerb[type] : error.syscall;
    return refused(what, error.errno, this.#shown(key));
  }

  #put(entry: TarEntry, path: MemberPath): void {
    if (path.name === "") {
      this.#describeBase(entry);
      return;
    }
    if (this.#options.refuseLinksOutward === true) checkLinks(entry, path, this.place);
    const parent = this.directory(path.directory);
    switch (entry.type) {
      case "file":
        this.#createFile(parent, path, entry);
        return;
      case "directory":
        this.#createDirectory(parent, path, entry);
        return;
      case "hardlink":
        this.#createHardLink(parent, path, entry);
        return;
      case "symlink":
      case "character":
      case "block":
      case "fifo":
        this.#createSpecial(parent, path, entry);
    }
  }

  /** docker-compat: outside of layers the directory that is extracted into stays as it is. */
  #describeBase(entry: TarEntry): void {
    if (entry.type !== "directory") throw new BerthError("invalid-parameter", "the layer's root is no directory");
    if (this.#options.layer !== true && this.#options.describesBase !== true) return;
    this.#describeDirectory(this.#directories.get(""), entry);
    this.#directoryTimes.set("", entry.mtime);
  }

  #createFile(parent: number, path: MemberPath, entry: TarEntry): void {
    const wanted = entry.mode & 0o777;
    const mode = this.#keepsOwner(entry) ? wanted : 0o600;
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const fd = this.#creating(parent, path, () => raw("openat", parent, kernelPath(path.name), flags, mode));
    this.#file = { fd, content: new FileContent(fd, this.#options.layer !== true), entry, parent, path };
  }

  #finishFile(fd: number, entry: TarEntry, parent: number, name: ByteString): void {
    const keepsOwner = this.#keepsOwner(entry);
    if (!keepsOwner) {
      const { uid, gid } = this.#ownerOf(entry);
      fchown(fd, uid, gid);
    }
    if (!keepsOwner || this.#needsChmod(entry.mode)) fchmod(fd, entry.mode);
    this.#setXattrs(entry, (key, value) => fsetxattr(fd, key, value));
    this.setTimes(parent, name, entry.mtime);
  }

  #createDirectory(parent: number, path: MemberPath, entry: TarEntry): void {
    const name = kernelPath(path.name);
    let made = raw("mkdirat", parent, name, entry.mode & 0o777);
    let replacedWhiteout = false;
    if (made === -EEXIST) {
      const present = lstatMaybe(parent, name);
      if (present !== undefined && (present.mode & S_IFMT) === S_IFDIR) made = 0;
      else {
        if (this.#options.keepTypes === true) {
          const message = `cannot overwrite non-directory "${this.#shown(path.key)}" with directory "${this.place}"`;
          throw new BerthError("invalid-parameter", message);
        }
        replacedWhiteout = this.#remove(parent, path.name);
        made = raw("mkdirat", parent, name, entry.mode & 0o777);
      }
    }
    if (made < 0) throw new SyscallError("mkdir", -made);
    const fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    this.#directories.put(path.key, fd);
    if (replacedWhiteout && this.#options.layer === true) setxattr(fdPath(fd), OPAQUE, YES);
    this.#describeDirectory(fd, entry);
    this.#directoryTimes.set(path.key, entry.mtime);
  }

  #describeDirectory(fd: number, entry: TarEntry): void {
    const { uid, gid } = this.#ownerOf(entry);
    fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
    fchmodat(fd, ".", entry.mode);
    if ((entry.mode & 0o2000) !== 0) this.#inheritsGroup = true;
    this.#setXattrs(entry, (key, value) => setxattr(fdPath(fd), key, value));
  }

  #createHardLink(parent: number, path: MemberPath, entry: TarEntry): void {
    const target = memberPath(entry.linkName, this.#placeText);
    if (target.key === path.key) return;
    const targetParent = this.#directories.get(target.directory);
    const made = this.#creating(parent, path, () =>
      raw("linkat", targetParent, kernelPath(target.name), parent, kernelPath(path.name), 0),
    );
    if (made < 0) linkat(targetParent, kernelPath(target.name), parent, kernelPath(path.name));
  }

  #createSpecial(parent: number, path: MemberPath, entry: TarEntry): void {
    const name = kernelPath(path.name);
    this.#creating(parent, path, () => makeSpecial(parent, entry, name));
    if (entry.type === "symlink") this.#sizeBytes += entry.linkName.length;
    // By descriptor: chmod(2) follows, and the name may be a link to anywhere by now.
    const fd = openat(parent, name, O_PATH | O_NOFOLLOW);
    try {
      if (!this.#keepsOwner(entry)) {
        const { uid, gid } = this.#ownerOf(entry);
        fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
      }
      if (entry.type !== "symlink") fchmodat(AT_FDCWD, fdPath(fd), entry.mode);
      this.#setXattrs(entry, (key, value) => setxattr(fdPath(fd), key, value));
    } finally {
      close(fd);
    }
    this.setTimes(parent, path.name, entry.mtime);
  }

  /** Run `create`; when something has the name already, remove that first. */
  #creating(parent: number, path: MemberPath, create: () => number): number {
    let result = create();
    if (result === -EEXIST) {
      if (this.#options.keepTypes === true && isDirectory(parent, path.name)) {
        const message = `cannot overwrite directory "${this.#shown(path.key)}" with non-directory "${this.place}"`;
        throw new BerthError("invalid-parameter", message);
      }
      this.#remove(parent, path.name);
      result = create();
    }
    if (result < 0) throw new SyscallError("create", -result);
    return result;
  }

  /** True when it was a whiteout. */
  #remove(parent: number, name: ByteString): boolean {
    const path = kernelPath(name);
    const present = lstatMaybe(parent, path);
    removeEntry(parent, path);
    // No known path leads through a file.
    if (present === undefined || (present.mode & S_IFMT) !== S_IFREG) this.#directories.forgetAll();
    return present !== undefined && whiteoutSays(present);
  }

  #setXattrs(entry: TarEntry, set: (key: KernelPath, value: Uint8Array) => void): void {
    if (entry.xattrs !== undefined) writeAttributes(entry, set, (text) => this.#warn(text));
  }

  #ownerOf(entry: TarEntry): Owner {
    const { owner, ids } = this.#options;
    if (owner === "caller") return { uid: -1, gid: -1 };
    return ids?.outward(owner ?? entry) ?? owner ?? entry;
  }

  /** A new file of this process already has that owner. */
  #keepsOwner(entry: TarEntry): boolean {
    if (this.#options.owner === "caller") return true;
    const { uid, gid } = this.#options.owner ?? entry;
    return uid === 0 && gid === 0 && !this.#inheritsGroup;
  }

  #needsChmod(mode: number): boolean {
    return (mode & (0o7000 | this.#umask)) !== 0;
  }

  #warn(text: string): void {
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(text);
  }

  #shown(key: ByteString): string {
    const { base = "" } = this.#options;
    return printable(base === "" ? `/${key}` : `/${base}/${key}`);
  }
}
