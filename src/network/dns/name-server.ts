import type { NameResponder, NameSocket } from "#host/sockets/name-responder.ts";
import { readMessage, withLength } from "#host/sockets/exchange.ts";
import type { PolledStream } from "#host/sockets/polled-stream.ts";
import type { Poller } from "#host/sockets/poller.ts";
import { serveStreams, type SocketServer } from "#host/sockets/socket-servers.ts";
import type { ForwardBudget } from "./forwarder.ts";
import { NAME_SERVER, redirectQueries } from "./redirect.ts";
import type { Resolver } from "./resolver.ts";

/** More than that at a time are closed as they come. */
const MAX_CONNECTIONS = 64;
/** A connection on which nothing was asked for so long is closed (RFC 7766, section 6.2.3). */
const IDLE_MS = 10_000;

/** Sockets inside one container's network namespace, and the rules that lead to them. They work until close(). */
export class NameServer {
  readonly #resolver: Resolver;
  readonly #servers: SocketServer[] = [];
  readonly #connections = new Set<PolledStream>();
  readonly #connectionsOfAll: ForwardBudget;
  #datagrams: NameSocket | undefined;

  /** On failure no socket is left. `zones`: where `responder` looks; what it does not find there is `resolver`'s. `connections`: how many all may have. */
  constructor(deps: {
    readonly poller: Poller;
    readonly namespaceFd: number;
    readonly responder: NameResponder;
    readonly zones: readonly number[];
    readonly resolver: Resolver;
    readonly connections: ForwardBudget;
  }) {
    const { poller, namespaceFd } = deps;
    this.#resolver = deps.resolver;
    this.#connectionsOfAll = deps.connections;
    const place = { namespaceFd, host: NAME_SERVER };
    try {
      const udp = deps.responder.serve(place, deps.zones, (bytes, reply) => void this.#answer(bytes, reply));
      this.#datagrams = udp;
      this.#servers.push(udp);
      const tcp = serveStreams(poller, place, (stream) => void this.#converse(stream));
      this.#servers.push(tcp);
      redirectQueries(namespaceFd, { udp: udp.port, tcp: tcp.port });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The container came into another network, or left one. */
  setZones(zones: readonly number[]): void {
    this.#datagrams?.setZones(zones);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.close();
  }

  async #answer(bytes: Uint8Array, reply: (answer: Uint8Array) => void): Promise<void> {
    const answer = this.#resolver.answer(bytes, "udp");
    if (answer instanceof Uint8Array) reply(answer);
    else if (answer !== undefined) reply(await answer);
  }

  /** One question after the other: a client that sends many at once fills its own socket's buffer. */
  async #converse(stream: PolledStream): Promise<void> {
    if (this.#connections.size >= MAX_CONNECTIONS || !this.#connectionsOfAll.take()) return stream.close();
    this.#connections.add(stream);
    const idle = setTimeout(() => stream.close(), IDLE_MS);
    try {
      for (;;) {
        const bytes = await readMessage(stream);
        if (bytes === undefined) return;
        const answer = await this.#resolver.answer(bytes, "tcp");
        if (answer === undefined || !(await stream.write(withLength(answer)))) return;
        idle.refresh();
      }
    } finally {
      clearTimeout(idle);
      stream.close();
      this.#connections.delete(stream);
      this.#connectionsOfAll.giveBack();
    }
  }
}
