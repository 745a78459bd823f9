import { BerthError } from "#base/errors.ts";
import type { NetworkRate } from "#base/network-rate.ts";
import type { NetworkRow, NetworkStore } from "#state/network-store.ts";
import type { Endpoint, InterfaceSetting, NameLink, NetworkInfo, NetworkPool, PortPublication } from "./types.ts";

/** What rows of networks and endpoints hold beside their key columns. */
export type NetworkSpec = Omit<NetworkInfo, "id" | "name" | "createdAt"> & {
  /** The engine made the bridge, and removes it with the last container. */
  readonly ownsBridge: boolean;
  /** macvlan and ipvlan: the host's interface below; "" for others. */
  readonly parent: string;
  /** The engine made the parent, and removes it with the last network over it. */
  readonly ownsParent: boolean;
  readonly guard: ForwardingGuard;
};

/**
 * The engine turned on forwarding in this boot of the machine: it does not route between the interfaces that existed before,
 * and turns it off again when it goes. Undefined: forwarding of this family was on already, or is off.
 */
export interface ForwardingGuard {
  readonly bootId: string;
  readonly ipv4: readonly string[] | undefined;
  readonly ipv6: readonly string[] | undefined;
}

export const noGuard: ForwardingGuard = { bootId: "", ipv4: undefined, ipv6: undefined };

/** A predefined network without addresses. */
export const emptySpec: Omit<NetworkSpec, "driver"> = {
  predefined: true,
  bridgeName: "",
  ipv4: true,
  ipv6: false,
  pools: [],
  internal: false,
  attachable: false,
  labels: {},
  ipamOptions: {},
  configOnly: false,
  configFrom: "",
  options: {},
  policy: [],
  ownsBridge: false,
  parent: "",
  ownsParent: false,
  guard: noGuard,
};

/** A network with its row. */
export type Network = NetworkRow<NetworkSpec>;

export type NetworkRows = NetworkStore<NetworkSpec, Endpoint>;

export function validateNetworkSpec(value: unknown): NetworkSpec {
  const fields = object(value);
  const driver = text(fields, "driver");
  if (!isDriver(driver)) throw bad("driver");
  return {
    driver,
    predefined: fields["predefined"] !== false,
    bridgeName: text(fields, "bridgeName"),
    ipv4: fields["ipv4"] !== false,
    ipv6: fields["ipv6"] === true,
    pools: validatePools(fields),
    internal: fields["internal"] === true,
    attachable: fields["attachable"] === true,
    labels: texts(fields["labels"]),
    ipamOptions: texts(fields["ipamOptions"]),
    configOnly: fields["configOnly"] === true,
    configFrom: fields["configFrom"] === undefined ? "" : text(fields, "configFrom"),
    options: texts(fields["options"]),
    policy: items(fields["policy"]).map(String),
    ownsBridge: fields["ownsBridge"] === true,
    parent: fields["parent"] === undefined ? "" : text(fields, "parent"),
    ownsParent: fields["ownsParent"] === true,
    guard: validateGuard(fields["guard"]),
  };
}

function isDriver(name: string): name is NetworkSpec["driver"] {
  return ["bridge", "host", "null", "macvlan", "ipvlan"].includes(name);
}

/** Rows of earlier programs have one IPv4 subnet. */
function validatePools(fields: Readonly<Record<string, unknown>>): readonly NetworkPool[] {
  const { pools, subnet, gateway } = fields;
  if (Array.isArray(pools)) return pools.map(validatePool);
  const { ipRange, auxiliary, subnet: asked } = object(fields["addresses"] ?? {});
  if (subnet === "" || subnet === undefined) return [];
  return [
    validatePool({ subnet, gateway, ipRange: ipRange ?? "", auxiliary, asked: asked !== undefined && asked !== "" }),
  ];
}

function validatePool(value: unknown): NetworkPool {
  const fields = object(value);
  return {
    subnet: text(fields, "subnet"),
    gateway: text(fields, "gateway"),
    ipRange: text(fields, "ipRange"),
    auxiliary: texts(fields["auxiliary"]),
    asked: fields["asked"] === true,
  };
}

function texts(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(object(value ?? {})).map(([name, item]) => [name, String(item)]));
}

function validateGuard(value: unknown): ForwardingGuard {
  const fields = object(value);
  const names = (list: unknown): readonly string[] | undefined => (Array.isArray(list) ? list.map(String) : undefined);
  return { bootId: text(fields, "bootId"), ipv4: names(fields["ipv4"]), ipv6: names(fields["ipv6"]) };
}

export function validateEndpointSpec(value: unknown): Endpoint {
  const fields = object(value);
  const ports = fields["ports"];
  if (!Array.isArray(ports)) throw bad("ports");
  return {
    id: text(fields, "id"),
    containerId: text(fields, "containerId"),
    networkId: text(fields, "networkId"),
    networkName: text(fields, "networkName"),
    interfaceName: text(fields, "interfaceName"),
    ipv4: text(fields, "ipv4"),
    prefixLength: number(fields, "prefixLength"),
    gateway: text(fields, "gateway"),
    directRoute: fields["directRoute"] === true,
    ipv6: text(fields, "ipv6"),
    ipv6PrefixLength: number(fields, "ipv6PrefixLength"),
    ipv6Gateway: text(fields, "ipv6Gateway"),
    mac: text(fields, "mac"),
    aliases: items(fields["aliases"]).map(String),
    gatewayPriority: Number(fields["gatewayPriority"] ?? 0),
    linkLocal: items(fields["linkLocal"]).map(String),
    links: items(fields["links"]).map((item): NameLink => {
      const link = object(item);
      return { alias: text(link, "alias"), target: text(link, "target") };
    }),
    settings: items(fields["settings"]).map((item): InterfaceSetting => {
      const setting = object(item);
      return { path: text(setting, "path"), value: text(setting, "value") };
    }),
    rate: validateRate(fields["rate"]),
    ports: ports.map(validatePort),
  };
}

function validateRate(value: unknown): NetworkRate | undefined {
  if (value === undefined) return undefined;
  const fields = object(value);
  return { bitsPerSecond: number(fields, "bitsPerSecond"), burstBytes: number(fields, "burstBytes") };
}

function validatePort(value: unknown): PortPublication {
  const fields = object(value);
  const protocol = text(fields, "protocol");
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp") throw bad("protocol");
  return {
    protocol,
    containerPort: number(fields, "containerPort"),
    hostIp: text(fields, "hostIp"),
    hostPort: number(fields, "hostPort"),
    ...(fields["firewall"] === "host" ? { firewall: "host" as const } : {}),
    ...(fields["allow"] === undefined ? {} : { allow: items(fields["allow"]).map(String) }),
  };
}

/** Rows of earlier programs have none. */
function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("object");
  return value as Readonly<Record<string, unknown>>;
}

function text(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw bad(name);
  return value;
}

function number(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  if (typeof value !== "number") throw bad(name);
  return value;
}

function bad(what: string): BerthError {
  return new BerthError("data-loss", `unexpected ${what}`);
}
