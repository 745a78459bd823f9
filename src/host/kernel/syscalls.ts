import { addon, type KernelPath, type RawArgument } from "./addon.ts";
import { SyscallError } from "./errno.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, F_SETFL, LOCK_NB, O_CLOEXEC, SOCK_CLOEXEC } from "./linux.ts";
import { decodeStatx, STATX_BUFFER_BYTES, STATX_MASK, type FileStat } from "./stat.ts";

/**
 * Linux system calls, one function each, in sections. A function throws {@link SyscallError} when the kernel refuses;
 * descriptors it makes are close-on-exec; numbers are in `./linux.ts`. Calls are synchronous: what may block for long
 * (a blocking socket, syncing much data) belongs in a worker. Calls interrupted by a signal (EINTR) are repeated.
 *
 * Paths may be strings (passed as UTF-8) or raw bytes; where a name came from the kernel or a tar, keep the bytes.
 *
 * Hot loops that expect refusals (EEXIST, ENOENT) use {@link raw}, which returns -errno and never throws for it.
 */
export type { KernelPath } from "./addon.ts";
export { SyscallError } from "./errno.ts";

/** One syscall without the exception: >= 0, or -errno. Names and arguments are the rows of `native/addon/sys.c`. */
export function raw(name: string, ...args: RawArgument[]): number {
  return call(name)(...args);
}

function call(name: string): (...args: RawArgument[]) => number {
  const found = addon().calls[name];
  if (found === undefined) throw new TypeError(`the addon has no syscall ${name}`);
  return found;
}

function checked(name: string, result: number, subject?: KernelPath | number): number {
  if (result >= 0) return result;
  throw new SyscallError(name, -result, subject === undefined ? undefined : describe(subject));
}

function run(name: string, subject: KernelPath | number | undefined, ...args: RawArgument[]): number {
  return checked(name, call(name)(...args), subject);
}

function describe(subject: KernelPath | number): string {
  if (typeof subject === "number") return `fd ${subject}`;
  return typeof subject === "string" ? subject : new TextDecoder().decode(subject);
}

/** The path through which an O_PATH descriptor can be given to calls that take only paths (mount, setxattr, chmod). */
export function fdPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

// ── open, read, write ───────────────────────────────────────────────────────────────────────────────────────────────

/** How often a lookup is tried again that raced with a rename or mount somewhere on the system. */
const lookupTries = 128;
const EAGAIN = 11;

/**
 * openat2(2). `resolve` is RESOLVE_*; O_CLOEXEC is added. `mode` only with O_CREAT or O_TMPFILE. A scoped lookup of ".."
 * that raced with a rename or mount anywhere on the system (EAGAIN) is made again.
 */
export function openat2(dirFd: number, path: KernelPath, flags: number, mode = 0, resolve = 0): number {
  const how = new BigUint64Array([BigInt(flags | O_CLOEXEC), BigInt(mode), BigInt(resolve)]);
  const argument = new Uint8Array(how.buffer);
  let result = call("openat2")(dirFd, path, argument);
  for (let tries = 1; result === -EAGAIN && tries < lookupTries; tries++) {
    result = call("openat2")(dirFd, path, argument);
  }
  return checked("openat2", result, path);
}

/** openat(2), with O_CLOEXEC. */
export function openat(dirFd: number, path: KernelPath, flags: number, mode = 0): number {
  return run("openat", path, dirFd, path, flags | O_CLOEXEC, mode);
}

/** open(2): openat from the working directory. */
export function open(path: KernelPath, flags: number, mode = 0): number {
  return openat(AT_FDCWD, path, flags, mode);
}

/** close(2). */
export function close(fd: number): void {
  run("close", fd, fd);
}

/** dup with O_CLOEXEC: fcntl(2) F_DUPFD_CLOEXEC. */
export function duplicate(fd: number): number {
  return run("fcntl", fd, fd, 1030, 0);
}

/** fcntl(2) with a number argument. */
export function fcntl(fd: number, command: number, argument = 0): number {
  return run("fcntl", fd, fd, command, argument);
}

