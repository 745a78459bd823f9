import { BerthError } from "#base/errors.ts";
import type { PortPublication } from "#network/types.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import { parseHostPorts, parsePortKey } from "#spec/docker/port.ts";

/**
 * What `-p` and `-P` ask the network for. `invalid-parameter` for what is no port. A range of container ports beside one
 * of host ports has been taken apart by the client.
 */
export function portPublications(
  config: Pick<ContainerConfig, "ExposedPorts">,
  host: Pick<HostConfig, "PortBindings" | "PublishAllPorts">,
): readonly PortPublication[] {
  const publications: PortPublication[] = [];
  const bound = new Set<string>();
  for (const [key, bindings] of Object.entries(host.PortBindings ?? {})) {
    const { first, last, protocol } = parsePortKey(key);
    if (first !== last || first === 0)
      throw new BerthError("invalid-parameter", `invalid port specification: "${key}"`);
    bound.add(`${first}/${protocol}`);
    for (const { HostIp, HostPort } of bindings === null || bindings.length === 0
      ? [{ HostIp: "", HostPort: "" }]
      : bindings) {
      const range = parseHostPorts(HostPort);
      publications.push({
        protocol,
        containerPort: first,
        hostIp: HostIp,
        hostPort: range.first,
        ...(range.first === range.last ? {} : { lastHostPort: range.last }),
      });
    }
  }
  if (!host.PublishAllPorts) return publications;
  for (const key of Object.keys(config.ExposedPorts ?? {})) {
    const { first, last, protocol } = parsePortKey(key);
    for (let port = first; port <= last; port += 1) {
      if (!bound.has(`${port}/${protocol}`))
        publications.push({ protocol, containerPort: port, hostIp: "", hostPort: 0 });
    }
  }
  return publications;
}
