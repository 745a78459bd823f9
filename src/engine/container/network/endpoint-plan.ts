import type { EndpointRequest, NetworkInfo } from "#network/types.ts";
import { endpointSettings, type EndpointSettings } from "#spec/docker/networking.ts";
import type { Container } from "../container.ts";
import { ownSettings } from "../settings/own-settings.ts";
import { parseLink } from "./parse-link.ts";
import { portPublications } from "./ports.ts";
import { withAllowLists } from "./publish-rules.ts";
import type { ContainerSpec } from "../spec.ts";

/** A network that a container is to be in, under the name by which it was asked for. */
export interface PlannedEndpoint {
  readonly network: string;
  readonly settings: EndpointSettings;
}

const canonical = (name: string): string => (name === "default" ? "bridge" : name);

/** The networks that a container is in when it runs: that of its mode, whose interface comes first, then the others by name. */
export function plannedEndpoints(spec: ContainerSpec): readonly PlannedEndpoint[] {
  const { config, hostConfig, networking } = spec;
  const mode = canonical(hostConfig.NetworkMode);
  if (mode.startsWith("container:") || config.NetworkDisabled) return [];
  const asked = new Map(
    Object.entries(networking.EndpointsConfig ?? {}).map(([name, settings]) => [
      canonical(name),
      settings ?? endpointSettings.zero,
    ]),
  );
  const first = asked.get(mode) ?? (spec.leftMode === true ? undefined : endpointSettings.zero);
  asked.delete(mode);
  const others = [...asked].map(([network, settings]) => ({ network, settings }));
  const sorted = others.toSorted((a, b) => (a.network < b.network ? -1 : 1));
  if (first === undefined) return sorted;
  return [{ network: mode, settings: { ...first, MacAddress: first.MacAddress || config.MacAddress } }, ...sorted];
}

/** What the network side is asked for. Ports are published by every bridge; they are those of the container. */
export function endpointRequest(
  container: Container,
  { settings }: PlannedEndpoint,
  network: NetworkInfo,
  publishes: boolean,
): EndpointRequest & { readonly containerName: string } {
  const { config, hostConfig } = container.spec;
  const own = ownSettings(container.spec);
  const { IPv4Address = "", IPv6Address = "" } = settings.IPAMConfig ?? {};
  return {
    containerId: container.id,
    containerName: container.name,
    networkId: network.id,
    ports: publishes ? withAllowLists(portPublications(config, hostConfig), own.allow) : [],
    aliases: settings.Aliases ?? [],
    gatewayPriority: settings.GwPriority,
    linkLocal: settings.IPAMConfig?.LinkLocalIPs ?? [],
    links: (settings.Links ?? []).map(parseLink).map(({ name, alias }) => ({ alias, target: name })),
    options: settings.DriverOpts ?? {},
    rate: own.netRate,
    ...(settings.MacAddress === "" ? {} : { mac: settings.MacAddress }),
    ...(IPv4Address === "" ? {} : { ipv4: IPv4Address }),
    ...(IPv6Address === "" ? {} : { ipv6: IPv6Address }),
  };
}

/** docker-compat: the names under which others in a user-defined network find the container. */
export function dnsNames(container: Container, settings: EndpointSettings): readonly string[] {
  const { Hostname } = container.spec.config;
  return [...new Set([container.name, ...(settings.Aliases ?? []), container.id.slice(0, 12), Hostname])].filter(
    (name) => name !== "",
  );
}
