import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { BerthError, messageOf, type ErrorKind } from "#base/errors.ts";
import { hasCode } from "../kernel/errno.ts";
import { AF_INET, AF_INET6, AF_UNIX, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from "../kernel/linux.ts";
import { bind, close, getsockname, listen, setsockoptInt, socket } from "../kernel/syscalls.ts";
import { unixAddress } from "./unix-address.ts";
import { claimUnixPath, type UnixPlace } from "./unix-listener.ts";

/** A socket that listens and that nobody accepts on here: to be handed to a child. */
export interface ListeningSocket {
  readonly fd: number;
  /** Closes it here and removes its name; in a child that holds it, it goes on. */
  close(): void;
}

/** As many as wait while an engine is started again; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 4096;

/** As `listenUnix`, by its errors and rules. */
export async function openUnixSocket(place: UnixPlace): Promise<ListeningSocket> {
  const fd = socket(AF_UNIX, SOCK_STREAM, 0);
  const listener = await claimUnixPath(place, {
    listenAt(temporary) {
      bind(fd, unixAddress(temporary));
      listen(fd, BACKLOG);
    },
    close: () => close(fd),
  });
  return { fd, close: () => listener.close() };
}

/**
 * On the first address of `host`. `conflict` when the port is taken, `invalid-parameter` when the host has no address or the
 * machine does not have it.
 */
export async function openTcpSocket({ host, port }: TcpPlace): Promise<ListeningSocket> {
  const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const refusal = (kind: ErrorKind, cause: unknown): BerthError =>
    new BerthError(kind, `cannot listen on ${where}: ${messageOf(cause)}`, { cause });
  const { address } = await lookup(host).catch((cause: unknown) => {
    throw refusal("invalid-parameter", cause);
  });
  const fd = socket(isIPv6(address) ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
  try {
    setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    bind(fd, inetAddress(address, port));
    listen(fd, BACKLOG);
  } catch (cause) {
    close(fd);
    if (hasCode(cause, "EADDRINUSE")) throw refusal("conflict", cause);
    throw refusal(hasCode(cause, "EADDRNOTAVAIL", "EINVAL") ? "invalid-parameter" : "internal", cause);
  }
  return { fd, close: () => close(fd) };
}

export interface TcpPlace {
  readonly host: string;
  readonly port: number;
}

/** The alternative is TCP. */
export function isUnixSocket(fd: number): boolean {
  return new DataView(getsockname(fd).buffer).getUint16(0, true) === AF_UNIX;
}

/** `struct sockaddr_in` (ip(7)) or `sockaddr_in6` (ipv6(7)). */
function inetAddress(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(isIPv6(address) ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isIPv6(address) ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (isIPv6(address)) bytes.set(ipv6Bytes(address), 8);
  else bytes.set(address.split(".").map(Number), 4);
  return bytes;
}

/** The WHATWG URL parser writes every IPv6 address in one form; from there it is eight groups with one gap at most. */
export function ipv6Bytes(address: string): Uint8Array {
  const [left = "", right] = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((part) => Number.parseInt(part, 16));
  const [head, tail] = [groups(left), groups(right ?? "")];
  const all = right === undefined ? head : [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