/** fcntl(2) F_SETFL, e.g. O_NONBLOCK. */
export function setStatusFlags(fd: number, flags: number): void {
  run("fcntl", fd, fd, F_SETFL, flags);
}

/** read(2): bytes read, 0 at the end. */
export function read(fd: number, into: Uint8Array): number {
  return run("read", fd, fd, into);
}

/** pread(2). */
export function pread(fd: number, into: Uint8Array, position: number): number {
  return run("pread", fd, fd, into, position);
}

/** write(2): bytes written, possibly fewer than given. */
export function write(fd: number, bytes: Uint8Array): number {
  return run("write", fd, fd, bytes);
}

/** write(2) until all is written. For blocking descriptors. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength;) done += write(fd, done === 0 ? bytes : bytes.subarray(done));
}

/** pwrite(2). */
export function pwrite(fd: number, bytes: Uint8Array, position: number): number {
  return run("pwrite", fd, fd, bytes, position);
}

/** lseek(2): the new position. `whence` 0 SET, 1 CUR, 2 END, 3 DATA, 4 HOLE. */
export function lseek(fd: number, offset: number, whence: number): number {
  return run("lseek", fd, fd, offset, whence);
}

/** copy_file_range(2) from and to the descriptors' own positions: bytes copied, 0 at the end. */
export function copyFileRange(fromFd: number, toFd: number, length: number): number {
  return run("copy_file_range", fromFd, fromFd, toFd, length);
}

/** ftruncate(2). */
export function ftruncate(fd: number, length: number): void {
  run("ftruncate", fd, fd, length);
}

/** fsync(2). */
export function fsync(fd: number): void {
  run("fsync", fd, fd);
}

/** syncfs(2): the whole file system that holds `fd`. */
export function syncfs(fd: number): void {
  run("syncfs", fd, fd);
}

/** flock(2), LOCK_* in linux.ts. False when LOCK_NB was given and another holds the lock. */
export function flock(fd: number, operation: number): boolean {
  const result = raw("flock", fd, operation);
  if (result === -11 && (operation & LOCK_NB) !== 0) return false;
  checked("flock", result, fd);
  return true;
}

/** memfd_create(2), close-on-exec unless `flags` (MFD_*) say otherwise. Seal with fcntl F_ADD_SEALS. */
export function memfdCreate(name: string, flags: number): number {
  return run("memfd_create", name, name, flags);
}

/** pipe2(2): the reading and the writing end, both close-on-exec. */
export function pipe(): readonly [readEnd: number, writeEnd: number] {
  const ends = new Uint8Array(8);
  run("pipe2", "", ends, O_CLOEXEC);
  const view = new DataView(ends.buffer);
  return [view.getInt32(0, true), view.getInt32(4, true)];
}

// ── directory entries ───────────────────────────────────────────────────────────────────────────────────────────────

/** mkdirat(2). The umask applies. */
export function mkdirat(dirFd: number, path: KernelPath, mode: number): void {
  run("mkdirat", path, dirFd, path, mode);
}

/** mknodat(2): `mode` includes the S_IF* type. The umask applies. */
export function mknodat(dirFd: number, path: KernelPath, mode: number, major: number, minor: number): void {
  run("mknodat", path, dirFd, path, mode, encodeDevice(major, minor));
}

/** The kernel's 32-bit `dev_t` (new_encode_dev in linux/kdev_t.h). */
function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

/** symlinkat(2). */
export function symlinkat(target: KernelPath, dirFd: number, path: KernelPath): void {
  run("symlinkat", path, target, dirFd, path);
}

/** linkat(2). `flags`: AT_EMPTY_PATH (link the file `oldFd` itself), AT_SYMLINK_FOLLOW. */
export function linkat(oldFd: number, oldPath: KernelPath, newFd: number, newPath: KernelPath, flags = 0): void {
  run("linkat", newPath, oldFd, oldPath, newFd, newPath, flags);
}

/** unlinkat(2). AT_REMOVEDIR for directories. */
export function unlinkat(dirFd: number, path: KernelPath, flags = 0): void {
  run("unlinkat", path, dirFd, path, flags);
}

