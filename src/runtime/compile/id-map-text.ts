import type { IdMapping } from "#spec/oci/runtime.ts";

/** Mappings as /proc/PID/uid_map takes them, a line each (user_namespaces(7)); empty for none. */
export function idMapText(maps: readonly IdMapping[] = []): string {
  return maps.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}
