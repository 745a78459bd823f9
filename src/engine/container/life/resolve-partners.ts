import { BerthError } from "#base/errors.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import { parseVolumesFrom } from "../mounts/inherited-mounts.ts";
import type { ContainerRegistry } from "../registry.ts";

/**
 * HostConfig with the containers that its modes name by their ids, so that a rename changes nothing. They must be there
 * now. docker-compat: `invalid-parameter`, as on `not-found` clients would pull the image.
 */
export function resolvePartners(registry: ContainerRegistry, host: HostConfig): HostConfig {
  const idOf = (name: string): string => {
    const found = name === "" ? undefined : registry.lookup(name);
    if (found === undefined) throw new BerthError("invalid-parameter", `No such container: ${name}`);
    return found.id;
  };
  const resolved = (mode: string): string =>
    mode.startsWith("container:") ? `container:${idOf(mode.slice("container:".length))}` : mode;
  for (const reference of host.VolumesFrom ?? []) idOf(parseVolumesFrom(reference).name);
  return {
    ...host,
    NetworkMode: resolved(host.NetworkMode),
    PidMode: resolved(host.PidMode),
    IpcMode: resolved(host.IpcMode),
  };
}
