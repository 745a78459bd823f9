import { capget, capset } from "../kernel/syscalls.ts";

/** capabilities(7) */
const CAP_SYS_RESOURCE = 1n << 24n;

/**
 * `act` as one whom disk quotas bind: on ext4 they do not hold for who has CAP_SYS_RESOURCE, as the engine has. Of the whole
 * thread until the promise settles, so in a process that does nothing else meanwhile.
 */
export async function withinQuotas<T>(act: () => Promise<T> | T): Promise<T> {
  const before = capget();
  capset({ ...before, effective: before.effective & ~CAP_SYS_RESOURCE });
  try {
    return await act();
  } finally {
    capset(before);
  }
}
