import { BerthError } from "#base/errors.ts";
import { SyscallError } from "#host/errno.ts";
import {
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
} from "#host/linux.ts";
import {
  close,
  fchmod,
  fchmodat,
  fchown,
  fchownat,
  fdPath,
  fsetxattr,
  linkat,
  lsetxattr,
  lstatMaybe,
  mknodat,
  raw,
  setxattr,
  umask,
} from "#host/syscalls.ts";
import { removeEntry } from "#host/remove-tree.ts";
import { kernelPath, printable, type ByteString } from "../tar/byte-string.ts";
import type { TarEntry, TarSink } from "../tar/tar-reader.ts";
import { DirectoryCache } from "./directory-cache.ts";
import { memberPath, parentKey, lastComponent, type MemberPath } from "./member-path.ts";

const EEXIST = 17;
const ENOENT = 2;
const ENOTDIR = 20;
const OPAQUE = "trusted.overlay.opaque";
const YES = new Uint8Array([0x79]);
const WHITEOUT_PREFIX = ".wh.";
const WHITEOUT_META_PREFIX = ".wh..wh.";
const OPAQUE_MARKER = ".wh..wh..opq";
const IMPLIED_DIRECTORY_MODE = 0o755;
const MAX_WARNINGS = 20;

export interface LayerWriterResult {
  /** Sum of the sizes of regular files, each hard-linked file once: what Docker calls a layer's size. */
  readonly sizeBytes: number;
  readonly members: number;
  readonly warnings: readonly string[];
}

/**
 * Lays the members of one layer's archive out below a directory in the form overlayfs reads. Sources: OCI image-spec
 * `layer.md` (whiteouts, hard links, attributes), kernel `Documentation/filesystems/overlayfs.rst` (whiteouts are
 * character devices 0/0, opaque directories carry `trusted.overlay.opaque=y`).
 *
 * - Every parent is opened with RESOLVE_IN_ROOT and acted on by descriptor with a single last component, so neither `..`,
 *   nor absolute names, nor symbolic links of the layer reach anything outside `rootFd`.
 * - A later member replaces an earlier one of the same name, whatever the two types; directories are merged.
 * - A whiteout hides only lower layers: beside a member of the same name it makes a directory opaque or does nothing.
 * - Owners, modes (setuid after chown), extended attributes and times are exact; directories get their times at the end.
 * - `trusted.overlay.*` and `user.overlay.*` attributes are dropped with a warning: they would steer the mount itself.
 * - Attributes the file system refuses (EPERM, EOPNOTSUPP) are warnings, as in Docker.
 *
 * All calls are synchronous: use it in a worker. After an error the tree is unfinished and must be thrown away.
 */
export class LayerWriter implements TarSink {
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
    | { readonly fd: number; readonly entry: TarEntry; readonly parent: number; readonly name: ByteString }
    | undefined;

  /** `rootFd` is an open directory (O_PATH will do), the caller's. */
  constructor(rootFd: number) {
    this.#directories = new DirectoryCache(rootFd);
    this.#umask = umask(0o022);
    umask(this.#umask);
  }

  entry(entry: TarEntry): void {
    this.#directories.nextMember();
    this.#members++;
    const path = memberPath(entry.name);
    try {
      this.#entry(entry, path);
    } catch (error) {
      throw this.#located(error, entry.type, path.key);
    }
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    const file = this.#file;
    if (file === undefined) return;
    for (let at = start; at < end;) {
      const written = raw("write", file.fd, at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
      if (written < 0) throw refused("write", -written, memberPath(file.entry.name).key);
      at += written;
    }
    this.#sizeBytes += end - start;
  }

  entryEnd(): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      this.#finishFile(file.fd, file.entry, file.parent, file.name);
    } catch (error) {
      throw this.#located(error, "file", memberPath(file.entry.name).key);
    } finally {
      this.#file = undefined;
      close(file.fd);
    }
  }

