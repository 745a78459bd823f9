import { AF_PACKET, SOCK_RAW } from "#host/kernel/linux.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import { inNamespaces, sendto } from "#host/kernel/syscalls.ts";
import { withFd } from "#host/files/files.ts";
import { addressBytes } from "#network/ipam/subnet.ts";
import { indexOf } from "#network/sandbox/index-of.ts";
import type { Namespace } from "./scratch.ts";

const ETHERTYPE_IPV6 = 0x86dd;
const ICMPV6 = 58;

/** All nodes on the link. */
const everybody = { mac: Buffer.from("333300000001", "hex"), address: "ff02::1" };
const sender = { mac: Buffer.from("020000000066", "hex"), address: "fe80::66" };

/** The network that {@link advertiseRouter} tells of. */
const advertised = "2001:db8:66::";

/**
 * Tell everybody on the link of `machine`'s eth0 that it is a router for {@link advertised}, as whoever may open a raw socket can
 * (RFC 4861, section 4.2).
 */
export function advertiseRouter(machine: Namespace): void {
  using route = openRouteSocketIn(machine.fd);
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETHERTYPE_IPV6, 2);
  address.writeUInt32LE(indexOf(route, "eth0"), 4);
  const socket = inNamespaces([machine.fd], "socket", AF_PACKET, SOCK_RAW, 0);
  withFd(socket, (fd) => sendto(fd, frame(), 0, address));
}

function frame(): Uint8Array {
  const message = advertisement();
  const [from, to] = [addressBytes(sender.address), addressBytes(everybody.address)];
  const pseudo = Buffer.concat([from, to, Buffer.from([0, 0, 0, message.length, 0, 0, 0, ICMPV6])]);
  message.writeUInt16BE(checksum(Buffer.concat([pseudo, message])), 2);
  const head = Buffer.from([0x60, 0, 0, 0, 0, message.length, ICMPV6, 255]);
  const type = Buffer.from([ETHERTYPE_IPV6 >> 8, ETHERTYPE_IPV6 & 0xff]);
  return Buffer.concat([everybody.mac, sender.mac, type, head, from, to, message]);
}

/** A default router for half an hour, and a prefix to make addresses of. */
function advertisement(): Buffer {
  const router = Buffer.from([134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]);
  const prefix = Buffer.from([3, 4, 64, 0xc0, 0, 0, 0x0e, 0x10, 0, 0, 0x0e, 0x10, 0, 0, 0, 0]);
  return Buffer.concat([router, prefix, addressBytes(advertised)]);
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
