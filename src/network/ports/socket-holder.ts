import { hasCode } from "#host/errno.ts";
import { AF_INET, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from "#host/linux.ts";
import { bind, close, listen, setsockoptInt, socket } from "#host/syscalls.ts";
import { addressBytes, addressNumber } from "../ipam/subnet.ts";
import type { PortHolder } from "./host-ports.ts";

const IPPROTO_SCTP = 132;

/**
 * Holds a port with a bound socket, listening where the protocol knows that. SO_REUSEADDR lets a port be taken whose last
 * owner's connections linger in TIME_WAIT; a listening socket excludes others all the same. Where the kernel has no SCTP
 * of its own no host program can have an SCTP port, and there is nothing to hold.
 */
export const socketHolder: PortHolder = {
  hold(protocol, hostIp, hostPort) {
    const fd = open(protocol);
    if (fd === undefined) return { [Symbol.dispose]() {} };
    try {
      if (protocol !== "udp") setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      bind(fd, socketAddress(hostIp, hostPort));
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

function open(protocol: "tcp" | "udp" | "sctp"): number | undefined {
  if (protocol === "tcp") return socket(AF_INET, SOCK_STREAM, 0);
  if (protocol === "udp") return socket(AF_INET, SOCK_DGRAM, 0);
  try {
    return socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
  } catch (error) {
    if (hasCode(error, "EPROTONOSUPPORT", "ESOCKTNOSUPPORT")) return undefined;
    throw error;
  }
}

/** struct sockaddr_in. */
function socketAddress(ip: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port, false);
  bytes.set(addressBytes(addressNumber(ip)), 4);
  return bytes;
}
