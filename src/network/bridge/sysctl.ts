import { readTextFile, writeControlFile } from "#host/files.ts";

/** Settings under /proc/sys/net of the caller's network namespace, by path below it: "ipv4/ip_forward". */
export function readNetSysctl(name: string): string {
  return readTextFile(`/proc/sys/net/${name}`, 4096).trim();
}

/** Writes only what differs: /proc/sys may be read-only where everything is set already. */
export function ensureNetSysctl(name: string, value: string): void {
  if (readNetSysctl(name) !== value) writeControlFile(`/proc/sys/net/${name}`, value);
}
