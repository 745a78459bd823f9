import { BerthError } from "#base/errors.ts";
import { hasCode } from "../kernel/errno.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  CLONE_NEWNS,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  OPEN_TREE_CLONE,
  S_IFDIR,
  S_IFMT,
} from "../kernel/linux.ts";
import { withFd } from "../files/files.ts";
import { mappedIdsOf, type MappedIds } from "../mounts/mapped-ids.ts";
import { overlayOptions } from "../mounts/overlay-options.ts";
import { isRunning } from "../processes/process.ts";
import { makeDirectoriesInRoot, openInRoot } from "../files/rooted-path.ts";
import { evaluateInRoot } from "./container-path.ts";
import {
  close,
  fdPath,
  fsconfig,
  fsmount,
  fsopen,
  fstat,
  inNamespaces,
  mountSetattr,
  newNamespace,
  open,
  openat,
  openTree,
} from "../kernel/syscalls.ts";

/** What lies at `/` of a view. */
export type ViewRoot =
  /** The root mount of a running process, as it is now. `startTicks`: proc_pid_stat(5) field 22. */
  | { readonly kind: "process"; readonly pid: number; readonly startTicks: number }
  /** Overlay directories, topmost first, of which nobody else has a mount while `access` is `write`. */
  | {
      readonly kind: "overlay";
      readonly lowerDirs: readonly string[];
      readonly upperDir: string;
      readonly workDir: string;
      readonly access: "read" | "write";
    };

/** What lies over the root. */
export interface ViewMount {
  readonly target: string;
  /** On this machine; undefined for what is there only while the process runs (tmpfs). */
  readonly source: string | undefined;
  readonly recursive: boolean;
  readonly readOnly: boolean;
}

export interface TreeView {
  /** O_PATH. Resolve below it with {@link openInRoot}. */
  readonly rootFd: number;
  /** Where owners inside are other ids than here: every owner that goes in or comes out is to be translated. */
  readonly ids: MappedIds | undefined;
  /** Which of the view's mounts a file is on, by `FileStat.mountId`; undefined for the root and for mounts within. */
  mountOf(mountId: bigint): ViewMount | undefined;
  /** Takes every mount of the view away. */
  close(): void;
}

/**
 * A container's files as Docker shows them from outside: its root with its volumes, binds and tmpfs over it, without
 * /proc, /sys and /dev. The mounts live in a namespace of their own, which goes with the view, also when this process
 * dies. Mount points that are missing are made (`write`, or `read` of a root that nobody runs); where that cannot be, the
 * mount is left out, as is one whose source is gone.
 *
 * `unavailable` when the process has ended. Synchronous.
 */
export function openTreeView(root: ViewRoot, mounts: readonly ViewMount[]): TreeView {
  const { view, complete } = assemble(root, mounts);
  if (complete || root.kind === "process" || root.access === "write") return view;
  view.close();
  assemble({ ...root, access: "write" }, mounts).view.close();
  return assemble(root, mounts).view;
}

/** Several directories merged, topmost first, read-only and with nothing mounted over them. */
export function openMergedView(directories: readonly string[]): Pick<TreeView, "rootFd" | "close"> {
  const [top, ...lowerDirs] = directories;
  if (top === undefined) throw new RangeError("nothing to merge");
  if (lowerDirs.length > 0) {
    return openTreeView({ kind: "overlay", lowerDirs, upperDir: top, workDir: "", access: "read" }, []);
  }
  const rootFd = open(top, O_PATH | O_DIRECTORY);
  return { rootFd, close: () => close(rootFd) };
}

function assemble(
  root: ViewRoot,
  mounts: readonly ViewMount[],
): { readonly view: TreeView; readonly complete: boolean } {
  const opened: number[] = [];
  const keep = (fd: number): number => {
    opened.push(fd);
    return fd;
  };
  const closeAll = (): void => {
    for (const fd of opened.splice(0)) close(fd);
  };
  try {
    const clones = root.kind === "process" ? cloneLive(root, mounts, keep) : cloneAtRest(mounts, keep);
    const namespace = keep(newNamespace(CLONE_NEWNS, "mnt"));
    inNamespaces([namespace], "mount", null, "/", null, MS_REC | MS_PRIVATE, null);
    const rootFd = clones.root ?? keep(mountOverlay(root, namespace, keep));
    if (clones.root !== undefined) attach(namespace, clones.root, AT_FDCWD, "/", 0);
    const ids = new Map<bigint, ViewMount>();
    for (const { fd, mount } of clones.over) {
      const target = mountPoint(rootFd, mount.target, fd, root);
      if (target === undefined) continue;
      withFd(target, (at) => attach(namespace, fd, at, "", MOVE_MOUNT_T_EMPTY_PATH));
      ids.set(fstat(fd).mountId, mount);
    }
    const mapped = root.kind === "process" ? mappedIdsOf(root.pid) : undefined;
    const view = { rootFd, ids: mapped, mountOf: (id: bigint) => ids.get(id), close: closeAll };
    return { view, complete: ids.size === clones.over.length };
  } catch (error) {
    closeAll();
    throw error;
  }
}

