import { BerthError } from "#base/errors.ts";
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  MSG_TRUNC,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from "../kernel/linux.ts";
import { close, inNamespaces, receive, sendto, setsockopt, setsockoptInt, socket } from "../kernel/syscalls.ts";
import { NetlinkSocket, type NetlinkTransport } from "./socket.ts";

const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;

/** rtnetlink in the caller's network namespace. */
export function openRouteSocket(): NetlinkSocket {
  return new NetlinkSocket(transportOf(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)));
}

/** rtnetlink inside the network namespace behind `namespaceFd`, which the socket does not keep open. */
export function openRouteSocketIn(namespaceFd: number): NetlinkSocket {
  return new NetlinkSocket(
    transportOf(inNamespaces([namespaceFd], "socket", AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)),
  );
}

/** nf_tables and conntrack in the caller's network namespace; sends transactions of several megabytes. */
export function openNetfilterSocket(): NetlinkSocket {
  const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  setsockoptInt(fd, SOL_SOCKET, SO_SNDBUFFORCE, 16 << 20);
  setsockoptInt(fd, SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20);
  return new NetlinkSocket(transportOf(fd));
}

/** {@link openNetfilterSocket} inside the network namespace behind `namespaceFd`, for small transactions. */
export function openNetfilterSocketIn(namespaceFd: number): NetlinkSocket {
  return new NetlinkSocket(
    transportOf(inNamespaces([namespaceFd], "socket", AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)),
  );
}

/** An int of 1. */
const on = Uint8Array.of(1, 0, 0, 0);

/** Of all sockets: an answer is read before anything else is received. The kernel sizes dump datagrams by it, up to 32 KiB. */
const receiveBuffer = new Uint8Array(32 << 10);

function transportOf(fd: number): NetlinkTransport {
  for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK])
    setsockopt(fd, SOL_NETLINK, option, on);
  let open = true;
  return {
    send(bytes) {
      sendto(fd, bytes);
    },
    receive() {
      const buffer = receiveBuffer;
      const length = receive(fd, buffer, MSG_DONTWAIT | MSG_TRUNC);
      if (length === undefined) return undefined;
      if (length > buffer.length) throw new BerthError("internal", `netlink datagram of ${length} bytes does not fit`);
      return buffer.subarray(0, length);
    },
    close() {
      if (open) close(fd);
      open = false;
    },
  };
}
