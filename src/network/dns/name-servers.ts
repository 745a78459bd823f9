import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { exchangeDatagram, exchangeStream } from "#host/sockets/exchange.ts";
import { O_RDONLY } from "#host/kernel/linux.ts";
import { NameResponder } from "#host/sockets/name-responder.ts";
import { Poller } from "#host/sockets/poller.ts";
import { close, open } from "#host/kernel/syscalls.ts";
import type { Endpoint, Resident, Upstream } from "../types.ts";
import { ForwardBudget, Forwarder, type Exchange } from "./forwarder.ts";
import { NameServer } from "./name-server.ts";
import { NameTable } from "./name-table.ts";
import { NameZones } from "./name-zones.ts";
import { Resolver } from "./resolver.ts";

/** Questions that wait for the world's answer, of one container and of all. Each holds a socket. */
const WAITING_OF_ONE = 256;
const WAITING_OF_ALL = 1024;
/**
 * Datagrams of all containers that are looked at; one container's are fewer, see ./redirect.ts. Others are dropped as they
 * come, so that however many containers flood, the machine has time for its other work.
 */
const DATAGRAMS_OF_ALL = { rate: 20_000, burst: 4_000 } as const;
/** Connections of all containers that are open at a time. */
const CONNECTIONS_OF_ALL = 1024;
const DNS_PORT = 53;

/** Name servers at 127.0.0.11 for the containers in user-defined networks. */
export class NameServers {
  readonly #log: Log;
  readonly #leadsOut: (containerId: string) => boolean;
  readonly #table = new NameTable((networkId, names) => this.#answering?.zones.renew(networkId, names));
  readonly #residents = new Map<string, Partial<Resident>>();
  readonly #servers = new Map<string, { readonly server: NameServer; close(): void }>();
  readonly #budget = new ForwardBudget(WAITING_OF_ALL);
  readonly #connections = new ForwardBudget(CONNECTIONS_OF_ALL);
  #poller: Poller | undefined;
  /** From the first name on. */
  #answering: { readonly responder: NameResponder; readonly zones: NameZones } | undefined;

  /** `leadsOut`: whether questions of this container may leave the machine's own networks. */
  constructor(deps: { readonly log: Log; readonly leadsOut: (containerId: string) => boolean }) {
    this.#log = deps.log;
    this.#leadsOut = deps.leadsOut;
  }

  /** From now on the container's neighbours in this network know its names. */
  join(endpoint: Endpoint, resident: Partial<Resident>): void {
    const { containerId, networkId, networkName, aliases, links, ipv4, ipv6 } = endpoint;
    const { containerName = "", hostname = "" } = resident;
    this.#residents.set(containerId, resident);
    this.#answer();
    const names = [...aliases, hostname];
    this.#table.join({ containerId, networkId, networkName, containerName, names, links, ipv4, ipv6 });
    this.#renewZones(containerId);
  }

  /** With the last of its networks the container's own server ends. */
  leave(containerId: string, networkId: string): void {
    const isLast = this.#table.leave(containerId, networkId);
    this.#renewZones(containerId);
    if (!isLast) return;
    this.#servers.get(containerId)?.close();
    this.#servers.delete(containerId);
    this.#residents.delete(containerId);
  }

  /** See NameTable.holders. */
  holders(networkId: string, name: string): readonly string[] {
    return this.#table.holders(networkId, name);
  }

  /** Where questions that come from now on are passed on to. */
  setUpstreams(containerId: string, upstreams: readonly Upstream[]): void {
    const resident = this.#residents.get(containerId);
    if (resident !== undefined) this.#residents.set(containerId, { ...resident, upstreams });
  }

  rename(containerId: string, containerName: string): void {
    this.#table.rename(containerId, containerName);
    this.#renewZones(containerId);
  }

  /** Answer inside the namespace at this path, whose loopback is up. No second server where one is. */
  serve(containerId: string, networkNamespace: string): void {
    if (this.#servers.has(containerId)) return;
    this.#poller ??= new Poller();
    const poller = this.#poller;
    const { responder, zones } = this.#answer();
    const namespaceFd = open(networkNamespace, O_RDONLY);
    try {
      const resolver = this.#resolver(containerId, exchangeThrough(poller, namespaceFd));
      const server = new NameServer({
        poller,
        namespaceFd,
        responder,
        zones: zones.zonesOf(containerId),
        resolver,
        connections: this.#connections,
      });
      this.#servers.set(containerId, {
        server,
        close: () => {
          server.close();
          close(namespaceFd);
        },
      });
    } catch (error) {
      close(namespaceFd);
      throw error;
    }
  }

  /** For a container that runs already: what goes wrong is told, and the container goes on without. */
  serveAgain(containerId: string, networkNamespace: string): void {
    try {
      this.serve(containerId, networkNamespace);
    } catch (error) {
      this.#log.error("a container has no name server any more", { container: containerId, error: messageOf(error) });
    }
  }

  /** Ends every server; the names are forgotten. */
  close(): void {
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
    this.#residents.clear();
    this.#table.clear();
    this.#answering?.responder.close();
    this.#answering = undefined;
    this.#poller?.close();
    this.#poller = undefined;
  }

  #renewZones(containerId: string): void {
    const zones = this.#answering?.zones.zonesOf(containerId) ?? [];
    this.#servers.get(containerId)?.server.setZones(zones);
  }

  #answer(): { readonly responder: NameResponder; readonly zones: NameZones } {
    if (this.#answering === undefined) {
      const responder = new NameResponder(DATAGRAMS_OF_ALL);
      this.#answering = { responder, zones: new NameZones({ table: this.#table, responder }) };
    }
    return this.#answering;
  }

  #resolver(containerId: string, exchange: Exchange): Resolver {
    const forwarder = new Forwarder({
      upstreams: () => this.#residents.get(containerId)?.upstreams ?? [],
      exchange: (request) => (this.#leadsOut(containerId) ? exchange(request) : Promise.resolve(undefined)),
      budgets: [new ForwardBudget(WAITING_OF_ONE), this.#budget],
    });
    return new Resolver({
      resolve: (name) => this.#table.resolve(containerId, name),
      reverse: (address) => this.#table.reverse(containerId, address),
      forward: (bytes, query, transport) => forwarder.ask(bytes, query, transport),
    });
  }
}

function exchangeThrough(poller: Poller, containerFd: number): Exchange {
  return async ({ transport, upstream, message, accepts, timeoutMs }) => {
    const namespaceFd = upstream.from === "container" ? containerFd : undefined;
    const place = { namespaceFd, host: upstream.address, port: DNS_PORT };
    const exchange = transport === "udp" ? exchangeDatagram : exchangeStream;
    // Refused, unreachable, no descriptor left: for the one who asked it is all the same.
    return exchange(poller, place, message, { accepts, timeoutMs }).catch(() => undefined);
  };
}
