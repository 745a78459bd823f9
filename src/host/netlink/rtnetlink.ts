import { formatIp } from "./address.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, type NetlinkRequest } from "./message.ts";
import { NetlinkWriter } from "./writer.ts";

/**
 * Requests of rtnetlink(7) as data: pure functions, carried out by a NetlinkSocket of protocol NETLINK_ROUTE. Interfaces
 * are named by index where one is known; by name else.
 */
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;

export const IFF_UP = 1;
const IFF_NOARP = 0x80;

export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINK = 5;
export const IFLA_MASTER = 10;
export const IFLA_LINKINFO = 18;
const IFLA_NET_NS_PID = 19;
const IFLA_AF_SPEC = 26;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const RTEXT_FILTER_SKIP_STATS = 8;
const IFLA_NUM_TX_QUEUES = 31;
const IFLA_NUM_RX_QUEUES = 32;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
const VETH_INFO_PEER = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const IFLA_BR_FORWARD_DELAY = 1;
const IFLA_BR_STP_STATE = 5;

export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_F_NODAD = 0x02;

export const RTA_DST = 1;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
/** The kernel's own routes have metric 0 in the local table, 256 and 1024 in the main one. */
const LATER_THAN_KERNEL = 4096;
export const RTA_TABLE = 15;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;
const RTN_LOCAL = 2;
const RT_TABLE_LOCAL = 255;
const RT_SCOPE_HOST = 254;

export type LinkReference = number | string;

export interface LinkChange {
  readonly up?: boolean;
  /** False: neighbours are not asked for their hardware addresses; they are thought to have the link's own. */
  readonly arp?: boolean;
  readonly mtu?: number;
  /** Six bytes. */
  readonly mac?: Uint8Array;
  /** New name; the link must be addressed by index. */
  readonly name?: string;
  /** Index of the bridge to join; 0 to leave. */
  readonly master?: number;
  readonly namespace?: NamespaceReference;
  /** False: the kernel gives no IPv6 link-local address (addr_gen_mode none). */
  readonly ipv6LinkLocal?: boolean;
  /** Of a bridge's port: frames may leave by the port they came in. */
  readonly hairpin?: boolean;
  /** Of a bridge's port: no frames from or to other isolated ports. */
  readonly isolated?: boolean;
}

/** A network namespace, by an open descriptor of its file or by a process in it. */
export type NamespaceReference = { readonly fd: number } | { readonly pid: number };

export interface BridgeOptions {
  readonly name: string;
  readonly mac?: Uint8Array;
  readonly mtu?: number;
  readonly stp?: boolean;
  /** Centiseconds before a new port forwards; 0 at once. */
  readonly forwardDelay?: number;
}

export interface VethOptions {
  /** The end that stays here. */
  readonly name: string;
  readonly mtu?: number;
  /** Index of the bridge that this end joins. */
  readonly master?: number;
  readonly up?: boolean;
  readonly peer: {
    readonly name: string;
    readonly mac?: Uint8Array;
    /** Where the other end is made; here when absent. */
    readonly namespace?: NamespaceReference;
  };
}

export function addBridge(options: BridgeOptions): NetlinkRequest {
  const writer = linkHeader(0, 0, 0).attributeString(IFLA_IFNAME, options.name);
  if (options.mac !== undefined) writer.attribute(IFLA_ADDRESS, options.mac);
  if (options.mtu !== undefined) writer.attributeU32(IFLA_MTU, options.mtu);
  writer.nested(IFLA_LINKINFO, (info) => {
    info.attributeString(IFLA_INFO_KIND, "bridge");
    info.nested(IFLA_INFO_DATA, (data) => {
      if (options.forwardDelay !== undefined) data.attributeU32(IFLA_BR_FORWARD_DELAY, options.forwardDelay);
      if (options.stp !== undefined) data.attributeU32(IFLA_BR_STP_STATE, options.stp ? 1 : 0);
    });
  });
  return createLink(writer, `add bridge ${options.name}`);
}

/**
 * One message makes the pair, names and places the peer, joins the bridge and brings this end up. Each end has one queue:
 * the kernel's default is one for each processor, which costs time and memory at creation and helps XDP programs only.
 */
export function addVeth(options: VethOptions): NetlinkRequest {
  const flags = options.up === true ? IFF_UP : 0;
  const writer = linkHeader(0, flags, flags).attributeString(IFLA_IFNAME, options.name);
  if (options.mtu !== undefined) writer.attributeU32(IFLA_MTU, options.mtu);
  if (options.master !== undefined) writer.attributeU32(IFLA_MASTER, options.master);
  writeSingleQueue(writer);
  writer.nested(IFLA_LINKINFO, (info) => {
    info.attributeString(IFLA_INFO_KIND, "veth");
    info.nested(IFLA_INFO_DATA, (data) => {
      data.nested(VETH_INFO_PEER, (peer) => {
        writeLinkHeader(peer, 0, 0, 0).attributeString(IFLA_IFNAME, options.peer.name);
        if (options.peer.mac !== undefined) peer.attribute(IFLA_ADDRESS, options.peer.mac);
        if (options.mtu !== undefined) peer.attributeU32(IFLA_MTU, options.mtu);
        writeSingleQueue(peer);
        if (options.peer.namespace !== undefined) writeNamespace(peer, options.peer.namespace);
      });
    });
  });
  return createLink(writer, `add veth ${options.name}`);
}

