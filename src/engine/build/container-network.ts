import { BerthError } from "#base/errors.ts";
import type { SharedNetwork } from "#build/solver/types.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { isLive } from "../container/status.ts";
import type { EnginePaths } from "../ports.ts";

const CONTAINER = "container:";

/**
 * What a command of a build in a container's network gets. `not-found`; `invalid-parameter`, in the words for containers, when
 * it does not run.
 */
export function containerNetwork(
  deps: { readonly registry: ContainerRegistry; readonly paths: EnginePaths },
  name: string,
): SharedNetwork {
  const { id, spec, status } = deps.registry.find(name);
  if (!isLive(status))
    throw new BerthError("invalid-parameter", `cannot join network of a non running container: ${id}`);
  const namespacePath = `/proc/${status.pid}/ns/net`;
  const { NetworkMode: mode } = spec.hostConfig;
  if (mode.startsWith(CONTAINER)) return { ...containerNetwork(deps, mode.slice(CONTAINER.length)), namespacePath };
  const hostname = deps.paths.containerHostname(id);
  return {
    namespacePath,
    hostname: spec.config.Hostname,
    files: spec.config.NetworkDisabled
      ? { hostname }
      : { hostname, hosts: deps.paths.containerHosts(id), resolvConf: deps.paths.containerResolvConf(id) },
  };
}
