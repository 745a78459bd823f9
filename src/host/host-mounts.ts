import { hasCode } from "./errno.ts";
import { ensureDirectory, listDirectory } from "./files.ts";
import { AT_FDCWD, AT_REMOVEDIR, MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID } from "./linux.ts";
import { mount, raw, umount, unlinkat } from "./syscalls.ts";

/** Mounts on the host that containers' own mounts are taken from, directly below one directory a container. */
export class LocalHostMounts {
  /** A tmpfs at `path` for a /dev/shm that containers share. Mounted over again when one is there already. */
  async sharedMemory(path: string, sizeBytes: number): Promise<void> {
    ensureDirectory(path, 0o700);
    mount("shm", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, `mode=1777,size=${sizeBytes}`);
  }

  /** Unmount all that is mounted directly below `directory`, and remove it. No error when it is gone. */
  async release(directory: string): Promise<void> {
    for (const name of listDirectory(directory)) {
      const path = `${directory}/${name}`;
      unmountAll(path);
      const result = raw("unlinkat", AT_FDCWD, path, 0);
      if (result < 0) unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
    }
    raw("unlinkat", AT_FDCWD, directory, AT_REMOVEDIR);
  }
}

/** EINVAL: nothing is mounted there any more. */
function unmountAll(path: string): void {
  try {
    for (;;) umount(path, MNT_DETACH);
  } catch (error) {
    if (!hasCode(error, "EINVAL")) throw error;
  }
}