interface Clones {
  readonly root: number | undefined;
  readonly over: readonly { readonly fd: number; readonly mount: ViewMount }[];
}

/** What a process has mounted, taken in its own namespace: there, names mean what they mean to it. */
function cloneLive(
  root: Extract<ViewRoot, { kind: "process" }>,
  mounts: readonly ViewMount[],
  keep: (fd: number) => number,
): Clones {
  const namespace = keep(openNamespace(root));
  const clone = (path: string, flags: number): number =>
    keep(inNamespaces([namespace], "open_tree", AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC | flags));
  const over = mounts.flatMap((mount) => {
    const fd = unlessMissing(() => clone(mount.target, AT_RECURSIVE));
    return fd === undefined ? [] : [{ fd, mount }];
  });
  return { root: clone("/", 0), over };
}

function openNamespace({ pid, startTicks }: Extract<ViewRoot, { kind: "process" }>): number {
  const ended = new BerthError("unavailable", `process ${pid} has ended`);
  const fd = unlessMissing(() => open(`/proc/${pid}/ns/mnt`, O_RDONLY));
  if (fd === undefined) throw ended;
  if (isRunning({ pid, startTicks })) return fd;
  close(fd);
  throw ended;
}

function cloneAtRest(mounts: readonly ViewMount[], keep: (fd: number) => number): Clones {
  const over = mounts.flatMap((mount) => {
    const { source, recursive, readOnly } = mount;
    if (source === undefined) return [];
    const flags = OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0);
    const fd = unlessMissing(() => keep(openTree(AT_FDCWD, source, flags)));
    if (fd === undefined) return [];
    if (readOnly) mountSetattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), { set: MOUNT_ATTR_RDONLY });
    return [{ fd, mount }];
  });
  return { root: undefined, over };
}

function attach(namespace: number, mount: number, at: number, path: string, flags: number): void {
  inNamespaces([namespace], "move_mount", mount, "", at, path, MOVE_MOUNT_F_EMPTY_PATH | flags);
}

/** Mount the overlay over the namespace's root: a descriptor of it. */
function mountOverlay(root: ViewRoot, namespace: number, keep: (fd: number) => number): number {
  if (root.kind !== "overlay") throw new RangeError("a process has its root already");
  const writable = root.access === "write";
  const lowerDirs = writable ? root.lowerDirs : [root.upperDir, ...root.lowerDirs];
  const mounted = unlessRefused(() =>
    withFd(fsopen("overlay"), (fs) => {
      for (const directory of lowerDirs) fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", directory);
      if (writable) {
        fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", root.upperDir);
        fsconfig(fs, FSCONFIG_SET_STRING, "workdir", root.workDir);
        for (const option of overlayOptions) {
          const [key = "", value = ""] = option.split("=");
          fsconfig(fs, FSCONFIG_SET_STRING, key, value);
        }
      } else fsconfig(fs, FSCONFIG_SET_FLAG, "ro");
      fsconfig(fs, FSCONFIG_CMD_CREATE);
      return keep(fsmount(fs, writable ? 0 : MOUNT_ATTR_RDONLY));
    }),
  );
  if (mounted !== undefined) {
    attach(namespace, mounted, AT_FDCWD, "/", 0);
    return openat(mounted, ".", O_PATH | O_DIRECTORY);
  }
  // Before Linux 6.5 the directories are one string. Descriptors' paths are short; they are of the namespace's own copies
  // of the mounts, because an overlay takes its directories only from the namespace it is mounted in.
  const flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  const name = (directory: string): string =>
    fdPath(keep(inNamespaces([namespace], "openat", AT_FDCWD, directory, flags, 0)));
  const upper = writable ? [`upperdir=${name(root.upperDir)}`, `workdir=${name(root.workDir)}`, ...overlayOptions] : [];
  const data = [`lowerdir=${lowerDirs.map(name).join(":")}`, ...upper].join(",");
  inNamespaces([namespace], "mount", "overlay", "/", "overlay", writable ? 0 : MS_RDONLY, data);
  return inNamespaces([namespace], "openat", AT_FDCWD, "/", flags, 0);
}

/** Where `target` leads inside the root, made like what will lie there when it is missing; undefined when it cannot be. */
function mountPoint(rootFd: number, target: string, over: number, root: ViewRoot): number | undefined {
  try {
    return openInRoot(rootFd, target, O_PATH);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
    if (root.kind !== "overlay" || root.access === "read") return undefined;
  }
  const place = evaluateInRoot(rootFd, target);
  if ((fstat(over).mode & S_IFMT) === S_IFDIR) return makeDirectoriesInRoot(rootFd, place, 0o755);
  close(makeDirectoriesInRoot(rootFd, place.slice(0, place.lastIndexOf("/")), 0o755));
  close(openInRoot(rootFd, place, O_WRONLY | O_CREAT, 0o755));
  return openInRoot(rootFd, place, O_PATH);
}

function unlessMissing<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ESRCH")) return undefined;
    throw error;
  }
}

/** Undefined where the kernel does not know the option. */
function unlessRefused<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (hasCode(error, "EINVAL", "EBADF")) return undefined;
    throw error;
  }
}
