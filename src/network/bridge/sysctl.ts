import { hasCode } from "#host/kernel/errno.ts";
import { readTextFile, writeControlFile } from "#host/files/files.ts";

/** Settings under /proc/sys/net of the caller's network namespace, by path below it: "ipv4/ip_forward". */
export function readNetSysctl(name: string): string {
  return readTextFile(`/proc/sys/net/${name}`, 4096).trim();
}

/** Writes only what differs: /proc/sys may be read-only where everything is set already. */
export function ensureNetSysctl(name: string, value: string): void {
  if (readNetSysctl(name) !== value) writeControlFile(`/proc/sys/net/${name}`, value);
}

/** Undefined when there is no such setting: an interface may go away while it is being seen to, a kernel may have no IPv6. */
export function ifThere<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENODEV")) throw error;
    return undefined;
  }
}
