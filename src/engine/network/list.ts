import { BerthError } from "#base/errors.ts";
import { countSubnet } from "#network/ipam/subnet-status.ts";
import type { NetworkInfo, NetworkService } from "#network/types.ts";
import { patternsOf } from "#spec/docker/filter-patterns.ts";
import { matchesLabels, type Filters } from "#spec/docker/filters.ts";
import type { NetworkContainer, NetworkResource, SubnetStatus } from "#spec/docker/network.ts";
import { maxUint64, uint64, type Uint64 } from "#spec/docker/uint64.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { isLive } from "../container/status.ts";
import { findNamed } from "./find-named.ts";

export const networkFilterKeys = ["dangling", "driver", "id", "label", "name", "scope", "type"] as const;

/** `GET /networks`, without the containers in them. */
export function listNetworks(deps: { readonly networks: NetworkService }) {
  return async (filters: Filters): Promise<readonly NetworkResource[]> => {
    const has = (key: string, accepts: (value: string) => boolean): boolean => {
      const wanted = filters.get(key);
      return wanted === undefined || wanted.size === 0 || [...wanted].some(accepts);
    };
    const dangling = danglingFilter(filters);
    for (const type of filters.get("type") ?? []) {
      if (type !== "builtin" && type !== "custom")
        throw new BerthError("invalid-parameter", `invalid filter: 'type'='${type}'`);
    }
    const inUse = new Set<string>();
    const all = await deps.networks.list();
    if (dangling !== undefined)
      for (const { id } of all) if ((await deps.networks.members(id)).length > 0) inUse.add(id);
    const [ids, names] = [patternsOf(filters, "id"), patternsOf(filters, "name")];
    const shown = all.filter(
      (network) =>
        has("driver", (value) => network.driver === value) &&
        (ids === undefined || ids(network.id)) &&
        (names === undefined || names(network.name)) &&
        has("scope", (value) => value === "local") &&
        has("type", (value) => value === (network.predefined ? "builtin" : "custom")) &&
        (dangling === undefined || dangling === (!network.predefined && !inUse.has(network.id))) &&
        matchesLabels(filters, network.labels),
    );
    return shown.map((network) => resource(network, {}));
  };
}

/** docker-compat: in words of its own. */
function danglingFilter(filters: Filters): boolean | undefined {
  const [only, another] = filters.get("dangling") ?? [];
  if (only === undefined) return undefined;
  const invalid = (why: string): BerthError => new BerthError("invalid-parameter", why);
  if (another !== undefined) throw invalid('got more than one value for filter key "dangling"');
  if (only === "true" || only === "1") return true;
  if (only === "false" || only === "0") return false;
  throw invalid('invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")');
}

/** `GET /networks/{id}`. `scope` "": any. */
export function inspectNetwork(deps: { readonly networks: NetworkService; readonly registry: ContainerRegistry }) {
  return async (nameOrId: string, scope = ""): Promise<NetworkResource> => {
    const network = await findNamed(deps.networks, nameOrId);
    if (scope !== "" && scope !== "local") throw new BerthError("not-found", `network ${nameOrId} not found`);
    const containers: Record<string, NetworkContainer> = {};
    for (const container of deps.registry.all()) {
      if (!isLive(container.status)) continue;
      const endpoint = (await deps.networks.endpoints(container.id)).find(({ networkId }) => networkId === network.id);
      if (endpoint === undefined) continue;
      containers[container.id] = {
        Name: container.name,
        EndpointID: endpoint.id,
        MacAddress: endpoint.mac,
        IPv4Address: endpoint.ipv4 === "" ? "" : `${endpoint.ipv4}/${endpoint.prefixLength}`,
        IPv6Address: endpoint.ipv6 === "" ? "" : `${endpoint.ipv6}/${endpoint.ipv6PrefixLength}`,
      };
    }
    return { ...resource(network, containers), Status: { IPAM: subnetStatus(network, Object.values(containers)) } };
  };
}

function subnetStatus(
  { pools, configOnly }: NetworkInfo,
  containers: readonly NetworkContainer[],
): NonNullable<NetworkResource["Status"]>["IPAM"] {
  if (pools.length === 0 || configOnly) return {};
  const given = containers.flatMap(({ IPv4Address, IPv6Address }) =>
    [IPv4Address, IPv6Address].map((text) => text.replace(/\/.*$/u, "")),
  );
  const capped = (count: bigint): Uint64 => uint64(count > maxUint64 ? maxUint64 : count);
  const counted = pools.map((pool): [string, SubnetStatus] => {
    const { inUse, available } = countSubnet(pool, given);
    return [pool.subnet, { IPsInUse: capped(inUse), DynamicIPsAvailable: capped(available) }];
  });
  return { Subnets: Object.fromEntries(counted) };
}

function resource(network: NetworkInfo, containers: Readonly<Record<string, NetworkContainer>>): NetworkResource {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.createdAt,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: network.ipv4,
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: "default",
      Options: Object.keys(network.ipamOptions).length === 0 ? null : network.ipamOptions,
      Config: ipamConfig(network),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom },
    ConfigOnly: network.configOnly,
    Containers: containers,
    Options: network.options,
    Labels: network.labels,
  };
}

function ipamConfig({ pools }: NetworkInfo): NetworkResource["IPAM"]["Config"] {
  if (pools.length === 0) return null;
  return pools.map(({ subnet, gateway, ipRange, auxiliary }) => ({
    Subnet: subnet,
    ...(ipRange === "" ? {} : { IPRange: ipRange }),
    ...(gateway === "" ? {} : { Gateway: gateway }),
    ...(Object.keys(auxiliary).length === 0 ? {} : { AuxiliaryAddresses: auxiliary }),
  }));
}
