import { readLink, readTextFile } from "#host/files/files.ts";
import type { UserNamespace } from "#runtime/docker/types.ts";
import { refuseEmulated, sameIds } from "#runtime/emulation/emulators.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { EngineConfig } from "./config.ts";
import type { ContainerPlanRequest } from "./planner-ports.ts";

/**
 * The user namespace that a container gets, undefined for the host's: with ids of its own (`--userns-remap`), or with the
 * host's where its programs are emulated (`emulated`: for this platform). One that shares namespaces with another container is
 * in that one's: only there it has rights over them. `invalid-parameter` for an emulated one whose partner has none.
 */
export function userNamespaceOf(
  { spec, namespaces }: Pick<ContainerPlanRequest, "spec" | "namespaces">,
  { remappedIds }: Pick<EngineConfig, "remappedIds">,
  emulated: Platform | undefined,
): UserNamespace | undefined {
  const own = remappedIds === undefined || spec.hostConfig.UsernsMode === "host" ? undefined : remappedIds;
  const ids = own ?? (emulated === undefined ? undefined : sameIds);
  if (ids === undefined) return undefined;
  const shared = namespaces.network ?? namespaces.pid ?? namespaces.ipc;
  if (shared === undefined) return ids;
  const path = shared.replace(/[^/]*$/u, "user");
  if (!isOwn(path)) return { ...(hasSameIds(shared) ? sameIds : ids), path };
  if (emulated !== undefined) throw refuseEmulated("sharing namespaces of a container that is not emulated", emulated);
  return undefined;
}

/** Of a running process, for what enters its namespaces. */
export function hasOwnUserNamespace(pid: number): boolean {
  return !isOwn(`/proc/${pid}/ns/user`);
}

function isOwn(path: string): boolean {
  return readLink(path) === readLink("/proc/self/ns/user");
}

/** Of the process whose namespace `/proc/PID/ns/KIND` is: user_namespaces(7), uid_map. */
function hasSameIds(namespace: string): boolean {
  const text = readTextFile(namespace.replace(/ns\/[^/]*$/u, "uid_map"), 4096);
  return /^\s*0\s+0\s+4294967295\s*$/u.test(text);
}