/** renameat2(2). `flags`: RENAME_NOREPLACE, RENAME_EXCHANGE. */
export function renameat2(oldFd: number, oldPath: KernelPath, newFd: number, newPath: KernelPath, flags = 0): void {
  run("renameat2", newPath, oldFd, oldPath, newFd, newPath, flags);
}

/** readlinkat(2), as bytes. With path "" and an O_PATH|O_NOFOLLOW descriptor: that symlink itself. */
export function readlinkat(dirFd: number, path: KernelPath): Uint8Array {
  const buffer = new Uint8Array(4096);
  return buffer.slice(0, run("readlinkat", path, dirFd, path, buffer));
}

export interface DirectoryEntry {
  /** Raw bytes of the name. */
  readonly name: Uint8Array;
  /** DT_* of linux.ts; DT_UNKNOWN on file systems that do not tell. */
  readonly type: number;
}

/** For one call at a time: names are copied out of it. */
const directoryBuffer = new Uint8Array(32 * 1024);

/**
 * getdents64(2) to the end: every entry but `.` and `..`, in the kernel's order. `fd` is a directory opened for reading
 * (not O_PATH); its position moves to the end.
 */
export function readDirectory(fd: number): DirectoryEntry[] {
  const buffer = directoryBuffer;
  const view = new DataView(buffer.buffer);
  const entries: DirectoryEntry[] = [];
  for (;;) {
    const filled = run("getdents64", fd, fd, buffer);
    if (filled === 0) return entries;
    for (let at = 0; at < filled; at += view.getUint16(at + 16, true)) {
      const start = at + 19;
      const name = buffer.slice(start, buffer.indexOf(0, start));
      const isDot = name[0] === 46 && (name.length === 1 || (name.length === 2 && name[1] === 46));
      if (!isDot) entries.push({ name, type: view.getUint8(at + 18) });
    }
  }
}

// ── metadata ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** statx(2). `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
export function statx(dirFd: number, path: KernelPath, flags = 0): FileStat {
  const view = new DataView(new ArrayBuffer(STATX_BUFFER_BYTES));
  run("statx", path, dirFd, path, flags, STATX_MASK, new Uint8Array(view.buffer));
  return decodeStatx(view);
}

/** The file behind a descriptor (O_PATH included). */
export function fstat(fd: number): FileStat {
  return statx(fd, "", AT_EMPTY_PATH);
}

/** {@link statx} that follows no symlink and answers undefined for what does not exist (ENOENT, ENOTDIR). */
export function lstatMaybe(dirFd: number, path: KernelPath): FileStat | undefined {
  const view = new DataView(new ArrayBuffer(STATX_BUFFER_BYTES));
  const result = raw("statx", dirFd, path, AT_SYMLINK_NOFOLLOW, STATX_MASK, new Uint8Array(view.buffer));
  if (result === -2 || result === -20) return undefined;
  checked("statx", result, path);
  return decodeStatx(view);
}

/** fchownat(2). -1 leaves an id alone. `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
export function fchownat(dirFd: number, path: KernelPath, uid: number, gid: number, flags = AT_SYMLINK_NOFOLLOW): void {
  run("fchownat", path, dirFd, path, uid, gid, flags);
}

/** fchown(2) of an open file (not O_PATH). */
export function fchown(fd: number, uid: number, gid: number): void {
  run("fchown", fd, fd, uid, gid);
}

/** fchmodat(2): follows symlinks. */
export function fchmodat(dirFd: number, path: KernelPath, mode: number): void {
  run("fchmodat", path, dirFd, path, mode);
}

/** fchmod(2). An O_PATH descriptor is refused with EBADF: give {@link fdPath} to {@link fchmodat} for that. */
export function fchmod(fd: number, mode: number): void {
  run("fchmod", fd, fd, mode);
}

export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** utimensat(2). `undefined` leaves a time alone. */
export function utimensat(
  dirFd: number,
  path: KernelPath,
  accessed: FileTime | undefined,
  modified: FileTime | undefined,
  flags = AT_SYMLINK_NOFOLLOW,
): void {
  const omit = { seconds: 0, nanoseconds: (1 << 30) - 2 };
  const times = new BigInt64Array(4);
  [accessed ?? omit, modified ?? omit].forEach((time, index) => {
    times[index * 2] = BigInt(time.seconds);
    times[index * 2 + 1] = BigInt(time.nanoseconds);
  });
  run("utimensat", path, dirFd, path, new Uint8Array(times.buffer), flags);
}

