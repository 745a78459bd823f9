import {
  AT_FDCWD,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  MNT_DETACH,
  MOUNT_ATTR_RDONLY,
  MS_RDONLY,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  OPEN_TREE_CLONE,
} from "../kernel/linux.ts";
import { SyscallError } from "../kernel/errno.ts";
import { withFd } from "../files/files.ts";
import { close, fdPath, fsconfig, fsmount, fsopen, mount, open, openTree, umount } from "../kernel/syscalls.ts";

const EINVAL = 22;
const EBADF = 9;

/**
 * A descriptor of the root of a read-only overlay over `directories` (topmost first), mounted nowhere: it goes with the
 * descriptor, also when the process dies. It is the descriptor that fsmount(2) or open_tree(2) gave and keeps the mount in
 * a namespace of its own: in a mount without any namespace openat2(2) answers EAGAIN to every ".." after a symlink.
 * Kernels before 6.5 take the directories only as one string, for which a mount at `scratch` (an empty directory) exists
 * for a moment. Lookups may start at it; to list the root itself open "." in it.
 */
export function openOverlayView(directories: readonly string[], scratch: string): number {
  const [only] = directories;
  if (only === undefined) throw new RangeError("an overlay needs a directory");
  if (directories.length === 1) return open(only, O_PATH | O_DIRECTORY | O_CLOEXEC);
  try {
    return detached(directories);
  } catch (error) {
    if (!(error instanceof SyscallError) || (error.errno !== EINVAL && error.errno !== EBADF)) throw error;
    return mountedForAMoment(directories, scratch);
  }
}

function detached(directories: readonly string[]): number {
  return withFd(fsopen("overlay"), (fs) => {
    for (const directory of directories) fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", directory);
    fsconfig(fs, FSCONFIG_SET_FLAG, "ro");
    fsconfig(fs, FSCONFIG_CMD_CREATE);
    return fsmount(fs, MOUNT_ATTR_RDONLY);
  });
}

function mountedForAMoment(directories: readonly string[], scratch: string): number {
  const fds = directories.map((directory) => open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
  try {
    mount("overlay", scratch, "overlay", MS_RDONLY, `lowerdir=${fds.map(fdPath).join(":")}`);
    try {
      return openTree(AT_FDCWD, scratch, OPEN_TREE_CLONE);
    } finally {
      umount(scratch, MNT_DETACH);
    }
  } finally {
    for (const fd of fds) close(fd);
  }
}
