import { isIPv6 } from "node:net";
import { listDirectory } from "../files/files.ts";
import { AF_INET, AF_INET6 } from "../kernel/linux.ts";
import { ipv6Bytes } from "./listening-socket.ts";
import { duplicate, raw } from "../kernel/syscalls.ts";

/** One end of a TCP connection. */
export interface TcpPeer {
  /** In text, IPv6 without brackets; IPv4 also as `::ffff:a.b.c.d`. */
  readonly address: string;
  readonly port: number;
}

/**
 * A descriptor of its own of the connection that this process has from its port `localPort` to `peer`, where the runtime
 * keeps the one it has to itself. Undefined when there is none, or more than one, which two addresses of this machine allow.
 */
export function connectionOf(peer: TcpPeer, localPort: number): number | undefined {
  const wanted = addressBytes(peer.address);
  const found = listDirectory("/proc/self/fd")
    .map(Number)
    .filter((fd) => {
      const remote = nameOf("getpeername", fd);
      return (
        remote?.port === peer.port && isSame(remote.address, wanted) && nameOf("getsockname", fd)?.port === localPort
      );
    });
  const [only, another] = found;
  return only === undefined || another !== undefined ? undefined : duplicate(only);
}

/** `struct sockaddr_in` (ip(7)) or `sockaddr_in6` (ipv6(7)) of a socket. */
function nameOf(
  call: "getpeername" | "getsockname",
  fd: number,
): { readonly port: number; readonly address: Uint8Array } | undefined {
  const bytes = new Uint8Array(28);
  if (raw(call, fd, bytes) < 0) return undefined;
  const view = new DataView(bytes.buffer);
  const family = view.getUint16(0, true);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const address = family === AF_INET ? mapped(bytes.subarray(4, 8)) : bytes.subarray(8, 24);
  return { port: view.getUint16(2), address };
}

/** As IPv6 has it: RFC 4291 section 2.5.5.2 for IPv4. */
function addressBytes(address: string): Uint8Array {
  if (!isIPv6(address)) return mapped(Uint8Array.from(address.split(".").map(Number)));
  return ipv6Bytes(address);
}

function mapped(address: Uint8Array): Uint8Array {
  return Uint8Array.from([...Array<number>(10).fill(0), 255, 255, ...address]);
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);
