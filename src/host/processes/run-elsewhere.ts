import { SyscallError } from "../kernel/errno.ts";
import { getcpu, schedGetaffinity, schedSetaffinity } from "../kernel/syscalls.ts";

/**
 * Keep a process that is about to be woken off the processor that this thread is on, where there is another: the two have
 * something to do at the same time. The kernel's own choice is often this processor, above all in virtual machines, where an idle
 * processor that waits for its host looks as if the host had taken it away (vcpu_is_preempted() in select_idle_sibling());
 * the process would begin when this thread rests. It has to take the others back itself. No harm when it is gone, or not allowed.
 */
export function runElsewhere(pid: number): void {
  try {
    const here = getcpu();
    const others = schedGetaffinity().filter((cpu) => cpu !== here);
    if (others.length > 0) schedSetaffinity(pid, others);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}