  /** All members are in: set the times of directories, which their members changed. */
  finish(): LayerWriterResult {
    for (const [key, mtime] of this.#directoryTimes) {
      this.#directories.nextMember();
      const own = this.#directories.find(key);
      if (own < 0) continue;
      this.#setTimes(this.#directories.get(key), ".", mtime);
    }
    return { sizeBytes: this.#sizeBytes, members: this.#members, warnings: this.#warnings };
  }

  /** Close every descriptor; also after an error. */
  close(): void {
    if (this.#file !== undefined) close(this.#file.fd);
    this.#file = undefined;
    this.#directories.close();
  }

  #entry(entry: TarEntry, path: MemberPath): void {
    if (path.name === "") {
      if (entry.type !== "directory") throw new BerthError("invalid-parameter", "the layer's root is no directory");
      this.#describeDirectory(this.#directories.get(""), entry);
      this.#directoryTimes.set("", entry.mtime);
      return;
    }
    if (path.name === OPAQUE_MARKER) {
      setxattr(fdPath(this.#parent(path.directory)), OPAQUE, YES);
      return;
    }
    // docker-compat: AUFS kept its own books under such names; they are no part of the image.
    if (path.key.startsWith(WHITEOUT_META_PREFIX) || path.key.includes(`/${WHITEOUT_META_PREFIX}`)) return;
    const parent = this.#parent(path.directory);
    if (path.name.startsWith(WHITEOUT_PREFIX)) {
      this.#whiteout(parent, path.name.slice(WHITEOUT_PREFIX.length), entry);
      return;
    }
    switch (entry.type) {
      case "file":
        this.#createFile(parent, path.name, entry);
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
        this.#createSpecial(parent, path.name, entry);
    }
  }

  #createFile(parent: number, name: ByteString, entry: TarEntry): void {
    const wanted = entry.mode & 0o777;
    const mode = this.#keepsOwner(entry) ? wanted : 0o600;
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const fd = this.#creating(parent, name, () => raw("openat", parent, kernelPath(name), flags, mode));
    this.#file = { fd, entry, parent, name };
  }

  #finishFile(fd: number, entry: TarEntry, parent: number, name: ByteString): void {
    const keepsOwner = this.#keepsOwner(entry);
    if (!keepsOwner) fchown(fd, entry.uid, entry.gid);
    if (!keepsOwner || this.#needsChmod(entry.mode)) fchmod(fd, entry.mode);
    this.#setXattrs(entry, (key, value) => fsetxattr(fd, key, value));
    this.#setTimes(parent, name, entry.mtime);
  }

  #createDirectory(parent: number, path: MemberPath, entry: TarEntry): void {
    const name = kernelPath(path.name);
    let made = raw("mkdirat", parent, name, entry.mode & 0o777);
    let replacedWhiteout = false;
    if (made === -EEXIST) {
      const present = lstatMaybe(parent, name);
      if (present !== undefined && (present.mode & S_IFMT) === S_IFDIR) made = 0;
      else {
        replacedWhiteout = this.#remove(parent, path.name);
        made = raw("mkdirat", parent, name, entry.mode & 0o777);
      }
    }
    if (made < 0) throw new SyscallError("mkdir", -made);
    const fd = this.#directories.get(path.key);
    if (replacedWhiteout) setxattr(fdPath(fd), OPAQUE, YES);
    this.#describeDirectory(fd, entry);
    this.#directoryTimes.set(path.key, entry.mtime);
  }

  #describeDirectory(fd: number, entry: TarEntry): void {
    fchownat(fd, "", entry.uid, entry.gid, 0x1000);
    fchmodat(fd, ".", entry.mode);
    if ((entry.mode & 0o2000) !== 0) this.#inheritsGroup = true;
    this.#setXattrs(entry, (key, value) => setxattr(fdPath(fd), key, value));
  }

