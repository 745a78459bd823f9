import { hasCode } from "#host/kernel/errno.ts";
import { AF_INET6, O_NONBLOCK, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from "#host/kernel/linux.ts";
import { socketAddress } from "#host/sockets/namespace-sockets.ts";
import { Poller } from "#host/sockets/poller.ts";
import { bind, close, listen, setsockoptInt, setStatusFlags, socket } from "#host/kernel/syscalls.ts";
import { relayDatagrams } from "./datagram-relay.ts";
import type { HeldPort, PortHolder, RelayTarget } from "./host-ports.ts";
import { relayStreams } from "./relay.ts";

const IPPROTO_IPV6 = 41;
const IPPROTO_SCTP = 132;
const IPV6_V6ONLY = 26;
const BACKLOG = 128;

/**
 * Holds a port with a bound socket, listening where the protocol knows that. SO_REUSEADDR lets a port be taken whose last
 * owner's connections linger in TIME_WAIT; a listening socket excludes others all the same. IPv4 is not held with IPv6.
 * Where the kernel has no SCTP of its own no host program can have an SCTP port, and there is nothing to hold.
 */
export class SocketHolder implements PortHolder {
  /** There is one as long as something is relayed. */
  #poller: Poller | undefined;
  #relays = 0;

  hold(held: HeldPort, target: RelayTarget | undefined): Disposable {
    const { family, address } = socketAddress({ host: held.hostIp, port: held.hostPort });
    const fd = open(held.protocol, family);
    if (fd === undefined) return { [Symbol.dispose]() {} };
    let relay: { close(): void } | undefined;
    try {
      if (held.protocol !== "udp") setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      if (family === AF_INET6) setsockoptInt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
      bind(fd, address);
      if (held.protocol !== "udp") listen(fd, target === undefined ? 1 : BACKLOG);
      if (target !== undefined) relay = this.#relay(fd, held.protocol, target);
    } catch (error) {
      close(fd);
      throw error;
    }
    let isHeld = true;
    return {
      [Symbol.dispose]() {
        if (!isHeld) return;
        isHeld = false;
        relay?.close();
        close(fd);
      },
    };
  }

  /** docker-compat: there is none for SCTP. */
  #relay(fd: number, protocol: HeldPort["protocol"], target: RelayTarget): { close(): void } | undefined {
    if (protocol === "sctp") return undefined;
    setStatusFlags(fd, O_NONBLOCK);
    const poller = (this.#poller ??= new Poller());
    this.#relays++;
    const relay = protocol === "tcp" ? relayStreams(poller, fd, target) : relayDatagrams(poller, fd, target);
    return {
      close: () => {
        relay.close();
        if (--this.#relays > 0) return;
        this.#poller = undefined;
        poller.close();
      },
    };
  }
}

function open(protocol: HeldPort["protocol"], family: number): number | undefined {
  if (protocol === "tcp") return socket(family, SOCK_STREAM, 0);
  if (protocol === "udp") return socket(family, SOCK_DGRAM, 0);
  try {
    return socket(family, SOCK_STREAM, IPPROTO_SCTP);
  } catch (error) {
    if (hasCode(error, "EPROTONOSUPPORT", "ESOCKTNOSUPPORT")) return undefined;
    throw error;
  }
}
