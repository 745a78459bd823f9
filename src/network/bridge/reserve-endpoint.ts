import { randomId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { formatMac, parseMac } from "#host/netlink/address.ts";
import { endpointOptions } from "../endpoint-options.ts";
import { addressesOf, macOfLeases, type Leases } from "../ipam/leases.ts";
import type { NetworkPools } from "../ipam/network-pools.ts";
import type { IpFamily } from "../ipam/subnet.ts";
import type { Network } from "../network-rows.ts";
import { freeInterface, placeWithoutAddress, withPlace } from "../place.ts";
import type { HostPorts } from "../ports/host-ports.ts";
import { planPublications } from "../ports/wanted-ports.ts";
import type { Endpoint, EndpointRequest, PortPublication, Resident } from "../types.ts";
import { bridgeSettings, type BridgeSettings } from "./bridge-settings.ts";
import { defaultGatewayNames } from "./default-pools.ts";

export interface ReserveDeps {
  readonly pools: NetworkPools;
  readonly ports: HostPorts;
  /** Where a network does not say. */
  readonly firewall: "engine" | "host";
  readonly log: Log;
}

/** A container's place in a bridge network, with its addresses taken and its host ports held; none of it on failure. */
export function reserveEndpoint(
  deps: ReserveDeps,
  network: Network,
  request: EndpointRequest & Resident,
  others: readonly Endpoint[],
): Endpoint {
  const settings = bridgeSettings(network.spec.options);
  const options = endpointOptions(request.options ?? {});
  const interfaceName = freeInterface(others, options.interfaceName, settings.interfacePrefix);
  const given = request.mac === undefined || request.mac === "" ? undefined : formatMac(parseMac(request.mac));
  const leases = deps.pools.takeAll(network, request);
  const endpoint: Endpoint = {
    ...placeWithoutAddress(network, request),
    id: randomId(),
    interfaceName,
    settings: options.settingsOf(interfaceName),
    ...addressesOf(leases),
    gateway: gatewayFor(network, leases, 4),
    ipv6Gateway: gatewayFor(network, leases, 6),
    mac: given ?? macOfLeases(leases),
  };
  try {
    // docker-compat: nothing is published of a network without a way in.
    return { ...endpoint, ports: network.spec.internal ? [] : publish(deps, settings, endpoint, request) };
  } catch (error) {
    deps.pools.giveBack(endpoint);
    throw withPlace(error, request.containerName, endpoint.id);
  }
}

function publish(
  { ports, firewall, log }: ReserveDeps,
  settings: BridgeSettings,
  endpoint: Endpoint,
  request: EndpointRequest & Resident,
): readonly PortPublication[] {
  const screened = (settings.firewall ?? firewall) === "host" ? { firewall: "host" as const } : {};
  const asked = request.ports.map((port) => ({ ...port, ...screened }));
  const { wanted, open, impossible } = planPublications(asked, endpoint, settings);
  for (const { hostIp, containerPort, protocol } of impossible) {
    log.warn("a port is not published: the container has no address of the host address's family", {
      container: request.containerName,
      network: endpoint.networkName,
      port: `${hostIp}:${containerPort}/${protocol}`,
    });
  }
  return [...ports.allocate(endpoint.id, wanted), ...open];
}

function gatewayFor({ spec }: Network, leases: Leases, family: IpFamily): string {
  const lease = leases[family];
  if (lease === undefined || spec.internal) return "";
  return lease.pool.auxiliary[defaultGatewayNames[family]] ?? lease.pool.gateway;
}
