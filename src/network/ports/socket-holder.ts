import { hasCode } from "#host/errno.ts";
import { AF_INET6, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from "#host/linux.ts";
import { socketAddress } from "#host/namespace-sockets.ts";
import { bind, close, listen, setsockoptInt, socket } from "#host/syscalls.ts";
import type { PortHolder } from "./host-ports.ts";

const IPPROTO_IPV6 = 41;
const IPPROTO_SCTP = 132;
const IPV6_V6ONLY = 26;

/**
 * Holds a port with a bound socket, listening where the protocol knows that. SO_REUSEADDR lets a port be taken whose last
 * owner's connections linger in TIME_WAIT; a listening socket excludes others all the same. IPv4 is not held with IPv6. Where the kernel has no SCTP
 * of its own no host program can have an SCTP port, and there is nothing to hold.
 */
export const socketHolder: PortHolder = {
  hold(protocol, hostIp, hostPort) {
    const { family, address } = socketAddress({ host: hostIp, port: hostPort });
    const fd = open(protocol, family);
    if (fd === undefined) return { [Symbol.dispose]() {} };
    try {
      if (protocol !== "udp") setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      if (family === AF_INET6) setsockoptInt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
      bind(fd, address);
      if (protocol !== "udp") listen(fd, 1);
    } catch (error) {
      close(fd);
      throw error;
    }
    let held = true;
    return {
      [Symbol.dispose]() {
        if (held) close(fd);
        held = false;
      },
    };
  },
};

function open(protocol: "tcp" | "udp" | "sctp", family: number): number | undefined {
  if (protocol === "tcp") return socket(family, SOCK_STREAM, 0);
  if (protocol === "udp") return socket(family, SOCK_DGRAM, 0);
  try {
    return socket(family, SOCK_STREAM, IPPROTO_SCTP);
  } catch (error) {
    if (hasCode(error, "EPROTONOSUPPORT", "ESOCKTNOSUPPORT")) return undefined;
    throw error;
  }
}
