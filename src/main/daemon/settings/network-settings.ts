import { messageOf } from "#base/errors.ts";
import { isIp, isIpv4 } from "#base/ip-address.ts";
import { dnsSearch } from "#cli/container/options/checks.ts";
import type { AddressPool } from "#network/ipam/choose-subnet.ts";
import { addressNumber, contains, parseCidr } from "#network/ipam/subnet.ts";
import type { OptionValues } from "../option-values.ts";
import type { Pool } from "../options/value-kinds.ts";
import { badSetting } from "./bad-setting.ts";

export interface NetworkSettings {
  readonly bridge: string | undefined;
  readonly bip: string | undefined;
  readonly fixedCidr: string | undefined;
  readonly defaultGateway: string | undefined;
  readonly mtu: number;
  readonly interContainer: boolean;
  readonly masquerade: boolean;
  readonly forward: boolean;
  readonly publishAddress: string | undefined;
  readonly addressPools: readonly AddressPool[] | undefined;
}

export function networkSettings(values: OptionValues) {
  for (const address of values.list("dns")) checkAddress(address);
  for (const domain of values.list("dns-search")) checked(() => dnsSearch(domain));
  const network: NetworkSettings = {
    bridge: values.text("bridge") || undefined,
    bip: cidr(values.text("bip"), "bip"),
    fixedCidr: cidr(values.text("fixed-cidr"), "fixed-cidr"),
    defaultGateway: ipv4(values.text("default-gateway"), "default-gateway"),
    mtu: mtu(values.count("mtu")),
    interContainer: values.on("icc"),
    masquerade: values.on("ip-masq"),
    forward: values.on("ip-forward"),
    publishAddress: ipv4(values.text("ip"), "ip"),
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

/** docker-compat: a part of the bridge's subnet only, and a gateway only from inside it. */
function checkTogether({ bridge, bip, fixedCidr, defaultGateway }: NetworkSettings): void {
  if (bip !== undefined && bridge === "none") throw badSetting("--bip makes no sense with --bridge=none");
  if (bip === undefined) return;
  const { subnet } = parseCidr(bip);
  if (fixedCidr !== undefined) {
    const part = parseCidr(fixedCidr).subnet;
    if (part.prefixLength < subnet.prefixLength || !contains(subnet, part.base))
      throw badSetting(`--fixed-cidr ${fixedCidr} is not within the bridge's network ${bip}`);
  }
  if (defaultGateway !== undefined && !contains(subnet, addressNumber(defaultGateway)))
    throw badSetting(`--default-gateway ${defaultGateway} is not within the bridge's network ${bip}`);
}

function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw badSetting(messageOf(error));
  }
}

function checkAddress(address: string): void {
  if (!isIp(address.trim())) throw badSetting(`${address} is not an ip address`);
}

function cidr(text: string, option: string): string | undefined {
  if (text === "") return undefined;
  try {
    parseCidr(text);
  } catch {
    throw badSetting(`invalid --${option} ${text}: want an IPv4 address and prefix`);
  }
  return text;
}

function ipv4(text: string, option: string): string | undefined {
  if (text === "") return undefined;
  if (!isIpv4(text)) throw badSetting(`invalid --${option} ${text}: want an IPv4 address`);
  return text;
}

/** docker-compat: 0 is the default. RFC 791: every IPv4 link carries 68 bytes. */
function mtu(value: number): number {
  if (value < 0) throw badSetting(`invalid default MTU: ${value}`);
  if (value < 68 || value > 65_535) throw badSetting(`invalid default MTU: ${value}: must be 68 to 65535`);
  return value;
}

function pools(given: readonly Pool[]): readonly AddressPool[] | undefined {
  if (given.length === 0) return undefined;
  return given.map(({ base, size }) => {
    const { subnet } = checked(() => parseCidr(base));
    if (size < subnet.prefixLength || size > 30)
      throw badSetting(`invalid default address pool ${base}: size ${size} must be ${subnet.prefixLength} to 30`);
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
    if (count > 1) throw badSetting(`only one IPv${family} host gateway IP address can be specified`);
  }
  return addresses;
}
