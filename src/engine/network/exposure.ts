import { bridgeSettings } from "#network/bridge/bridge-settings.ts";
import type { Endpoint, NetworkInfo, NetworkService, PortPublication } from "#network/types.ts";
import type { Exposure } from "#spec/berth/exposure.ts";
import type { Container } from "../container/container.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { isLive } from "../container/status.ts";

/** `GET /berth/networks/exposure`: of all running containers, by name. */
export function networkExposure(deps: { readonly registry: ContainerRegistry; readonly networks: NetworkService }) {
  return async (): Promise<readonly Exposure[]> => {
    const networks = new Map((await deps.networks.list()).map((network) => [network.id, network]));
    const found: Exposure[] = [];
    for (const container of deps.registry.all().filter(({ status }) => isLive(status))) {
      for (const endpoint of await deps.networks.endpoints(container.id)) {
        const network = networks.get(endpoint.networkId);
        if (network !== undefined) found.push(...exposureOf(container, endpoint, network));
      }
    }
    return found.toSorted((a, b) => (a.Container < b.Container ? -1 : a.Container > b.Container ? 1 : a.Port - b.Port));
  };
}

/** Pure: the entries of one place. */
export function exposureOf(
  { id, name }: Pick<Container, "id" | "name">,
  endpoint: Endpoint,
  network: NetworkInfo,
): readonly Exposure[] {
  const common = { ContainerId: id, Container: name, Network: network.name, Driver: network.driver };
  const everything = (Address: string, Firewall: Exposure["Firewall"]): Exposure => ({
    ...common,
    Address,
    Protocol: "any",
    Port: 0,
    ContainerPort: 0,
    From: ["any"],
    Firewall,
  });
  const own = [endpoint.ipv4, endpoint.ipv6].filter((address) => address !== "");
  switch (network.driver) {
    case "host":
      return [everything("0.0.0.0", "host")];
    case "macvlan":
    case "ipvlan":
      return own.map((address) => everything(address, "none"));
    case "null":
      return [];
    case "bridge":
      return [
        ...(network.internal ? [] : own.filter((address) => isUnprotected(network, address))).map((address) =>
          everything(address, "none"),
        ),
        ...endpoint.ports.map((port) => ({ ...common, ...published(port, endpoint) })),
      ];
  }
}

function isUnprotected({ options }: NetworkInfo, address: string): boolean {
  return bridgeSettings(options).modes[address.includes(":") ? 6 : 4] === "nat-unprotected";
}

/** Without a host port: at the container's own address, as networks of the mode routed have it. */
function published(port: PortPublication, endpoint: Endpoint) {
  const isRouted = port.hostPort === 0;
  const isIpv6 = port.hostIp.includes(":");
  return {
    Address: isRouted ? (isIpv6 ? endpoint.ipv6 : endpoint.ipv4) : port.hostIp,
    Protocol: port.protocol,
    Port: isRouted ? port.containerPort : port.hostPort,
    ContainerPort: port.containerPort,
    From: /^127\.|^::1$/.test(port.hostIp) ? ["host"] : (port.allow ?? ["any"]),
    Firewall: port.firewall ?? ("engine" as const),
  };
}
