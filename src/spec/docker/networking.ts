import { dict, int, list, nullable, omitEmpty, struct, text, type Decoded } from "./schema.ts";

export const endpointIpamConfig = struct("network.EndpointIPAMConfig", {
  IPv4Address: omitEmpty(text),
  IPv6Address: omitEmpty(text),
  LinkLocalIPs: omitEmpty(list(text)),
});

/** A container's place in one network, as asked for and as inspected (Engine API definition `EndpointSettings`). */
export const endpointSettings = struct("network.EndpointSettings", {
  IPAMConfig: nullable(endpointIpamConfig),
  Links: list(text),
  Aliases: list(text),
  MacAddress: text,
  DriverOpts: dict(text),
  GwPriority: int,
  NetworkID: text,
  EndpointID: text,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: int,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: int,
  DNSNames: list(text),
});
export type EndpointSettings = Decoded<typeof endpointSettings>;

export const networkingConfig = struct("network.NetworkingConfig", {
  EndpointsConfig: dict(nullable(endpointSettings)),
});
export type NetworkingConfig = Decoded<typeof networkingConfig>;
