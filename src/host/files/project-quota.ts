import { realpathSync } from "node:fs";
import { readTextFile, withFd } from "./files.ts";
import {
  FS_IOC_FSGETXATTR,
  FS_IOC_FSSETXATTR,
  FS_XFLAG_PROJINHERIT,
  O_DIRECTORY,
  O_RDONLY,
  QIF_BLIMITS,
  SET_PROJECT_QUOTA,
} from "../kernel/linux.ts";
import { unescapeMountPath } from "../mounts/mount-point.ts";
import { ioctlBuffer, open, quotactlFd, raw } from "../kernel/syscalls.ts";

/** struct fsxattr and struct if_dqblk; if_dqblk counts blocks of this size on every file system. */
const FSXATTR_BYTES = 28;
const DQBLK_BYTES = 72;
const BLOCK_BYTES = 1024;

/** Does the file system that holds `path` keep project quotas (mounted with `pquota` or `prjquota`)? */
export function hasProjectQuota(path: string, mountinfo = readTextFile("/proc/self/mountinfo", 16 << 20)): boolean {
  const real = realpathSync(path);
  let found = { at: "", options: "" };
  for (const line of mountinfo.split("\n")) {
    const [mount = "", fileSystem = ""] = line.split(" - ");
    const at = unescapeMountPath(mount.split(" ")[4] ?? "");
    if (at === "" || at.length < found.at.length) continue;
    if (at === "/" || real === at || real.startsWith(`${at}/`)) found = { at, options: fileSystem.split(" ")[2] ?? "" };
  }
  return found.options.split(",").some((option) => option === "pquota" || option === "prjquota");
}

/**
 * Let all that will be made in an empty directory count for the project `id` (1 to 2^32 - 1), and let that have
 * `limitBytes` at most, rounded up to KiB: writers get EDQUOT or ENOSPC then; 0: no limit. The file system must keep
 * project quotas.
 * ioctl_fsgetxattr(2), quotactl_fd(2).
 */
export function limitDirectory(path: string, id: number, limitBytes: number): void {
  withFd(open(path, O_RDONLY | O_DIRECTORY), (fd) => {
    const attributes = new Uint8Array(FSXATTR_BYTES);
    ioctlBuffer(fd, FS_IOC_FSGETXATTR, attributes);
    const fields = new DataView(attributes.buffer);
    fields.setUint32(0, fields.getUint32(0, true) | FS_XFLAG_PROJINHERIT, true);
    fields.setUint32(12, id, true);
    ioctlBuffer(fd, FS_IOC_FSSETXATTR, attributes);
    setLimit(fd, id, limitBytes);
  });
}

/** The kernel forgets a project without a limit as soon as nothing counts for it. `path`: on its file system. */
export function forgetLimit(path: string, id: number): void {
  withFd(open(path, O_RDONLY | O_DIRECTORY), (fd) => setLimit(fd, id, 0));
}

function setLimit(fd: number, id: number, limitBytes: number): void {
  const quota = new Uint8Array(DQBLK_BYTES);
  const limits = new DataView(quota.buffer);
  const blocks = BigInt(Math.ceil(limitBytes / BLOCK_BYTES));
  limits.setBigUint64(0, blocks, true);
  limits.setBigUint64(8, blocks, true);
  limits.setUint32(64, QIF_BLIMITS, true);
  quotactlFd(fd, SET_PROJECT_QUOTA, id, quota);
}

/** The project that what is made in a directory counts for; 0 for none, also where there are no projects. */
export function projectOf(path: string): number {
  return withFd(open(path, O_RDONLY | O_DIRECTORY), (fd) => {
    const attributes = new Uint8Array(FSXATTR_BYTES);
    if (raw("ioctl_buffer", fd, FS_IOC_FSGETXATTR, attributes) < 0) return 0;
    return new DataView(attributes.buffer).getUint32(12, true);
  });
}
