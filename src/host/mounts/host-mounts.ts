import { BerthError } from "#base/errors.ts";
import { errnoText, hasCode, SyscallError } from "../kernel/errno.ts";
import { ensureDirectory, listDirectory, parentOf, withFd } from "../files/files.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  AT_REMOVEDIR,
  MNT_DETACH,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_PATH,
  O_WRONLY,
  OPEN_TREE_CLONE,
  S_IFDIR,
  S_IFMT,
} from "../kernel/linux.ts";
import { openOverlayView } from "./overlay-view.ts";
import { openInRoot } from "../files/rooted-path.ts";
import {
  close,
  fstat,
  mount,
  mountSetattr,
  moveMount,
  open,
  openTree,
  raw,
  umount,
  unlinkat,
} from "../kernel/syscalls.ts";

/** Mounts on the host that containers' own mounts are taken from, directly below one directory a container. */
export class LocalHostMounts {
  /** A tmpfs at `path` for a /dev/shm that containers share. `label`: SELinux label of all in it. */
  async sharedMemory(path: string, sizeBytes: number, label?: string): Promise<void> {
    ensureDirectory(path, 0o700);
    const context = label === undefined ? "" : `,context="${label}"`;
    mount("shm", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, `mode=1777,size=${sizeBytes}${context}`);
  }

  /**
   * At `path`, what `subpath` names in the directory `root`: a directory or a file. Links are followed inside `root` only,
   * also when they are changed meanwhile. `invalid-parameter` in Docker's words when it cannot be reached.
   */
  async inside(path: string, root: string, subpath: string): Promise<void> {
    try {
      withFd(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), (rootFd) =>
        withFd(openInRoot(rootFd, subpath, O_PATH | O_CLOEXEC), (fd) => {
          makeMountPoint(path, (fstat(fd).mode & S_IFMT) === S_IFDIR);
          withFd(openTree(fd, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH), (tree) => attach(tree, path));
        }),
      );
    } catch (error) {
      if (!(error instanceof SyscallError) || !hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) throw error;
      const why = `cannot access path ${root}/${subpath}: ${errnoText(error.errno)}`;
      throw new BerthError("invalid-parameter", why, { cause: error });
    }
  }

  /** At `path`, directories laid over each other, topmost first, read-only. */
  async layers(path: string, directories: readonly string[]): Promise<void> {
    ensureDirectory(path, 0o700);
    const [only = path, ...more] = directories;
    if (more.length > 0) {
      withFd(openOverlayView(directories, path), (view) => attach(view, path));
      return;
    }
    withFd(openTree(AT_FDCWD, only, OPEN_TREE_CLONE), (tree) => {
      mountSetattr(tree, "", AT_EMPTY_PATH, { set: MOUNT_ATTR_RDONLY });
      attach(tree, path);
    });
  }

  /** Unmount all that is mounted directly below `directory`, and remove it. No error when it is gone. */
  async release(directory: string): Promise<void> {
    // Mostly it is not there.
    if (isGone(directory)) return;
    for (const name of listDirectory(directory)) {
      const path = `${directory}/${name}`;
      unmountAll(path);
      if (raw("unlinkat", AT_FDCWD, path, 0) < 0) unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
    }
    isGone(directory);
  }
}

const ENOENT = 2;

/** Remove a directory, if it is there and empty. */
function isGone(directory: string): boolean {
  const result = raw("unlinkat", AT_FDCWD, directory, AT_REMOVEDIR);
  return result === 0 || result === -ENOENT;
}

function makeMountPoint(path: string, directory: boolean): void {
  if (directory) return ensureDirectory(path, 0o700);
  ensureDirectory(parentOf(path), 0o700);
  close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600));
}

function attach(detached: number, path: string): void {
  moveMount(detached, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

/** EINVAL: nothing is mounted there any more. */
function unmountAll(path: string): void {
  try {
    for (;;) umount(path, MNT_DETACH);
  } catch (error) {
    if (!hasCode(error, "EINVAL")) throw error;
  }
}