export interface FileSystemStat {
  /** f_type: the file system's magic, e.g. OVERLAYFS_SUPER_MAGIC 0x794c7630. */
  readonly type: number;
  readonly blockSize: number;
  readonly blocks: number;
  readonly blocksFree: number;
  readonly blocksAvailable: number;
  readonly files: number;
  readonly filesFree: number;
}

/** statfs(2). */
export function statfs(path: KernelPath): FileSystemStat {
  const words = new BigInt64Array(15);
  run("statfs", path, path, new Uint8Array(words.buffer));
  const word = (index: number): number => Number(words[index] ?? 0n);
  return {
    type: word(0),
    blockSize: word(1),
    blocks: word(2),
    blocksFree: word(3),
    blocksAvailable: word(4),
    files: word(5),
    filesFree: word(6),
  };
}

/** umask(2), of the whole process: the previous mask. Set it once, at start. */
export function umask(mask: number): number {
  return run("umask", undefined, mask);
}

// ── extended attributes: by path, by path without following a symlink (l…), by open file (f…) ───────────────────────
// An O_PATH descriptor cannot be used with the f… calls; give fdPath(fd) to the calls that follow.

/** setxattr(2). `flags`: XATTR_CREATE, XATTR_REPLACE. */
export function setxattr(path: KernelPath, name: KernelPath, value: Uint8Array, flags = 0): void {
  run("setxattr", path, path, name, value, flags);
}

/** lsetxattr(2). */
export function lsetxattr(path: KernelPath, name: KernelPath, value: Uint8Array, flags = 0): void {
  run("lsetxattr", path, path, name, value, flags);
}

/** fsetxattr(2). */
export function fsetxattr(fd: number, name: KernelPath, value: Uint8Array, flags = 0): void {
  run("fsetxattr", fd, fd, name, value, flags);
}

/** getxattr(2); undefined when the attribute is not there (ENODATA) or the file system knows none (EOPNOTSUPP). */
export function getxattr(path: KernelPath, name: KernelPath): Uint8Array | undefined {
  return attributeBytes("getxattr", path, name);
}

/** lgetxattr(2). */
export function lgetxattr(path: KernelPath, name: KernelPath): Uint8Array | undefined {
  return attributeBytes("lgetxattr", path, name);
}

/** fgetxattr(2). */
export function fgetxattr(fd: number, name: KernelPath): Uint8Array | undefined {
  return attributeBytes("fgetxattr", fd, name);
}

/** listxattr(2): raw names. */
export function listxattr(path: KernelPath): Uint8Array[] {
  return splitAtNul(attributeBytes("listxattr", path));
}

/** llistxattr(2). */
export function llistxattr(path: KernelPath): Uint8Array[] {
  return splitAtNul(attributeBytes("llistxattr", path));
}

/** flistxattr(2). */
export function flistxattr(fd: number): Uint8Array[] {
  return splitAtNul(attributeBytes("flistxattr", fd));
}

/** lremovexattr(2). */
export function lremovexattr(path: KernelPath, name: KernelPath): void {
  run("lremovexattr", path, path, name);
}

/** Most files have no attributes: asked for into the same bytes every time. */
const firstAttributeBytes = new Uint8Array(512);

function attributeBytes(name: string, target: KernelPath | number, ...rest: RawArgument[]): Uint8Array | undefined {
  const first = raw(name, target, ...rest, firstAttributeBytes);
  if (first === -61 || first === -95) return undefined;
  if (first !== -34) return firstAttributeBytes.slice(0, checked(name, first, target));
  for (let size = 2048; ; size *= 4) {
    const buffer = new Uint8Array(Math.min(size, 65536));
    const result = raw(name, target, ...rest, buffer);
    if (result === -34 && size < 65536) continue;
    if (result === -61 || result === -95) return undefined;
    return buffer.slice(0, checked(name, result, target));
  }
}

