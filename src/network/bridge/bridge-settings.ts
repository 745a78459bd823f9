import { BerthError } from "#base/errors.ts";
import { isIpv4, isIpv6 } from "#base/ip-address.ts";
import type { IpFamily } from "../ipam/subnet.ts";

/**
 * How containers are reached from outside, for each family. nat: by published ports of the host. nat-unprotected: by any
 * port too, from who has a route. routed: by published ports at their own address, which is not hidden. isolated: the
 * bridge has no address and the host is no neighbour.
 */
export type GatewayMode = "nat" | "nat-unprotected" | "routed" | "isolated";

/** What Docker's options of the bridge driver say. */
export interface BridgeSettings {
  /** The bridge's interface, "" for the engine to choose. */
  readonly bridgeName: string;
  /** Containers of the network reach each other. */
  readonly interContainer: boolean;
  /** Source addresses are rewritten on the way out. */
  readonly masquerade: boolean;
  readonly mtu: number;
  /** Host address of ports published without one; "" for all. */
  readonly publishAddress: string;
  /** The bridge does not get its IPv4 address. */
  readonly inhibitIpv4: boolean;
  readonly modes: Readonly<Record<IpFamily, GatewayMode>>;
  /** The source address of what leaves; "" for that of the interface it leaves by. */
  readonly sources: Readonly<Record<IpFamily, string>>;
  /** What interfaces in containers are called, without their number. */
  readonly interfacePrefix: string;
  /** Interfaces of the host whose neighbours reach unpublished ports too. */
  readonly trusted: readonly string[];
  /** Whose input rules decide on published ports: the engine's alone, or the host's too; undefined for the daemon's choice. */
  readonly firewall: "engine" | "host" | undefined;
  /** Nothing passes between containers but what the network's policy allows, also while it has no rules. */
  readonly isolated: boolean;
}

const DEFAULT_MTU = 1500;

/** Of options that were read before: a network's are asked at each start in it, and again at its end. */
const known = new WeakMap<Readonly<Record<string, string>>, BridgeSettings>();

/** `invalid-parameter` in Docker's words. */
export function bridgeSettings(options: Readonly<Record<string, string>>): BridgeSettings {
  const before = known.get(options);
  if (before !== undefined) return before;
  const settings = readSettings(options);
  known.set(options, settings);
  return settings;
}

function readSettings(options: Readonly<Record<string, string>>): BridgeSettings {
  const bridge = (name: string): string => `com.docker.network.bridge.${name}`;
  const bridgeName = options[bridge("name")] ?? "";
  if (bridgeName !== "" && !/^[^/\s:]{1,15}$/.test(bridgeName)) {
    throw new BerthError("invalid-parameter", `invalid bridge name: ${JSON.stringify(bridgeName)}`);
  }
  return {
    bridgeName,
    interContainer: flag(options, bridge("enable_icc"), true),
    masquerade: flag(options, bridge("enable_ip_masquerade"), true),
    mtu: mtuOf(options) || DEFAULT_MTU,
    publishAddress: address(options, bridge("host_binding_ipv4"), 4),
    inhibitIpv4: flag(options, bridge("inhibit_ipv4"), false),
    modes: { 4: mode(options, bridge("gateway_mode_ipv4")), 6: mode(options, bridge("gateway_mode_ipv6")) },
    sources: {
      4: address(options, "com.docker.network.host_ipv4", 4),
      6: address(options, "com.docker.network.host_ipv6", 6),
    },
    interfacePrefix: interfacePrefix(options, "com.docker.network.container_iface_prefix"),
    trusted: (options[bridge("trusted_host_interfaces")] ?? "").split(":").filter((name) => name !== ""),
    firewall: firewall(options, FIREWALL),
    isolated: flag(options, "berth.network.isolated", false),
  };
}

const FIREWALL = "berth.network.firewall";

function firewall(options: Readonly<Record<string, string>>, name: string): BridgeSettings["firewall"] {
  const value = options[name];
  if (value === undefined || value === "host" || value === "engine") return value;
  throw unparsable(name, value, "want host or engine");
}

const truths = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falsehoods = new Set(["0", "f", "F", "FALSE", "false", "False"]);

function flag(options: Readonly<Record<string, string>>, name: string, otherwise: boolean): boolean {
  const value = options[name];
  if (value === undefined) return otherwise;
  if (truths.has(value)) return true;
  if (falsehoods.has(value)) return false;
  throw unparsable(name, value, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

function mtuOf(options: Readonly<Record<string, string>>): number {
  const name = "com.docker.network.driver.mtu";
  const value = options[name] ?? "0";
  if (!/^[+-]?\d{1,9}$/.test(value)) {
    throw unparsable(name, value, `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  if (Number(value) < 0) throw new BerthError("invalid-parameter", `invalid MTU number: ${value}`);
  if (Number(value) > 65535) throw unparsable(name, value, "value out of range");
  return Number(value);
}

function address(options: Readonly<Record<string, string>>, name: string, family: IpFamily): string {
  const value = options[name] ?? "";
  if (value !== "" && !(family === 4 ? isIpv4(value) : isIpv6(value))) throw unparsable(name, value, "nil ip");
  return value;
}

const modes: readonly string[] = ["nat", "nat-unprotected", "routed", "isolated"] satisfies GatewayMode[];

function mode(options: Readonly<Record<string, string>>, name: string): GatewayMode {
  const value = options[name] || "nat";
  if (!modes.includes(value)) throw unparsable(name, value, `unknown gateway mode ${value}`);
  return value as GatewayMode;
}

/** The kernel's names have 15 characters; two are left for the number. */
function interfacePrefix(options: Readonly<Record<string, string>>, name: string): string {
  const value = options[name] || "eth";
  if (!/^[^/\s:]{1,13}$/.test(value)) throw unparsable(name, value, "invalid interface name");
  return value;
}

function unparsable(name: string, value: string, why: string): BerthError {
  return new BerthError("invalid-parameter", `failed to parse ${name} value: ${value} (${why})`);
}
