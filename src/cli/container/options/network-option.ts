import { parseInteger, type FlagKind } from "../../flags/flag-kind.ts";
import { csvFields } from "#base/csv-fields.ts";

/** One `--network`, in the short form (a name) or the long one (`name=n,alias=a,ip=…`). */
export interface NetworkOption {
  readonly target: string;
  aliases: readonly string[];
  links: readonly string[];
  ipv4Address: string;
  ipv6Address: string;
  macAddress: string;
  linkLocalIps: readonly string[];
  driverOptions: Readonly<Record<string, string>>;
  gatewayPriority: number;
}

export const networkOptions: FlagKind<readonly NetworkOption[]> = {
  typeName: "network",
  initial: [],
  accept: (before, value) => [...before, parseNetwork(value)],
};

export function plainNetwork(target: string): NetworkOption {
  return {
    target,
    aliases: [],
    links: [],
    ipv4Address: "",
    ipv6Address: "",
    macAddress: "",
    linkLocalIps: [],
    driverOptions: {},
    gatewayPriority: 0,
  };
}

/** Throws with docker's words. */
function parseNetwork(value: string): NetworkOption {
  if (!/\w+=\w+(,\w+=\w+)*/.test(value)) return plainNetwork(value);
  let target = "";
  const network = plainNetwork("");
  for (const field of csvFields(value)) {
    // docker-compat: the whole field is lower-cased, values included.
    const lower = field.toLowerCase();
    const equals = lower.indexOf("=");
    const key = lower.slice(0, Math.max(equals, 0)).trim();
    if (equals <= 0) throw new Error(`invalid field ${field}`);
    const item = lower.slice(equals + 1).trim();
    switch (key) {
      case "name":
        target = item;
        break;
      case "alias":
        network.aliases = [...network.aliases, item];
        break;
      case "ip":
        network.ipv4Address = item;
        break;
      case "ip6":
        network.ipv6Address = item;
        break;
      case "mac-address":
        network.macAddress = item;
        break;
      case "link-local-ip":
        network.linkLocalIps = [...network.linkLocalIps, item];
        break;
      case "driver-opt":
        network.driverOptions = { ...network.driverOptions, ...driverOption(item) };
        break;
      case "gw-priority":
        network.gatewayPriority = gatewayPriority(item);
        break;
      default:
        throw new Error(`invalid field key ${key}`);
    }
  }
  if (target === "") throw new Error("network name/id is not specified");
  return { ...network, target };
}

function driverOption(text: string): Record<string, string> {
  const equals = text.indexOf("=");
  if (equals === -1) throw new Error("invalid key value pair format in driver options");
  return { [text.slice(0, equals).trim()]: text.slice(equals + 1).trim() };
}

function gatewayPriority(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`invalid gw-priority (${text}): invalid syntax`);
  return parseInteger(String(Number(text)), "ParseInt");
}

/** True for a network the person made, false for the engine's own modes. */
export function isUserDefined(networkMode: string): boolean {
  return !["", "default", "bridge", "host", "none"].includes(networkMode) && !networkMode.startsWith("container:");
}