function splitAtNul(bytes: Uint8Array | undefined): Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (bytes === undefined) return parts;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    parts.push(bytes.slice(start, end));
    start = end + 1;
  }
  return parts;
}

// ── mounts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** mount(2). `null` for what the operation ignores. */
export function mount(
  source: KernelPath | null,
  target: KernelPath,
  type: string | null,
  flags: number,
  data: KernelPath | null = null,
): void {
  run("mount", target, source, target, type, flags, data);
}

/** umount2(2). `flags`: MNT_DETACH, UMOUNT_NOFOLLOW. */
export function umount(target: KernelPath, flags = 0): void {
  run("umount2", target, target, flags);
}

/** fsopen(2): a descriptor of a file system being configured. */
export function fsopen(type: string): number {
  return run("fsopen", type, type, 1);
}

/** fsconfig(2). `value` is a string for FSCONFIG_SET_STRING; `auxiliary` a descriptor for FSCONFIG_SET_FD. */
export function fsconfig(
  fd: number,
  command: number,
  key: string | null = null,
  value: KernelPath | null = null,
  auxiliary = 0,
): void {
  run("fsconfig", key ?? fd, fd, command, key, value, auxiliary);
}

/** What the kernel wrote about a failed fsconfig/fsmount (read(2) on the fsopen descriptor), one line each, or "". */
export function fsMessages(fd: number): string {
  const lines: string[] = [];
  const buffer = new Uint8Array(4096);
  for (;;) {
    const length = raw("read", fd, buffer);
    if (length <= 0) return lines.join("; ");
    lines.push(
      new TextDecoder()
        .decode(buffer.subarray(0, length))
        .replace(/^[a-z] /, "")
        .trim(),
    );
  }
}

/** fsmount(2): a descriptor of a detached mount. `attributes`: MOUNT_ATTR_*. */
export function fsmount(fd: number, attributes = 0): number {
  return run("fsmount", fd, fd, 1, attributes);
}

/** move_mount(2). */
export function moveMount(fromFd: number, fromPath: KernelPath, toFd: number, toPath: KernelPath, flags: number): void {
  run("move_mount", toPath, fromFd, fromPath, toFd, toPath, flags);
}

/** open_tree(2), close-on-exec. `flags`: OPEN_TREE_CLONE, AT_RECURSIVE, AT_EMPTY_PATH. */
export function openTree(dirFd: number, path: KernelPath, flags: number): number {
  return run("open_tree", path, dirFd, path, flags | O_CLOEXEC);
}

export interface MountAttributes {
  readonly set?: number;
  readonly clear?: number;
  /** MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE. */
  readonly propagation?: number;
  /** Descriptor of the user namespace for MOUNT_ATTR_IDMAP. */
  readonly userNamespaceFd?: number;
}

/** mount_setattr(2). `flags`: AT_RECURSIVE, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. */
export function mountSetattr(dirFd: number, path: KernelPath, flags: number, attributes: MountAttributes): void {
  const words = new BigUint64Array([
    BigInt(attributes.set ?? 0),
    BigInt(attributes.clear ?? 0),
    BigInt(attributes.propagation ?? 0),
    BigInt(attributes.userNamespaceFd ?? 0),
  ]);
  run("mount_setattr", path, dirFd, path, flags, new Uint8Array(words.buffer));
}

// ── namespaces ──────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Run one syscall of the addon's table inside the namespaces behind `namespaceFds` (setns(2) in a short-lived thread, so
 * that this thread's own namespaces never change; for a single network namespace this thread goes there and comes back).
 * Not possible for user and pid namespaces. Throws SyscallError.
 * A mount namespace entered also changes what relative and absolute paths mean for the call.
 */
export function inNamespaces(namespaceFds: readonly number[], name: string, ...args: RawArgument[]): number {
  return checked(name, addon().within(namespaceFds, name, ...args));
}

/** socket(2) inside the network namespace behind `namespaceFd`; the socket stays there for its life. */
export function socketInNamespace(namespaceFd: number, domain: number, type: number, protocol: number): number {
  return inNamespaces([namespaceFd], "socket", domain, type | SOCK_CLOEXEC, protocol);
}

