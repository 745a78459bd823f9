import { BerthError } from "#base/errors.ts";

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
}

const DEFAULT_MTU = 1500;

/** `invalid-parameter` in Docker's words, `not-implemented` naming an option that is known and not carried out. */
export function bridgeSettings(options: Readonly<Record<string, string>>): BridgeSettings {
  refuseUnsupported(options);
  const bridge = (name: string): string => `com.docker.network.bridge.${name}`;
  const bridgeName = options[bridge("name")] ?? "";
  if (bridgeName !== "" && !/^[^/\s:]{1,15}$/.test(bridgeName)) {
    throw new BerthError("invalid-parameter", `invalid bridge name: ${JSON.stringify(bridgeName)}`);
  }
  return {
    bridgeName,
    interContainer: flag(options, bridge("enable_icc"), true),
    masquerade: flag(options, bridge("enable_ip_masquerade"), true),
    mtu: size(options, "com.docker.network.driver.mtu") || DEFAULT_MTU,
    publishAddress: address(options, bridge("host_binding_ipv4")),
  };
}

function refuseUnsupported(options: Readonly<Record<string, string>>): void {
  const harmless: Readonly<Record<string, readonly string[]>> = {
    "com.docker.network.bridge.gateway_mode_ipv4": ["", "nat"],
    "com.docker.network.bridge.gateway_mode_ipv6": ["", "nat"],
    "com.docker.network.bridge.inhibit_ipv4": ["", "false"],
    "com.docker.network.bridge.trusted_host_interfaces": [""],
    "com.docker.network.container_iface_prefix": ["", "eth"],
    "com.docker.network.host_ipv4": [""],
    "com.docker.network.host_ipv6": [""],
  };
  const refused = Object.entries(options).filter(([name, value]) => harmless[name]?.includes(value) === false);
  if (refused.length === 0) return;
  const names = refused.map(([name, value]) => `${name}=${value}`).join(", ");
  throw new BerthError("not-implemented", `not supported by this engine yet: ${names}`);
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

function size(options: Readonly<Record<string, string>>, name: string): number {
  const value = options[name] ?? "0";
  if (!/^[+-]?\d{1,9}$/.test(value)) {
    throw unparsable(name, value, `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  if (Number(value) < 0 || Number(value) > 65535) throw unparsable(name, value, "value out of range");
  return Number(value);
}

function address(options: Readonly<Record<string, string>>, name: string): string {
  const value = options[name] ?? "";
  const isAddress = /^(\d{1,3})(\.\d{1,3}){3}$/.test(value) && value.split(".").every((part) => Number(part) < 256);
  if (value !== "" && !isAddress) throw unparsable(name, value, "nil ip");
  return value;
}

function unparsable(name: string, value: string, why: string): BerthError {
  return new BerthError("invalid-parameter", `failed to parse ${name} value: ${value} (${why})`);
}
