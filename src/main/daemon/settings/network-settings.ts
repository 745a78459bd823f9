import { invalid, messageOf } from "#base/errors.ts";
import { isIp, isIpv4 } from "#base/ip-address.ts";
import { dnsSearch } from "#cli/container/options/checks.ts";
import type { AddressPool } from "#network/ipam/choose-subnet.ts";
import { bitsOf, contains, familyOf, parseAddress, parseCidr, type IpFamily } from "#network/ipam/subnet.ts";
import type { OptionValues } from "../option-values.ts";
import type { Pool } from "../options/value-kinds.ts";

export interface NetworkSettings {
  readonly bridge: string | undefined;
  readonly bip: string | undefined;
  readonly fixedCidr: string | undefined;
  readonly defaultGateway: string | undefined;
  readonly ipv6: boolean;
  readonly bip6: string | undefined;
  readonly fixedCidrV6: string | undefined;
  readonly defaultGatewayV6: string | undefined;
  readonly ipv6Rules: boolean;
  readonly mtu: number;
  readonly interContainer: boolean;
  readonly masquerade: boolean;
  readonly forward: boolean;
  readonly publishAddress: string | undefined;
  readonly addressPools: readonly AddressPool[] | undefined;
  readonly firewall: "engine" | "host";
}

export function networkSettings(values: OptionValues) {
  for (const address of values.list("dns")) checkAddress(address);
  for (const domain of values.list("dns-search")) checked(() => dnsSearch(domain));
  const network: NetworkSettings = {
    bridge: values.text("bridge") || undefined,
    bip: cidr(4, values.text("bip"), "bip"),
    fixedCidr: cidr(4, values.text("fixed-cidr"), "fixed-cidr"),
    defaultGateway: address(4, values.text("default-gateway"), "default-gateway"),
    ipv6: values.on("ipv6"),
    bip6: cidr(6, values.text("bip6"), "bip6"),
    fixedCidrV6: cidr(6, values.text("fixed-cidr-v6"), "fixed-cidr-v6"),
    defaultGatewayV6: address(6, values.text("default-gateway-v6"), "default-gateway-v6"),
    ipv6Rules: values.on("ip6tables"),
    mtu: mtu(values.count("mtu")),
    interContainer: values.on("icc"),
    masquerade: values.on("ip-masq"),
    forward: values.on("ip-forward"),
    publishAddress: address(4, values.text("ip"), "ip"),
    firewall: firewall(values.text("network-firewall")),
    addressPools: pools(values.value("default-address-pool") as readonly Pool[]),
  };
  checkTogether(network);
  return {
    dns: values.list("dns"),
    dnsOptions: values.list("dns-opt"),
    dnsSearch: values.list("dns-search"),
    hostGatewayIps: hostGatewayIps(values.list("host-gateway-ip")),
    network,
  };
}

function checkTogether(network: NetworkSettings): void {
  const { bridge, bip, bip6, ipv6 } = network;
  for (const [option, value] of Object.entries({ bip, bip6 })) {
    if (value !== undefined && bridge === "none") throw invalid(`--${option} makes no sense with --bridge=none`);
  }
  if (!ipv6 && bip6 !== undefined) throw invalid("--bip6 makes no sense without --ipv6");
  checkInside(network.bip, [
    ["fixed-cidr", network.fixedCidr],
    ["default-gateway", network.defaultGateway],
  ]);
  checkInside(network.bip6, [
    ["fixed-cidr-v6", network.fixedCidrV6],
    ["default-gateway-v6", network.defaultGatewayV6],
  ]);
}

/** docker-compat: a part of the bridge's subnet only, and a gateway only from inside it. */
function checkInside(
  bridge: string | undefined,
  options: readonly (readonly [option: string, value: string | undefined])[],
): void {
  if (bridge === undefined) return;
  const { subnet } = parseCidr(bridge);
  for (const [option, value] of options) {
    if (value === undefined) continue;
    const [first = "", length = String(bitsOf(subnet.family))] = value.split("/");
    if (Number(length) < subnet.prefixLength || !contains(subnet, parseAddress(first)))
      throw invalid(`--${option} ${value} is not within the bridge's network ${bridge}`);
  }
}

function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw invalid(messageOf(error));
  }
}

function checkAddress(address: string): void {
  if (!isIp(address.trim())) throw invalid(`${address} is not an ip address`);
}

function cidr(family: IpFamily, text: string, option: string): string | undefined {
  if (text === "") return undefined;
  try {
    if (parseCidr(text).subnet.family === family) return text;
  } catch {
    // Told below.
  }
  throw invalid(`invalid --${option} ${text}: want an IPv${family} address and prefix`);
}

function address(family: IpFamily, text: string, option: string): string | undefined {
  if (text === "") return undefined;
  if (!isIp(text) || familyOf(text) !== family)
    throw invalid(`invalid --${option} ${text}: want an IPv${family} address`);
  return text;
}

/** docker-compat: 0 is the default. RFC 791: every IPv4 link carries 68 bytes. */
function mtu(value: number): number {
  if (value < 0) throw invalid(`invalid default MTU: ${value}`);
  if (value < 68 || value > 65_535) throw invalid(`invalid default MTU: ${value}: must be 68 to 65535`);
  return value;
}

function firewall(text: string): NetworkSettings["firewall"] {
  if (text === "engine" || text === "host") return text;
  throw invalid(`invalid --network-firewall ${text}: want engine or host`);
}

function pools(given: readonly Pool[]): readonly AddressPool[] | undefined {
  if (given.length === 0) return undefined;
  return given.map(({ base, size }) => {
    const { subnet } = checked(() => parseCidr(base));
    const last = bitsOf(subnet.family) - 2;
    if (size < subnet.prefixLength || size > last)
      throw invalid(`invalid default address pool ${base}: size ${size} must be ${subnet.prefixLength} to ${last}`);
    return { base: subnet, size };
  });
}

/** docker-compat: at most one address of each family. */
function hostGatewayIps(given: readonly string[]): readonly string[] {
  const addresses = given.flatMap((text) => text.split(",")).filter((text) => text !== "");
  for (const address of addresses) checkAddress(address);
  const four = addresses.filter(isIpv4).length;
  for (const [family, count] of [
    [4, four],
    [6, addresses.length - four],
  ] as const) {
    if (count > 1) throw invalid(`only one IPv${family} host gateway IP address can be specified`);
  }
  return addresses;
}
