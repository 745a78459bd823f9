import { attributeMap, findAttribute, readString, readU32 } from "./attributes.ts";
import type { NetlinkMessage } from "./message.ts";
import {
  IFA_ADDRESS,
  IFA_LOCAL,
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_TABLE,
} from "./rtnetlink.ts";

/** What rtnetlink dumps tell, reduced to what the network side asks for. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
  /** Empty for links without a hardware address. */
  readonly mac: Uint8Array;
  /** Index of the bridge the link belongs to; 0 for none. */
  readonly master: number;
  /** Index of the link below: a VLAN's parent, for example; 0 for none. */
  readonly parent: number;
  /** "bridge", "veth", …; "" for physical links. */
  readonly kind: string;
}

export interface LinkAddress {
  readonly linkIndex: number;
  readonly prefixLength: number;
  readonly address: Uint8Array;
}

export interface Route {
  /** Empty: the default route. */
  readonly destination: Uint8Array;
  readonly prefixLength: number;
  readonly gateway: Uint8Array | undefined;
  readonly linkIndex: number;
  readonly table: number;
  /** rtm_type: 1 unicast, 2 local, 3 broadcast, … */
  readonly type: number;
}

const IFINFOMSG_SIZE = 16;
const IFADDRMSG_SIZE = 8;
const RTMSG_SIZE = 12;

export function parseLink({ payload }: NetlinkMessage): Link {
  const attributes = attributeMap(payload, IFINFOMSG_SIZE);
  const info = attributeMap(attributes.get(IFLA_LINKINFO) ?? new Uint8Array(0));
  return {
    index: readU32(payload, 4),
    name: readString(attributes.get(IFLA_IFNAME)),
    up: (readU32(payload, 8) & IFF_UP) !== 0,
    mtu: readU32(attributes.get(IFLA_MTU)),
    mac: attributes.get(IFLA_ADDRESS) ?? new Uint8Array(0),
    master: readU32(attributes.get(IFLA_MASTER)),
    parent: readU32(attributes.get(IFLA_LINK)),
    kind: readString(info.get(IFLA_INFO_KIND)),
  };
}

/** {@link Link.index} alone. */
export function linkIndex({ payload }: NetlinkMessage): number {
  return readU32(payload, 4);
}

/** Of a veth pair's other end, in whatever namespace that is. */
export function peerIndex({ payload }: NetlinkMessage): number {
  const peer = findAttribute(payload, IFLA_LINK, IFINFOMSG_SIZE);
  return peer === undefined ? readU32(payload, 4) : readU32(peer);
}

export function parseLinkAddress({ payload }: NetlinkMessage): LinkAddress {
  const attributes = attributeMap(payload, IFADDRMSG_SIZE);
  return {
    linkIndex: readU32(payload, 4),
    prefixLength: payload[1] ?? 0,
    address: attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS) ?? new Uint8Array(0),
  };
}

export function parseRoute({ payload }: NetlinkMessage): Route {
  const attributes = attributeMap(payload, RTMSG_SIZE);
  return {
    destination: attributes.get(RTA_DST) ?? new Uint8Array(0),
    prefixLength: payload[1] ?? 0,
    gateway: attributes.get(RTA_GATEWAY),
    linkIndex: readU32(attributes.get(RTA_OIF)),
    table: attributes.has(RTA_TABLE) ? readU32(attributes.get(RTA_TABLE)) : (payload[4] ?? 0),
    type: payload[7] ?? 0,
  };
}
