import { BerthError } from "#base/errors.ts";
import type { Step } from "#runtime/plan/ops.ts";

/** Sysctls of an IPC namespace, as paths below /proc/sys. */
const ipcSysctls: ReadonlySet<string> = new Set(
  ["msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced"].map(
    (name) => `kernel/${name}`,
  ),
);

/**
 * Sysctls as plan steps. Only those of a namespace that the container has (new or shared with another container, not the
 * host's) can be set; `invalid-parameter` otherwise, in runc's words.
 */
export function sysctlSteps(
  sysctls: Readonly<Record<string, string>>,
  namespaces: ReadonlyMap<string, string>,
): Step[] {
  return Object.entries(sysctls).map(([name, value]) => {
    const key = pathOf(name);
    if (key.includes("\0") || key.split("/").some((part) => part === "" || part === "." || part === "..")) {
      throw new BerthError("invalid-parameter", `sysctl ${JSON.stringify(name)} is not a name`);
    }
    const reason = refusal(key, namespaces);
    if (reason !== undefined) throw new BerthError("invalid-parameter", `sysctl ${JSON.stringify(name)} ${reason}`);
    return { op: "sysctl", key, value };
  });
}

/** sysctl(8)'s rule: the first separator tells which of `.` and `/` separates; the other one stands for itself. */
function pathOf(name: string): string {
  if (/[./]/u.exec(name)?.[0] !== ".") return name;
  return name.replaceAll(/[./]/gu, (separator) => (separator === "." ? "/" : "."));
}

function refusal(key: string, namespaces: ReadonlyMap<string, string>): string | undefined {
  if (ipcSysctls.has(key) || key.startsWith("fs/mqueue/"))
    return namespaces.has("ipc") ? undefined : "is not allowed in the hosts ipc namespace";
  if (key.startsWith("net/")) return namespaces.has("network") ? undefined : "not allowed in host network namespace";
  if (key.startsWith("user/")) return namespaces.has("user") ? undefined : "not allowed in host user namespace";
  const ofUts = key === "kernel/domainname" || key === "kernel/hostname";
  return ofUts && namespaces.has("uts") ? undefined : "is not in a separate kernel namespace";
}
