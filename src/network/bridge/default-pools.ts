import { BerthError } from "#base/errors.ts";
import { chooseSubnet, poolsOf } from "../ipam/choose-subnet.ts";
import { addressText, cidrText, contains, overlaps, parseAddress, parseCidr, type Subnet } from "../ipam/subnet.ts";
import type { NetworkOptions } from "../network-options.ts";
import type { NetworkPool } from "../types.ts";
import { firstMachine, type ChosenBridge } from "./choose-bridge.ts";

/** docker-compat: under this name `--default-gateway` stands among the addresses that are set aside. */
export const defaultGatewayNames = { 4: "DefaultGatewayIPv4", 6: "DefaultGatewayIPv6" } as const;

/** What the daemon's options say of the default network's IPv4 addresses; `invalid-parameter` when they lie outside it. */
export function defaultIpv4(
  { fixedCidr, defaultGateway }: NetworkOptions,
  { subnet: text, gateway }: Pick<ChosenBridge, "subnet" | "gateway">,
): NetworkPool {
  const { subnet } = parseCidr(text);
  if (fixedCidr !== undefined) checkPart("fixed-cidr", fixedCidr, subnet);
  return {
    subnet: text,
    gateway,
    ipRange: fixedCidr ?? "",
    auxiliary: setAside(4, defaultGateway, gateway, subnet),
    asked: false,
  };
}

/**
 * The default network's IPv6 addresses: those of `--bip6`, or of `--fixed-cidr-v6`, which then is the whole subnet, or else
 * the earlier ones, or a free subnet of the pools. Undefined without `--ipv6`. `taken` are subnets of others.
 */
export function defaultIpv6(
  options: NetworkOptions,
  earlier: NetworkPool | undefined,
  taken: readonly Subnet[],
): NetworkPool | undefined {
  const { ipv6, bip6, fixedCidrV6, defaultGatewayV6 } = options;
  if (ipv6 !== true) return undefined;
  const kept = earlier === undefined || overlapsAny(earlier.subnet, taken) ? undefined : bridgeAddress(earlier);
  const chosen =
    bip6 ??
    (fixedCidrV6 === undefined ? kept : firstMachine(parseCidr(fixedCidrV6).subnet)) ??
    firstMachine(chooseSubnet(6, poolsOf(options), taken));
  const { subnet, address } = parseCidr(chosen);
  if (fixedCidrV6 !== undefined) checkPart("fixed-cidr-v6", fixedCidrV6, subnet);
  const gateway = addressText(address);
  return {
    subnet: cidrText(subnet),
    gateway,
    ipRange: fixedCidrV6 === undefined ? "" : cidrText(parseCidr(fixedCidrV6).subnet),
    auxiliary: setAside(6, defaultGatewayV6, gateway, subnet),
    asked: false,
  };
}

function bridgeAddress({ subnet, gateway }: NetworkPool): string {
  return `${gateway}/${parseCidr(subnet).subnet.prefixLength}`;
}

function overlapsAny(cidr: string, taken: readonly Subnet[]): boolean {
  const { subnet } = parseCidr(cidr);
  return taken.some((other) => overlaps(subnet, other));
}

function setAside(family: 4 | 6, wanted: string | undefined, own: string, subnet: Subnet): NetworkPool["auxiliary"] {
  if (wanted === undefined || wanted === own) return {};
  const option = family === 4 ? "default-gateway" : "default-gateway-v6";
  if (!contains(subnet, parseAddress(wanted))) throw outside(option, wanted, subnet);
  return { [defaultGatewayNames[family]]: addressText(parseAddress(wanted)) };
}

function checkPart(option: string, cidr: string, subnet: Subnet): void {
  const { subnet: range, address } = parseCidr(cidr);
  if (!contains(subnet, address) || range.prefixLength < subnet.prefixLength) throw outside(option, cidr, subnet);
}

function outside(option: string, value: string, subnet: Subnet): BerthError {
  return new BerthError(
    "invalid-parameter",
    `--${option} ${value} is not within the bridge's network ${cidrText(subnet)}`,
  );
}
