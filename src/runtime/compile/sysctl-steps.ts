import { BerthError } from "#base/errors.ts";
import type { Step } from "#runtime/plan/ops.ts";

/** Which namespace a sysctl belongs to; others are the whole machine's. */
const ipcSysctls: ReadonlySet<string> = new Set(
  ["msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced"].map((name) => `kernel.${name}`),
);

/**
 * Sysctls as plan steps. Only those of a namespace that the container has (new or shared with another container, not the
 * host's) can be set; `invalid-parameter` otherwise, in runc's words.
 */
export function sysctlSteps(sysctls: Readonly<Record<string, string>>, namespaces: ReadonlyMap<string, string>): Step[] {
  return Object.entries(sysctls).map(([name, value]) => {
    const dotted = name.includes("/") && !name.includes(".") ? name.replaceAll("/", ".") : name;
    check(dotted, namespaces);
    if (/(?:^|[./])\.\.(?:[./]|$)|\0|^\.|^\//u.test(name)) throw new BerthError("invalid-parameter", `sysctl ${JSON.stringify(name)} is not a name`);
    return { op: "sysctl", key: pathOf(name), value };
  });
}

/** sysctl(8)'s rule: the first separator tells which of `.` and `/` separates; the other one stands for itself. */
function pathOf(name: string): string {
  const first = /[./]/u.exec(name)?.[0];
  if (first !== ".") return name;
  return name.replaceAll(/[./]/gu, (separator) => (separator === "." ? "/" : "."));
}

function check(name: string, namespaces: ReadonlyMap<string, string>): void {
  const refused = (reason: string): BerthError => new BerthError("invalid-parameter", `sysctl ${JSON.stringify(name)} ${reason}`);
  if (ipcSysctls.has(name) || name.startsWith("fs.mqueue.")) {
    if (!namespaces.has("ipc")) throw refused("is not allowed in the hosts ipc namespace");
  } else if (name.startsWith("net.")) {
    if (!namespaces.has("network")) throw refused("not allowed in host network namespace");
  } else if (name.startsWith("user.")) {
    if (!namespaces.has("user")) throw refused("not allowed in host user namespace");
  } else if (name === "kernel.domainname" || name === "kernel.hostname") {
    if (!namespaces.has("uts")) throw refused("is not in a separate kernel namespace");
  } else throw refused("is not in a separate kernel namespace");
}