/**
 * A descriptor of a new, empty namespace: `flag` CLONE_NEWNET|NEWIPC|NEWUTS|NEWCGROUP|NEWNS, `kind` its name under
 * /proc/self/ns. It lives as long as a descriptor, a bind mount of {@link fdPath} or a process holds it.
 */
export function newNamespace(flag: number, kind: "net" | "ipc" | "uts" | "cgroup" | "mnt"): number {
  return checked("unshare", addon().freshNamespace(flag, kind));
}

// ── sockets ─────────────────────────────────────────────────────────────────────────────────────────────────────────
// Addresses are the raw bytes of a `struct sockaddr_*`.

/** socket(2), close-on-exec. */
export function socket(domain: number, type: number, protocol: number): number {
  return run("socket", undefined, domain, type | SOCK_CLOEXEC, protocol);
}

/** bind(2). */
export function bind(fd: number, address: Uint8Array): void {
  run("bind", fd, fd, address);
}

/** connect(2). */
export function connect(fd: number, address: Uint8Array): void {
  run("connect", fd, fd, address);
}

/** listen(2). */
export function listen(fd: number, backlog: number): void {
  run("listen", fd, fd, backlog);
}

/** accept4(2), close-on-exec. `flags`: SOCK_NONBLOCK. */
export function accept4(fd: number, flags = 0): number {
  return run("accept4", fd, fd, flags | SOCK_CLOEXEC);
}

/** send(2) / sendto(2) when `address` is given: bytes sent. */
export function sendto(fd: number, bytes: Uint8Array, flags = 0, address: Uint8Array | null = null): number {
  return run("sendto", fd, fd, bytes, flags, address);
}

/**
 * recvfrom(2): bytes received (with MSG_TRUNC the datagram's real length). EAGAIN (nonblocking socket, MSG_DONTWAIT, or
 * SO_RCVTIMEO passed) answers undefined.
 */
export function receive(fd: number, into: Uint8Array, flags = 0): number | undefined {
  const result = raw("recvfrom", fd, into, flags);
  return result === -11 ? undefined : checked("recvfrom", result, fd);
}

/** {@link receive} that also writes the sender's `struct sockaddr_*` to `address`, which must be large enough for it. */
export function receiveFrom(fd: number, into: Uint8Array, flags: number, address: Uint8Array): number | undefined {
  const result = raw("recvfrom_address", fd, into, flags, address);
  return result === -11 ? undefined : checked("recvfrom", result, fd);
}

/** sendmsg(2) with SCM_RIGHTS. */
export function sendFds(fd: number, bytes: Uint8Array, fds: readonly number[], flags = 0): number {
  return checked("sendmsg", addon().sendFds(fd, bytes, fds, flags), fd);
}

/** recvmsg(2) with SCM_RIGHTS; received descriptors are close-on-exec and the caller's to close. */
export function receiveFds(
  fd: number,
  into: Uint8Array,
  flags = 0,
): { readonly length: number; readonly fds: number[] } {
  const fds: number[] = [];
  const length = checked("recvmsg", addon().receiveFds(fd, into, fds, flags), fd);
  return { length, fds };
}

/** setsockopt(2) with raw bytes. */
export function setsockopt(fd: number, level: number, option: number, value: Uint8Array): void {
  run("setsockopt", fd, fd, level, option, value);
}

/** setsockopt(2) with an int. */
export function setsockoptInt(fd: number, level: number, option: number, value: number): void {
  setsockopt(fd, level, option, new Uint8Array(new Int32Array([value]).buffer));
}

/** getsockopt(2): the bytes the kernel wrote, at most `capacity`. */
export function getsockopt(fd: number, level: number, option: number, capacity: number): Uint8Array {
  const buffer = new Uint8Array(capacity);
  return buffer.subarray(0, run("getsockopt", fd, fd, level, option, buffer));
}

/** getsockname(2): raw address bytes. */
export function getsockname(fd: number): Uint8Array {
  const buffer = new Uint8Array(128);
  return buffer.subarray(0, run("getsockname", fd, fd, buffer));
}