export function changeLink(link: LinkReference, change: LinkChange): NetlinkRequest {
  const mask = (change.up === undefined ? 0 : IFF_UP) | (change.arp === undefined ? 0 : IFF_NOARP);
  const flags = (change.up === true ? IFF_UP : 0) | (change.arp === false ? IFF_NOARP : 0);
  const writer = linkHeader(typeof link === "number" ? link : 0, flags, mask);
  if (typeof link === "string") writer.attributeString(IFLA_IFNAME, link);
  else if (change.name !== undefined) writer.attributeString(IFLA_IFNAME, change.name);
  if (change.mac !== undefined) writer.attribute(IFLA_ADDRESS, change.mac);
  if (change.mtu !== undefined) writer.attributeU32(IFLA_MTU, change.mtu);
  if (change.master !== undefined) writer.attributeU32(IFLA_MASTER, change.master);
  if (change.namespace !== undefined) writeNamespace(writer, change.namespace);
  if (change.ipv6LinkLocal === false) {
    writer.nested(IFLA_AF_SPEC, (families) => {
      families.nested(AF_INET6, (inet6) => inet6.attributeU8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE));
    });
  }
  if (change.hairpin !== undefined || change.isolated !== undefined) {
    writer.nested(IFLA_LINKINFO, (info) => {
      info.attributeString(IFLA_INFO_SLAVE_KIND, "bridge");
      info.nested(IFLA_INFO_SLAVE_DATA, (data) => {
        if (change.hairpin !== undefined) data.attributeU8(IFLA_BRPORT_MODE, change.hairpin ? 1 : 0);
        if (change.isolated !== undefined) data.attributeU8(IFLA_BRPORT_ISOLATED, change.isolated ? 1 : 0);
      });
    });
  }
  return { type: RTM_NEWLINK, flags: 0, payload: writer.finish(), what: `change link ${link}` };
}

export function deleteLink(link: LinkReference): NetlinkRequest {
  const writer = linkHeader(typeof link === "number" ? link : 0, 0, 0);
  if (typeof link === "string") writer.attributeString(IFLA_IFNAME, link);
  return { type: RTM_DELLINK, flags: 0, payload: writer.finish(), what: `delete link ${link}` };
}

/** Without its counters, which are most of the answer. */
export function getLink(link: LinkReference): NetlinkRequest {
  const writer = linkHeader(typeof link === "number" ? link : 0, 0, 0);
  if (typeof link === "string") writer.attributeString(IFLA_IFNAME, link);
  writer.attributeU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return { type: RTM_GETLINK, flags: 0, payload: writer.finish(), what: `get link ${link}` };
}

/**
 * Let what follows from the link's carrier be done when this is: its operational state, the start of its queue, what its
 * bridge makes of it. The kernel leaves that to a worker, which has to wait for whoever changes the network; since Linux
 * 6.8 who asks for one link has it done first. Before, nothing comes of it. The answer is nobody's.
 */
export function settleLink(link: LinkReference): NetlinkRequest {
  return { ...getLink(link), what: `settle link ${link}` };
}

export function dumpLinks(): NetlinkRequest {
  return { type: RTM_GETLINK, flags: 0, payload: linkHeader(0, 0, 0).finish(), what: "list links" };
}

/**
 * An address of four bytes, with its subnet's broadcast address as `ip addr add … brd +`, or of sixteen, which works at
 * once: nobody is asked whether it is taken (RFC 4862 duplicate detection), the one who gives it knows.
 */
export function addAddress(linkIndex: number, address: Uint8Array, prefixLength: number): NetlinkRequest {
  const six = address.length === 16;
  const scope = six && address[0] === 0xfe ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  const payload = addressHeader(address.length, prefixLength, linkIndex, six ? IFA_F_NODAD : 0, scope)
    .attribute(IFA_LOCAL, address)
    .attribute(IFA_ADDRESS, address);
  if (!six && prefixLength < 31) payload.attribute(IFA_BROADCAST, broadcastOf(address, prefixLength));
  return {
    type: RTM_NEWADDR,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: payload.finish(),
    what: `add address ${formatIp(address)}`,
  };
}

export function deleteAddress(linkIndex: number, address: Uint8Array, prefixLength: number): NetlinkRequest {
  const payload = addressHeader(address.length, prefixLength, linkIndex).attribute(IFA_LOCAL, address).finish();
  return { type: RTM_DELADDR, flags: 0, payload, what: `delete address ${formatIp(address)}` };
}

