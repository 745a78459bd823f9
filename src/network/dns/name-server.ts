import { readMessage, withLength } from "#host/exchange.ts";
import type { PolledStream } from "#host/polled-stream.ts";
import type { Poller } from "#host/poller.ts";
import { serveDatagrams, serveStreams, type SocketServer } from "#host/socket-servers.ts";
import type { Allowance } from "./allowance.ts";
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
  readonly #datagramsOfAll: Allowance;
  readonly #connectionsOfAll: ForwardBudget;

  /** On failure no socket is left. `datagrams`, `connections`: what all name servers together may take. */
  constructor(deps: {
    readonly poller: Poller;
    readonly namespaceFd: number;
    readonly resolver: Resolver;
    readonly datagrams: Allowance;
    readonly connections: ForwardBudget;
  }) {
    const { poller, namespaceFd } = deps;
    this.#resolver = deps.resolver;
    this.#datagramsOfAll = deps.datagrams;
    this.#connectionsOfAll = deps.connections;
    const place = { namespaceFd, host: NAME_SERVER };
    try {
      const udp = serveDatagrams(place, (bytes, reply) => void this.#answer(bytes, reply));
      this.#servers.push(udp);
      const tcp = serveStreams(poller, place, (stream) => void this.#converse(stream));
      this.#servers.push(tcp);
      redirectQueries(namespaceFd, { udp: udp.port, tcp: tcp.port });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.close();
  }

  async #answer(bytes: Uint8Array, reply: (answer: Uint8Array) => void): Promise<void> {
    if (!this.#datagramsOfAll.take()) return;
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
