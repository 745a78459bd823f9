import type { Endpoint } from "#network/types.ts";
import type { NetworkSettings, PortSummary } from "#spec/docker/container.ts";
import type { PortBinding } from "#spec/docker/host-config.ts";
import { endpointIpamConfig, endpointSettings, type EndpointSettings } from "#spec/docker/networking.ts";
import type { Container } from "../container.ts";
import { dnsNames, plannedEndpoints } from "./endpoint-plan.ts";
import { isLive } from "../status.ts";

/** The networks of a container: its endpoints, or, without any, the one it will be in when it starts. */
export function networksOf(
  container: Container,
  endpoints: readonly Endpoint[],
): Readonly<Record<string, EndpointSettings>> {
  const planned = plannedEndpoints(container.spec);
  if (endpoints.length === 0)
    return Object.fromEntries(planned.map(({ network, settings }) => [network, asPrinted(settings)]));
  const asked = new Map(planned.map(({ network, settings }) => [network, settings]));
  return Object.fromEntries(
    endpoints.map((endpoint) => [
      endpoint.networkName,
      {
        ...asPrinted(settingsOf(container, endpoint, asked)),
        MacAddress: endpoint.mac,
        NetworkID: endpoint.networkId,
        EndpointID: endpoint.id,
        Gateway: endpoint.gateway,
        IPAddress: endpoint.ipv4,
        IPPrefixLen: endpoint.prefixLength,
        IPv6Gateway: endpoint.ipv6Gateway,
        GlobalIPv6Address: endpoint.ipv6,
        GlobalIPv6PrefixLen: endpoint.ipv6PrefixLength,
      },
    ]),
  );
}

/** Without the addresses that nobody asked for. */
function asPrinted(settings: EndpointSettings): EndpointSettings {
  const { IPAMConfig } = settings;
  return IPAMConfig === null
    ? settings
    : { ...settings, IPAMConfig: endpointIpamConfig.print(IPAMConfig) as typeof IPAMConfig };
}

const predefined: readonly string[] = ["bridge", "host", "none"];

function settingsOf(
  container: Container,
  { networkName, networkId }: Endpoint,
  asked: ReadonlyMap<string, EndpointSettings>,
): EndpointSettings {
  const settings = asked.get(networkName) ?? asked.get(networkId) ?? endpointSettings.zero;
  return predefined.includes(networkName) ? settings : { ...settings, DNSNames: dnsNames(container, settings) };
}

/** Inspect's `NetworkSettings`, with the default bridge's values repeated at the top for clients before 1.52. */
export function networkSettings(container: Container, endpoints: readonly Endpoint[]): NetworkSettings {
  const { status } = container;
  const hasSandbox = isLive(status) && !container.spec.config.NetworkDisabled;
  const bridge = endpoints.find((endpoint) => endpoint.networkName === "bridge");
  return {
    Bridge: "",
    SandboxID: hasSandbox ? container.id : "",
    SandboxKey: hasSandbox ? `/proc/${status.pid}/ns/net` : "",
    Ports: hasSandbox ? portMap(container, endpoints) : {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.id ?? "",
    Gateway: bridge?.gateway ?? "",
    GlobalIPv6Address: bridge?.ipv6 ?? "",
    GlobalIPv6PrefixLen: bridge?.ipv6PrefixLength ?? 0,
    IPAddress: bridge?.ipv4 ?? "",
    IPPrefixLen: bridge?.prefixLength ?? 0,
    IPv6Gateway: bridge?.ipv6Gateway ?? "",
    MacAddress: bridge?.mac ?? "",
    Networks: networksOf(container, endpoints),
  };
}

function portMap(
  container: Container,
  endpoints: readonly Endpoint[],
): Readonly<Record<string, readonly PortBinding[] | null>> {
  const map: Record<string, PortBinding[] | null> = {};
  for (const key of Object.keys(container.spec.config.ExposedPorts ?? {}))
    map[key.includes("/") ? key : `${key}/tcp`] = null;
  for (const { ports } of endpoints) {
    for (const port of ports) {
      (map[`${port.containerPort}/${port.protocol}`] ??= []).push({
        HostIp: port.hostIp,
        // docker-compat: "" for a port that is open at the container's own address.
        HostPort: port.hostPort === 0 ? "" : String(port.hostPort),
      });
    }
  }
  return map;
}

/** The ports of `docker ps`: published ones with their host side, exposed ones without. */
export function portSummaries(container: Container, endpoints: readonly Endpoint[]): readonly PortSummary[] {
  if (!isLive(container.status)) return [];
  return Object.entries(portMap(container, endpoints)).flatMap(([key, bindings]): PortSummary[] => {
    const [port = "", Type = "tcp"] = key.split("/");
    const PrivatePort = Number(port);
    if (bindings === null) return [{ PrivatePort, Type }];
    return bindings.map(({ HostIp, HostPort }) =>
      HostPort === "" ? { PrivatePort, Type } : { IP: HostIp, PrivatePort, PublicPort: Number(HostPort), Type },
    );
  });
}
