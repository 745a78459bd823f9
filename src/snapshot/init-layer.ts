import { hasCode } from "#host/kernel/errno.ts";
import { ensureDirectory, parentOf, withFd } from "#host/files/files.ts";
import { AT_FDCWD, O_CREAT, O_NOFOLLOW, O_WRONLY } from "#host/kernel/linux.ts";
import { open, symlinkat } from "#host/kernel/syscalls.ts";

const directories = ["dev/pts", "dev/shm", "etc", "proc", "sys"];
const files = [".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf"];

/**
 * The directory at `tree` that is laid over every image, as Docker's init layer: programs know by `/.dockerenv` that they
 * are in a container, `/etc/mtab` tells its mounts, and the mount points of every container are there already, so that
 * starting one writes nothing into its snapshot. One for all containers, read-only; making it again changes nothing.
 */
export function makeInitLayer(tree: string): void {
  ensureDirectory(parentOf(tree), 0o710);
  ensureDirectory(tree, 0o755);
  for (const path of directories) ensureDirectory(`${tree}/${path}`, 0o755);
  for (const path of files) withFd(open(`${tree}/${path}`, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o755), () => {});
  try {
    symlinkat("/proc/mounts", AT_FDCWD, `${tree}/etc/mtab`);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
}