export function dumpAddresses(family: 4 | 6 = 4): NetlinkRequest {
  const payload = addressHeader(family === 4 ? 4 : 16, 0, 0).finish();
  return { type: RTM_GETADDR, flags: 0, payload, what: "list addresses" };
}

/**
 * A route of the main table. `destination` undefined is the default route, of the gateway's family; `gateway` undefined a
 * link route.
 */
export function addRoute(route: {
  readonly destination?: { readonly address: Uint8Array; readonly prefixLength: number };
  readonly gateway?: Uint8Array;
  /** Of a default route over a link alone; 4 when absent. */
  readonly family?: 4 | 6;
  readonly linkIndex?: number;
}): NetlinkRequest {
  const scope = route.gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  const size = (route.destination?.address ?? route.gateway)?.length ?? (route.family === 6 ? 16 : 4);
  const writer = routeHeader(size, { destinationLength: route.destination?.prefixLength ?? 0, scope });
  if (route.destination !== undefined) writer.attribute(RTA_DST, route.destination.address);
  if (route.gateway !== undefined) writer.attribute(RTA_GATEWAY, route.gateway);
  if (route.linkIndex !== undefined) writer.attributeU32(RTA_OIF, route.linkIndex);
  const what = `add route ${route.destination === undefined ? "default" : formatIp(route.destination.address)}`;
  return { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE, payload: writer.finish(), what };
}

/** Packets for `address` that come in by this link are for this machine itself. The kernel's own route, over `lo`, stays. */
export function addLocalRoute(address: Uint8Array, linkIndex: number): NetlinkRequest {
  const destination = { destinationLength: address.length * 8, scope: RT_SCOPE_HOST };
  const payload = routeHeader(address.length, { ...destination, table: RT_TABLE_LOCAL, type: RTN_LOCAL })
    .attribute(RTA_DST, address)
    .attributeU32(RTA_OIF, linkIndex)
    .attributeU32(RTA_PRIORITY, LATER_THAN_KERNEL)
    .finish();
  return { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE, payload, what: `add local ${formatIp(address)}` };
}

export function dumpRoutes(family: 4 | 6 = 4): NetlinkRequest {
  // With NETLINK_GET_STRICT_CHK the header's fields are filters: zero for all tables, protocols and types.
  const payload = new NetlinkWriter(16)
    .u8(family === 4 ? AF_INET : AF_INET6)
    .bytes(new Uint8Array(11))
    .finish();
  return { type: RTM_GETROUTE, flags: 0, payload, what: "list routes" };
}

/** A request for a new link, refused (EEXIST) when there is one of its name. */
export function createLink(writer: NetlinkWriter, what: string): NetlinkRequest {
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload: writer.finish(), what };
}

/** struct ifinfomsg. */
export function linkHeader(index: number, flags: number, change: number): NetlinkWriter {
  return writeLinkHeader(new NetlinkWriter(), index, flags, change);
}

function writeLinkHeader(writer: NetlinkWriter, index: number, flags: number, change: number): NetlinkWriter {
  return writer.u8(AF_UNSPEC).u8(0).u16(0).u32(index).u32(flags).u32(change);
}

/** struct ifaddrmsg, for addresses of `size` bytes. */
function addressHeader(
  size: number,
  prefixLength: number,
  index: number,
  flags = 0,
  scope = RT_SCOPE_UNIVERSE,
): NetlinkWriter {
  return new NetlinkWriter().u8(familyOfSize(size)).u8(prefixLength).u8(flags).u8(scope).u32(index);
}

/** struct rtmsg, for addresses of `size` bytes. */
function routeHeader(
  size: number,
  route: {
    readonly destinationLength: number;
    readonly scope: number;
    readonly table?: number;
    readonly type?: number;
  },
): NetlinkWriter {
  return new NetlinkWriter()
    .u8(familyOfSize(size))
    .u8(route.destinationLength)
    .u8(0)
    .u8(0)
    .u8(route.table ?? RT_TABLE_MAIN)
    .u8(RTPROT_BOOT)
    .u8(route.scope)
    .u8(route.type ?? RTN_UNICAST)
    .u32(0);
}

function familyOfSize(size: number): number {
  return size === 16 ? AF_INET6 : AF_INET;
}

function writeSingleQueue(writer: NetlinkWriter): void {
  writer.attributeU32(IFLA_NUM_TX_QUEUES, 1).attributeU32(IFLA_NUM_RX_QUEUES, 1);
}

export function writeNamespace(writer: NetlinkWriter, namespace: NamespaceReference): void {
  if ("fd" in namespace) writer.attributeU32(IFLA_NET_NS_FD, namespace.fd);
  else writer.attributeU32(IFLA_NET_NS_PID, namespace.pid);
}

function broadcastOf(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, prefixLength - index * 8))));
}
