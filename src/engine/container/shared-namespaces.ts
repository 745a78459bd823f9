import { BerthError } from "#base/errors.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { ContainerRegistry } from "./registry.ts";
import { isLive } from "./status.ts";

/** Paths of the namespaces a container shares with another running one (`--network container:X`, `--pid container:X`). */
export function sharedNamespaces(
  registry: ContainerRegistry,
  host: Pick<HostConfig, "NetworkMode" | "PidMode">,
): { readonly network?: string; readonly pid?: string } {
  const network = namespaceOf(registry, host.NetworkMode, "net", "cannot join network of a non running container");
  const pid = namespaceOf(registry, host.PidMode, "pid", "cannot join PID namespace of a non running container");
  return { ...(network === undefined ? {} : { network }), ...(pid === undefined ? {} : { pid }) };
}

function namespaceOf(registry: ContainerRegistry, mode: string, kind: string, refusal: string): string | undefined {
  if (!mode.startsWith("container:")) return undefined;
  const other = registry.find(mode.slice("container:".length));
  if (!isLive(other.status)) throw new BerthError("conflict", `${refusal}: ${other.id}`);
  return `/proc/${other.status.pid}/ns/${kind}`;
}