// ── processes ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** pidfd_open(2). Readable (EPOLLIN) when the process has exited. */
export function pidfdOpen(pid: number): number {
  return run("pidfd_open", undefined, pid, 0);
}

/** pidfd_send_signal(2). */
export function pidfdSendSignal(pidFd: number, signal: number): void {
  run("pidfd_send_signal", pidFd, pidFd, signal);
}

/** kill(2). 0 only checks. A negative pid is a process group. */
export function kill(pid: number, signal: number): void {
  run("kill", undefined, pid, signal);
}

/** prctl(2) with number arguments; of the calling thread, for most options. */
export function prctl(option: number, argument = 0): number {
  return run("prctl", undefined, option, argument, 0, 0, 0);
}

/** setfsgid(2) and setfsuid(2) of this thread. They have no way to fail: what may not be is not done. */
export function setFileSystemIds(uid: number, gid: number): void {
  raw("setfsgid", gid);
  raw("setfsuid", uid);
}

export interface CapabilitySets {
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
}

/** capget(2) of this thread: bit n = capability n. */
export function capget(): CapabilitySets {
  const header = new Uint32Array([0x20080522, 0]);
  const data = new Uint32Array(6);
  run("capget", undefined, new Uint8Array(header.buffer), new Uint8Array(data.buffer));
  const set = (index: number): bigint => BigInt(data[index] ?? 0) | (BigInt(data[index + 3] ?? 0) << 32n);
  return { effective: set(0), permitted: set(1), inheritable: set(2) };
}

/** capset(2) of this thread. */
export function capset({ effective, permitted, inheritable }: CapabilitySets): void {
  const header = new Uint32Array([0x20080522, 0]);
  const sets = [effective, permitted, inheritable];
  const data = new Uint32Array([0n, 32n].flatMap((shift) => sets.map((set) => Number((set >> shift) & 0xffff_ffffn))));
  run("capset", undefined, new Uint8Array(header.buffer), new Uint8Array(data.buffer));
}

/** sched_getaffinity(2): the CPUs this thread may use. */
export function schedGetaffinity(): number[] {
  const mask = new Uint8Array(1024);
  const length = run("sched_getaffinity", undefined, 0, mask);
  const cpus: number[] = [];
  for (let cpu = 0; cpu < length * 8; cpu++) if (((mask[cpu >> 3] ?? 0) >> (cpu & 7)) & 1) cpus.push(cpu);
  return cpus;
}

/** sched_setaffinity(2) of a thread; 0 is this one. */
export function schedSetaffinity(pid: number, cpus: readonly number[]): void {
  const mask = new Uint8Array(8 * (1 + (Math.max(...cpus) >> 6)));
  for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  run("sched_setaffinity", undefined, pid, mask);
}

/** getcpu(2): the CPU this thread is on, which may be another by now. */
export function getcpu(): number {
  const cpu = new Uint32Array(1);
  run("getcpu", undefined, new Uint8Array(cpu.buffer));
  return cpu[0] ?? 0;
}

// ── devices and bpf ─────────────────────────────────────────────────────────────────────────────────────────────────

/** quotactl_fd(2): `structure` must be as large as what the command reads or writes. */
export function quotactlFd(fd: number, command: number, id: number, structure: Uint8Array): void {
  run("quotactl_fd", fd, fd, command, id, structure);
}

/** ioctl(2) with a number. */
export function ioctl(fd: number, request: number, argument = 0): number {
  return run("ioctl", fd, fd, request, argument);
}

/** ioctl(2) with a structure. The buffer must be as large as the request's structure: nothing else checks that. */
export function ioctlBuffer(fd: number, request: number, structure: Uint8Array): number {
  return checked("ioctl", raw("ioctl_buffer", fd, request, structure), fd);
}

/** bpf(2). Each of `pointers` puts the address of its bytes at an offset of `attributes` (a `union bpf_attr`). */
export function bpf(
  command: number,
  attributes: Uint8Array,
  pointers: readonly (readonly [offset: number, bytes: Uint8Array])[] = [],
): number {
  return checked("bpf", addon().bpf(command, attributes, pointers));
}