  #createHardLink(parent: number, path: MemberPath, entry: TarEntry): void {
    const target = memberPath(entry.linkName);
    if (target.key === path.key) return;
    const targetParent = this.#directories.get(target.directory);
    const made = this.#creating(parent, path.name, () =>
      raw("linkat", targetParent, kernelPath(target.name), parent, kernelPath(path.name), 0),
    );
    if (made < 0) linkat(targetParent, kernelPath(target.name), parent, kernelPath(path.name));
  }

  #createSpecial(parent: number, name: ByteString, entry: TarEntry): void {
    const path = kernelPath(name);
    if (entry.type === "symlink") {
      this.#creating(parent, name, () => raw("symlinkat", kernelPath(entry.linkName), parent, path));
    } else {
      const kind = entry.type === "fifo" ? S_IFIFO : entry.type === "block" ? S_IFBLK : S_IFCHR;
      const { deviceMajor: major, deviceMinor: minor } = entry;
      if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff) {
        throw new BerthError("invalid-parameter", `device number ${major}:${minor} is out of range`);
      }
      this.#creating(parent, name, () =>
        attempt(() => mknodat(parent, path, kind | (entry.mode & 0o777), major, minor)),
      );
    }
    if (!this.#keepsOwner(entry)) fchownat(parent, path, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW);
    if (entry.type !== "symlink") fchmodat(parent, path, entry.mode);
    this.#setXattrs(entry, (key, value) =>
      lsetxattr(Buffer.concat([Buffer.from(`${fdPath(parent)}/`), Buffer.from(name, "latin1")]), key, value),
    );
    this.#setTimes(parent, name, entry.mtime);
  }

  #whiteout(parent: number, name: ByteString, entry: TarEntry): void {
    if (name === "" || name === "." || name === "..") {
      throw new BerthError("invalid-parameter", `"${printable(entry.name)}" is no valid whiteout`);
    }
    const path = kernelPath(name);
    const present = lstatMaybe(parent, path);
    if (present === undefined) {
      mknodat(parent, path, S_IFCHR, 0, 0);
      this.#setTimes(parent, name, entry.mtime);
      return;
    }
    if ((present.mode & S_IFMT) !== S_IFDIR) return;
    setxattr(Buffer.concat([Buffer.from(`${fdPath(parent)}/`), Buffer.from(name, "latin1")]), OPAQUE, YES);
  }

  /** Descriptor of the directory `key`, made (root's, 0755) where the archive left it out. */
  #parent(key: ByteString): number {
    const fd = this.#directories.find(key);
    if (fd >= 0) return fd;
    if (fd !== -ENOENT && fd !== -ENOTDIR) throw refused("open", -fd, key);
    const above = this.#parent(parentKey(key));
    const name = lastComponent(key);
    let made = raw("mkdirat", above, kernelPath(name), IMPLIED_DIRECTORY_MODE);
    if (made === -EEXIST && isWhiteout(above, name)) {
      this.#remove(above, name);
      made = raw("mkdirat", above, kernelPath(name), IMPLIED_DIRECTORY_MODE);
      if (made >= 0) setxattr(fdPath(this.#directories.get(key)), OPAQUE, YES);
    }
    if (made < 0) throw refused("mkdir", made === -EEXIST ? -fd : -made, key);
    const created = this.#directories.get(key);
    fchmodat(created, ".", IMPLIED_DIRECTORY_MODE);
    return created;
  }

  /** Run `create`; when something has the name already, remove that first. */
  #creating(parent: number, name: ByteString, create: () => number): number {
    let result = create();
    if (result === -EEXIST) {
      this.#remove(parent, name);
      result = create();
    }
    if (result < 0) throw new SyscallError("create", -result);
    return result;
  }

  /** True when it was a whiteout. */
  #remove(parent: number, name: ByteString): boolean {
    const wasWhiteout = isWhiteout(parent, name);
    removeEntry(parent, kernelPath(name));
    this.#directories.forgetAll();
    return wasWhiteout;
  }

  #setXattrs(entry: TarEntry, set: (key: string | Uint8Array, value: Uint8Array) => void): void {
    if (entry.xattrs === undefined) return;
    for (const [key, value] of entry.xattrs) {
      if (key.startsWith("trusted.overlay.") || key.startsWith("user.overlay.")) {
        this.#warn(`dropped extended attribute ${printable(key)} of ${printable(entry.name)}`);
        continue;
      }
      try {
        set(kernelPath(key), value);
      } catch (error) {
        if (!(error instanceof SyscallError) || (error.code !== "EOPNOTSUPP" && error.code !== "EPERM")) throw error;
        this.#warn(`extended attribute ${printable(key)} of ${printable(entry.name)} not set: ${error.message}`);
      }
    }
  }

  #setTimes(parent: number, name: ByteString, mtime: TarEntry["mtime"]): void {
    const seconds = BigInt(mtime.seconds);
    const nanoseconds = BigInt(mtime.nanoseconds);
    this.#times[0] = seconds;
    this.#times[1] = nanoseconds;
    this.#times[2] = seconds;
    this.#times[3] = nanoseconds;
    const result = raw("utimensat", parent, kernelPath(name), this.#timeBytes, AT_SYMLINK_NOFOLLOW);
    if (result < 0) throw new SyscallError("utimensat", -result);
  }

  /** A new file of this process already has that owner. */
  #keepsOwner(entry: TarEntry): boolean {
    return entry.uid === 0 && entry.gid === 0 && !this.#inheritsGroup;
  }

  #needsChmod(mode: number): boolean {
    return (mode & (0o7000 | this.#umask)) !== 0;
  }

  #warn(text: string): void {
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(text);
  }

  /** Name the member in what the kernel refused for it. */
  #located(error: unknown, type: TarEntry["type"], key: ByteString): unknown {
    if (!(error instanceof SyscallError)) return error;
    return refused(error.syscall === "create" ? CREATE_VERB[type] : error.syscall, error.errno, key);
  }
}

/** docker-compat: "write /usr/bin/x: no space left on device". */
function refused(what: string, errno: number, key: ByteString): BerthError {
  const { kind, message, details } = new SyscallError(what, errno, `/${printable(key)}`);
  return new BerthError(kind, message, { details });
}

const CREATE_VERB: Readonly<Record<TarEntry["type"], string>> = {
  file: "open",
  directory: "mkdir",
  symlink: "symlink",
  hardlink: "link",
  character: "mknod",
  block: "mknod",
  fifo: "mknod",
};

function isWhiteout(parent: number, name: ByteString): boolean {
  const present = lstatMaybe(parent, kernelPath(name));
  return (
    present !== undefined && (present.mode & S_IFMT) === S_IFCHR && present.rdevMajor === 0 && present.rdevMinor === 0
  );
}

function attempt(act: () => void): number {
  try {
    act();
    return 0;
  } catch (error) {
    if (error instanceof SyscallError) return -error.errno;
    throw error;
  }
}
