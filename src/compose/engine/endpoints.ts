import type { ServiceNetwork } from "../model/service.ts";
import type { Project, Service } from "../load/project.ts";
import { serviceOfMode } from "../load/normalize-service.ts";
import { defined } from "./resources.ts";

type Json = Readonly<Record<string, unknown>>;

export interface EndpointRequest {
  readonly networkMode: string;
  /** By the network's name at the engine. */
  readonly endpoints: Readonly<Record<string, Json>>;
}

export interface EndpointContext {
  readonly project: Project;
  readonly containerName: string;
  /** Of one-off containers: only with `--use-aliases`. */
  readonly useAliases: boolean;
  /** Id or name of a service's first container. */
  readonly containerOf: (service: string) => string;
}

/** The networks a container joins, in the order of {@link byPriority}. */
export function endpointsOf(service: Service, context: EndpointContext): EndpointRequest {
  if (service.network_mode !== undefined) {
    const other = serviceOfMode(service.network_mode);
    return {
      networkMode: other === undefined ? service.network_mode : `container:${context.containerOf(other)}`,
      endpoints: {},
    };
  }
  const endpoints = byPriority(service).map(([key, endpoint]): [string, Json] => [
    networkName(context.project, key),
    endpointRequest(service, key, endpoint, context),
  ]);
  return { networkMode: endpoints[0]?.[0] ?? "none", endpoints: Object.fromEntries(endpoints) };
}

/** The highest priority first, by name where it is the same. */
const byPriority = ({ networks }: Service): readonly (readonly [key: string, endpoint: ServiceNetwork])[] =>
  Object.entries(networks).toSorted(
    ([one, a], [other, b]) => (b.priority ?? 0) - (a.priority ?? 0) || (one < other ? -1 : 1),
  );

const networkName = (project: Project, key: string): string => project.networks.get(key)?.name ?? key;

function endpointRequest(service: Service, key: string, endpoint: ServiceNetwork, context: EndpointContext): Json {
  const addresses = defined({
    IPv4Address: endpoint.ipv4_address,
    IPv6Address: endpoint.ipv6_address,
    LinkLocalIPs: endpoint.link_local_ips,
  });
  const options = {
    ...endpoint.driver_opts,
    ...(endpoint.interface_name === undefined ? {} : { "com.docker.network.endpoint.ifname": endpoint.interface_name }),
  };
  return defined({
    Aliases: [context.containerName, ...(context.useAliases ? [service.name, ...(endpoint.aliases ?? [])] : [])],
    Links: linksOf(service, context),
    IPAMConfig: Object.keys(addresses).length === 0 ? undefined : addresses,
    MacAddress: endpoint.mac_address ?? (byPriority(service)[0]?.[0] === key ? service.mac_address : undefined),
    DriverOpts: Object.keys(options).length === 0 ? undefined : options,
    GwPriority: endpoint.gw_priority,
  });
}

function linksOf(service: Service, context: EndpointContext): readonly string[] | undefined {
  const links = (service.links ?? []).flatMap((written) => {
    const [other = "", alias = other] = written.split(":");
    const container = context.containerOf(other);
    // docker-compat: also by the name and the number that its container has.
    return [alias, container.replace(`${context.project.name}${context.project.separator}`, ""), container].map(
      (name) => `${container}:${name}`,
    );
  });
  const all = [
    ...links,
    ...(service.external_links ?? []).map((written) => (written.includes(":") ? written : `${written}:${written}`)),
  ];
  return all.length === 0 ? undefined : all;
}
