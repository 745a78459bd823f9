import { O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { withFd } from "#host/files/files.ts";
import { open, raw } from "#host/kernel/syscalls.ts";

/** quotactl(2): Q_GETNEXTQUOTA for projects. */
const NEXT_PROJECT_QUOTA = 0x80000902;
const DQBLK_BYTES = 72;

/** The projects that a mounted file system keeps a limit for: bytes of the limit, by number. */
export async function projectLimits(path: string): Promise<ReadonlyMap<number, number>> {
  return withFd(open(path, O_RDONLY | O_DIRECTORY), (fd) => {
    const limits = new Map<number, number>();
    for (let id = 1; ;) {
      const quota = new Uint8Array(DQBLK_BYTES);
      if (raw("quotactl_fd", fd, NEXT_PROJECT_QUOTA, id, quota) < 0) return limits;
      const view = new DataView(quota.buffer);
      const found = view.getUint32(68, true);
      const blocks = Number(view.getBigUint64(0, true));
      if (blocks > 0) limits.set(found, blocks * 1024);
      id = found + 1;
    }
  });
}
