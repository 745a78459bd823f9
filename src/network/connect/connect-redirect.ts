import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { createSocketStorage, HashMap, linkToGroup, loadProgram } from "#host/bpf/objects.ts";
import { detectLayout } from "#host/cgroup/layout.ts";
import { hasCode } from "#host/kernel/errno.ts";
import {
  AF_INET,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  O_DIRECTORY,
  O_RDONLY,
  SO_NETNS_COOKIE,
  SOCK_STREAM,
  SOL_SOCKET,
} from "#host/kernel/linux.ts";
import { close, getsockopt, open, socket } from "#host/kernel/syscalls.ts";
import type { Endpoint } from "../types.ts";
import { loopbackPorts, withinReach, type LoopbackPort } from "./loopback-ports.ts";
import { socketPrograms } from "./programs.ts";
import { SOCKET_ADDRESS_BYTES } from "./socket-address.ts";

/** Beyond that ports are translated, as all are without this. */
const MOST_PORTS = 8192;
/** The first port's container need not wait for the programs. */
const OPEN_AFTER_MS = 50;

type Published = Pick<Endpoint, "ipv4" | "ipv6" | "ports">;

/**
 * Leads what this host's programs connect to published ports of its own loopback straight to containers (./programs.ts). The
 * engine's rules do the same packet by packet, at some cost: for what this does not catch, for kernels that do not know it
 * (before Linux 5.14, or without a cgroup2 hierarchy), and while no engine is there. The programs are there from the first
 * such port on; they end with this, or with the process.
 */
export class ConnectRedirect implements Disposable {
  readonly #log: Log;
  /** All that is published, by the text of its key. */
  readonly #published = new Map<string, LoopbackPort>();
  #state: "none" | "opening" | "impossible" | OpenRedirect = "none";
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** `hostAddresses`: this host's on its bridges, in CIDR. What cannot be is left to the rules. */
  publish(endpoint: Published, hostAddresses: readonly string[]): void {
    const ports = loopbackPorts(withinReach(endpoint, hostAddresses));
    for (const port of ports) {
      this.#published.set(port.at.toHex(), port);
      if (typeof this.#state === "object") this.#put(this.#state.ports, port);
    }
    if (ports.length === 0 || this.#state !== "none") return;
    this.#state = "opening";
    this.#timer = setTimeout(() => this.#open(), OPEN_AFTER_MS).unref();
  }

  /** No error for what was not published. */
  unpublish(endpoint: Published): void {
    for (const { at } of loopbackPorts(endpoint)) {
      if (!this.#published.delete(at.toHex()) || typeof this.#state !== "object") continue;
      try {
        this.#state.ports.delete(at);
      } catch (error) {
        if (!hasCode(error, "ENOENT")) throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    if (typeof this.#state === "object") this.#state[Symbol.dispose]();
    this.#state = "impossible";
  }

  #open(): void {
    try {
      this.#state = openRedirect();
      for (const port of this.#published.values()) this.#put(this.#state.ports, port);
    } catch (error) {
      this.#state = "impossible";
      this.#log.info("connections to published ports on localhost are translated", { error: messageOf(error) });
    }
  }

  #put(ports: HashMap, { at, target }: LoopbackPort): void {
    try {
      ports.put(at, target);
    } catch (error) {
      this.#log.debug("a published port is translated on localhost too", { error: messageOf(error) });
    }
  }
}

interface OpenRedirect extends Disposable {
  readonly ports: HashMap;
}

/** Nothing is left of it when it throws. */
function openRedirect(): OpenRedirect {
  using kept = new DisposableStack();
  const size = SOCKET_ADDRESS_BYTES;
  const ports = kept.use(new HashMap({ keyBytes: size, valueBytes: size, mostElements: MOST_PORTS }));
  // Links keep their programs, and these what they use.
  using passing = new DisposableStack();
  const group = passing.adopt(open(detectLayout().unified ?? "", O_RDONLY | O_DIRECTORY), close);
  const connectedTo = passing.adopt(createSocketStorage(SOCKET_ADDRESS_BYTES / 4), close);
  const parts = { ports: ports.fd, connectedTo, namespaceCookie: ownNamespaceCookie() };
  for (const { attachType, program } of socketPrograms(parts)) {
    const loaded = passing.adopt(loadProgram(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, attachType, program), close);
    kept.adopt(linkToGroup(group, loaded, attachType), close);
  }
  const all = kept.move();
  return { ports, [Symbol.dispose]: () => all.dispose() };
}

function ownNamespaceCookie(): bigint {
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  try {
    const bytes = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, 8);
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  } finally {
    close(fd);
  }
}
