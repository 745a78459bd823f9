import {
  CLONE_NEWNS,
  MNT_DETACH,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
} from "../kernel/linux.ts";
import { close, inNamespaces, newNamespace, SyscallError } from "../kernel/syscalls.ts";

/** A mount namespace with an empty, read-only root and nothing else, for others to copy instead of the host's. */
export interface EmptyMounts {
  /** `/proc/<pid>/fd/<n>` of this process. */
  readonly path: string;
  close(): void;
}

/** Covered for a moment, in the new namespace alone; every machine has it. */
const place = "/proc";

/**
 * undefined where the kernel refuses: without the rights, or where / is the initial ramfs (pivot_root(2)). Below its root
 * there is only what no path leads to, the kernel's rootfs, as in every mount namespace.
 */
export function openEmptyMounts(): EmptyMounts | undefined {
  let fd: number | undefined;
  try {
    fd = newNamespace(CLONE_NEWNS, "mnt");
    const flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    inNamespaces([fd], "mount", null, "/", null, MS_REC | MS_PRIVATE, null);
    inNamespaces([fd], "mount", "tmpfs", place, "tmpfs", flags, "mode=0,size=4k");
    // "pivot_root(".", ".")" of the man page: the old root comes to lie over the new one.
    inNamespaces([fd], "pivot_root", place, place);
    inNamespaces([fd], "umount2", "/", MNT_DETACH);
    const kept = fd;
    return { path: `/proc/${process.pid}/fd/${kept}`, close: () => close(kept) };
  } catch (error) {
    if (fd !== undefined) close(fd);
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}
