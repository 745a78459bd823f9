import { BerthError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { chooseSubnet, poolsOf } from "../ipam/choose-subnet.ts";
import {
  addressIn,
  addressText,
  cidrText,
  familyOf,
  machineAddresses,
  overlaps,
  parseCidr,
  type Subnet,
} from "../ipam/subnet.ts";
import type { NetworkOptions } from "../network-options.ts";
import { bridgeAddresses, listLinks, routedSubnets } from "./host-bridge.ts";

/** The default network's bridge and IPv4 addresses. */
export interface ChosenBridge {
  readonly bridgeName: string;
  /** CIDR. */
  readonly subnet: string;
  /** The bridge's own address. */
  readonly gateway: string;
  readonly ownsBridge: boolean;
}

/**
 * Interface, subnet and gateway of the default network: those of the last run while they still fit the options and the
 * machine, or while containers of the last run use them (a changed option then waits, with a warning); else those of the
 * options; else the first free name and subnet. A bridge that somebody else made is taken over as it is, address
 * included, only when `--bridge` names it.
 */
export function chooseBridge(
  route: NetlinkSocket,
  options: NetworkOptions,
  around: {
    readonly earlier: ChosenBridge | undefined;
    /** Containers of the last run use it. */
    readonly inUse: boolean;
    /** Subnets of other networks. */
    readonly reserved: readonly Subnet[];
  },
  log: Log,
): ChosenBridge {
  const { earlier, inUse, reserved } = around;
  if (earlier !== undefined && fits(route, options, earlier)) return earlier;
  if (earlier !== undefined && inUse) {
    log.warn("containers still use the default network: its new settings take effect when none runs", {
      bridge: earlier.bridgeName,
      subnet: earlier.subnet,
    });
    return earlier;
  }
  const links = listLinks(route);
  const bridgeName = options.bridge ?? freeName(new Set(links.map((link) => link.name)));
  if (!/^[^/\s:]{1,15}$/.test(bridgeName)) {
    throw new BerthError("invalid-parameter", `invalid bridge name: ${JSON.stringify(bridgeName)}`);
  }
  const present = links.find((link) => link.name === bridgeName);
  const [address] = present === undefined ? [] : ipv4Of(bridgeAddresses(route, present.index));
  return {
    bridgeName,
    ...addressing(options.bip ?? address ?? freeGateway(route, options, reserved)),
    ownsBridge: present === undefined,
  };
}

function fits(route: NetlinkSocket, options: NetworkOptions, earlier: ChosenBridge): boolean {
  const { subnet } = parseCidr(earlier.subnet);
  if (options.bridge !== undefined && options.bridge !== earlier.bridgeName) return false;
  if (options.bip !== undefined && options.bip !== `${earlier.gateway}/${subnet.prefixLength}`) return false;
  const link = listLinks(route).find((candidate) => candidate.name === earlier.bridgeName);
  if (link === undefined) {
    return earlier.ownsBridge && !routedSubnets(route).some((other) => overlaps(other, subnet));
  }
  const addresses = ipv4Of(bridgeAddresses(route, link.index));
  const keeps = addresses.some((address) => address.startsWith(`${earlier.gateway}/`));
  return link.kind === "bridge" && (addresses.length === 0 || keeps);
}

function ipv4Of(addresses: readonly string[]): readonly string[] {
  return addresses.filter((address) => familyOf(address) === 4);
}

function addressing(cidr: string): Pick<ChosenBridge, "subnet" | "gateway"> {
  const { subnet, address } = parseCidr(cidr);
  if (subnet.prefixLength > 30 || address.value === subnet.base) {
    throw new BerthError("invalid-parameter", `${cidr} is no host address of a subnet that has room for containers`);
  }
  return { subnet: cidrText(subnet), gateway: addressText(address) };
}

/** The first address of `--fixed-cidr`, which then is the whole network, or else of a free subnet. */
function freeGateway(route: NetlinkSocket, options: NetworkOptions, reserved: readonly Subnet[]): string {
  if (options.fixedCidr !== undefined) {
    const { subnet } = parseCidr(options.fixedCidr);
    return firstMachine(subnet);
  }
  const taken = [...routedSubnets(route), ...reserved];
  return firstMachine(chooseSubnet(4, poolsOf(options), taken));
}

/** In CIDR. */
export function firstMachine(subnet: Subnet): string {
  return `${addressText(addressIn(subnet, machineAddresses(subnet).first))}/${subnet.prefixLength}`;
}

function freeName(taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) if (!taken.has(`berth${number}`)) return `berth${number}`;
}
