import { BerthError } from "#base/errors.ts";
import type { NetworkService } from "#network/types.ts";
import type { PortHolder, PortReport } from "#spec/berth/why-port.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { isLive } from "../container/status.ts";
import type { PortListeners } from "../forensics-ports.ts";

/**
 * `GET /berth/ports/{port}/why`: who has a port of this machine, be it a container of this engine or any process.
 * `invalid-parameter` for what is no port.
 */
export function whyPort(deps: {
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly listeners: PortListeners;
}) {
  return async (text: string): Promise<PortReport> => {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (port < 1 || port > 65_535) throw new BerthError("invalid-parameter", `invalid port: ${text}`);
    const published: PortHolder[] = [];
    const containers = deps.registry.all().filter(({ status }) => isLive(status));
    for (const { id, name } of containers) {
      for (const { ports } of await deps.networks.endpoints(id)) {
        for (const { protocol, hostIp, hostPort, containerPort } of ports) {
          if (hostPort !== port) continue;
          const Container = { Id: id, Name: name, Port: containerPort };
          published.push({ Protocol: protocol, Address: hostIp, Container });
        }
      }
    }
    const listening = deps.listeners.at(port).flatMap(({ protocol, address, owner }): PortHolder[] => {
      const common = { Protocol: protocol, Address: address };
      if (owner === undefined) return [common];
      // The socket by which the engine holds a published port.
      if (owner.isEngine && published.some(({ Protocol }) => Protocol === protocol)) return [];
      const container = containers.find(({ id }) => owner.cgroups.includes(id));
      const Process = { Pid: owner.pid, Name: owner.name, Command: owner.command };
      return [
        {
          ...common,
          ...(container === undefined ? {} : { Container: { Id: container.id, Name: container.name } }),
          Process,
        },
      ];
    });
    return { Port: port, Holders: [...published, ...listening] };
  };
}
