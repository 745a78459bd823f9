import { readLink } from "#host/files.ts";
import type { UserNamespace } from "#runtime/docker/types.ts";
import type { EngineConfig } from "./config.ts";
import type { ContainerPlanRequest } from "./ports.ts";

/**
 * The user namespace that a container gets (`--userns-remap`), undefined for the host's. One that shares namespaces with
 * another container is in that one's: only there it has rights over them.
 */
export function userNamespaceOf(
  { spec, namespaces }: Pick<ContainerPlanRequest, "spec" | "namespaces">,
  { remappedIds }: Pick<EngineConfig, "remappedIds">,
): UserNamespace | undefined {
  if (remappedIds === undefined || spec.hostConfig.UsernsMode === "host") return undefined;
  const { uid, gid } = remappedIds;
  const shared = namespaces.network ?? namespaces.pid ?? namespaces.ipc;
  if (shared === undefined) return { uid, gid };
  const path = shared.replace(/[^/]*$/u, "user");
  return isOwn(path) ? undefined : { uid, gid, path };
}

/** Of a running process, for what enters its namespaces. */
export function hasOwnUserNamespace(pid: number): boolean {
  return !isOwn(`/proc/${pid}/ns/user`);
}

function isOwn(path: string): boolean {
  return readLink(path) === readLink("/proc/self/ns/user");
}
