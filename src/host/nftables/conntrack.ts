import { attributeMap } from "../netlink/attributes.ts";
import type { NetlinkMessage, NetlinkRequest } from "../netlink/message.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { NetlinkWriter } from "../netlink/writer.ts";

/**
 * Connections that the kernel tracks (linux/netfilter/nfnetlink_conntrack.h). A flow keeps the translation it got with its
 * first packet; after a change of rules, flows of protocols without connections are forgotten so that they get the new one.
 */
const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_GET = 1;
const IPCTNL_MSG_CT_DELETE = 2;
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_ID = 12;
const CTA_FILTER = 25;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V6_SRC = 3;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
const FILTER_IP_SRC = 1 << 0;
const FILTER_PROTO_NUM = 1 << 3;
const FILTER_PROTO_DST_PORT = 1 << 5;
const NLA_F_NESTED = 0x8000;
const AF_INET = 2;
const AF_INET6 = 10;
const NFGENMSG_SIZE = 4;

/** UDP flows whose answers come from `address`, i.e. that were redirected to it. */
export function listUdpFlowsTo(address: Uint8Array): NetlinkRequest {
  const family = address.length === 16 ? 6 : 4;
  return listUdpFlows(family, CTA_TUPLE_REPLY, FILTER_IP_SRC | FILTER_PROTO_NUM, (tuple) => {
    tuple.nested(CTA_TUPLE_IP, (ip) => ip.attribute(family === 6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, address));
    tuple.nested(CTA_TUPLE_PROTO, (protocol) => protocol.attributeU8(CTA_PROTO_NUM, 17));
  });
}

/** UDP flows that were begun to `port`, whatever the address. */
export function listUdpFlowsOfPort(port: number, family: 4 | 6): NetlinkRequest {
  return listUdpFlows(family, CTA_TUPLE_ORIG, FILTER_PROTO_NUM | FILTER_PROTO_DST_PORT, (tuple) => {
    tuple.nested(CTA_TUPLE_PROTO, (protocol) => {
      protocol.attributeU8(CTA_PROTO_NUM, 17).attribute(CTA_PROTO_DST_PORT, Uint8Array.of(port >> 8, port & 0xff));
    });
  });
}

/**
 * Forget the flows that any of `lists` selects; those that end meanwhile are no error. To list flows the kernel walks its
 * whole table, which takes it tens of milliseconds: so it is asked once for each family, and what it lists is compared
 * here. (Kernels before 5.8 list every flow whatever the filter.)
 */
export function forgetFlows(socket: NetlinkSocket, lists: readonly NetlinkRequest[]): void {
  for (const family of new Set(lists.map((list) => list.payload[0]))) {
    const own = lists.filter((list) => list.payload[0] === family);
    const wanted = own.map((list) => attributeMap(list.payload, NFGENMSG_SIZE));
    const [only, another] = own;
    const list = another === undefined && only !== undefined ? only : listAllUdpFlows(family === AF_INET6 ? 6 : 4);
    const flows = socket.dump(list).filter((flow) => wanted.some((one) => matches(one, flow)));
    socket.execute(flows.map(deleteFlow), ["ENOENT"]);
  }
}

function listAllUdpFlows(family: 4 | 6): NetlinkRequest {
  return listUdpFlows(family, CTA_TUPLE_ORIG, FILTER_PROTO_NUM, (tuple) => {
    tuple.nested(CTA_TUPLE_PROTO, (protocol) => protocol.attributeU8(CTA_PROTO_NUM, 17));
  });
}

function deleteFlow({ payload }: NetlinkMessage): NetlinkRequest {
  const attributes = attributeMap(payload, NFGENMSG_SIZE);
  const writer = header(payload[0] === AF_INET6 ? 6 : 4);
  writer.attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, attributes.get(CTA_TUPLE_ORIG) ?? new Uint8Array(0));
  const id = attributes.get(CTA_ID);
  if (id !== undefined) writer.attribute(CTA_ID, id);
  return request(IPCTNL_MSG_CT_DELETE, writer, "forget flow");
}

function listUdpFlows(
  family: 4 | 6,
  direction: number,
  filter: number,
  fill: (tuple: NetlinkWriter) => void,
): NetlinkRequest {
  const writer = header(family).nested(direction, fill);
  writer.nested(CTA_FILTER, (flags) => {
    flags.attributeU32(CTA_FILTER_ORIG_FLAGS, direction === CTA_TUPLE_ORIG ? filter : 0);
    flags.attributeU32(CTA_FILTER_REPLY_FLAGS, direction === CTA_TUPLE_REPLY ? filter : 0);
  });
  return request(IPCTNL_MSG_CT_GET, writer, "list flows");
}

/** Every part of the wanted tuples is in the flow's. */
function matches(wanted: ReadonlyMap<number, Uint8Array>, flow: NetlinkMessage): boolean {
  const found = attributeMap(flow.payload, NFGENMSG_SIZE);
  return [CTA_TUPLE_ORIG, CTA_TUPLE_REPLY].every((direction) =>
    includes(wanted.get(direction), found.get(direction), 2),
  );
}

function includes(wanted: Uint8Array | undefined, found: Uint8Array | undefined, depth: number): boolean {
  if (wanted === undefined) return true;
  if (found === undefined) return false;
  if (depth === 0) return wanted.toHex() === found.toHex();
  const there = attributeMap(found);
  return [...attributeMap(wanted)].every(([type, payload]) => includes(payload, there.get(type), depth - 1));
}

/** struct nfgenmsg. */
function header(family: 4 | 6): NetlinkWriter {
  return new NetlinkWriter()
    .u8(family === 6 ? AF_INET6 : AF_INET)
    .u8(0)
    .be16(0);
}

function request(type: number, writer: NetlinkWriter, what: string): NetlinkRequest {
  return { type: (NFNL_SUBSYS_CTNETLINK << 8) | type, flags: 0, payload: writer.finish(), what };
}
