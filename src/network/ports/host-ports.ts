import { BerthError } from "#base/errors.ts";
import { hasCode } from "#host/kernel/errno.ts";
import type { PortPublication } from "../types.ts";

/** Takes a host port the way a server would. */
export interface PortHolder {
  /**
   * The port is ours until the result is disposed. What reaches it though rules should have redirected it goes on to
   * `target`, an address and port, where there is one. Throws what the kernel says (EADDRINUSE, EADDRNOTAVAIL, EACCES).
   */
  hold(publication: HeldPort, target: RelayTarget | undefined): Disposable;
}

export type HeldPort = Pick<PortPublication, "protocol" | "hostIp" | "hostPort">;

export interface RelayTarget {
  readonly host: string;
  readonly port: number;
}

/** One container port that is wanted under the same port of several host addresses. */
export interface WantedPort extends Omit<PortPublication, "hostIp"> {
  readonly hostAddresses: readonly {
    readonly hostIp: string;
    /** Left out where the host does not have this family. */
    readonly optional: boolean;
    /** The container's address that it leads to. */
    readonly target: string;
  }[];
}

interface Allocation {
  readonly owner: string;
  readonly hostIp: string;
  readonly held: Disposable | undefined;
}

/**
 * The host ports of one engine. Each is held by a socket, so that another program that wants it is told so, and this
 * engine learns of programs that have it; IPv4 packets never reach the socket, rules redirect them first. Of IPv6 those
 * do that the kernel cannot translate: to a container that has IPv4 alone, and in part from the host's own ::1.
 */
export class HostPorts {
  readonly #holder: PortHolder;
  readonly #ephemeral: { readonly first: number; readonly last: number };
  /** "protocol/port" -> who has it, one for each host address. */
  readonly #allocations = new Map<string, readonly Allocation[]>();
  /** Owner -> its keys in the former. */
  readonly #owned = new Map<string, Set<string>>();
  #next: number;

  constructor(deps: {
    readonly holder: PortHolder;
    readonly ephemeral: { readonly first: number; readonly last: number };
  }) {
    this.#holder = deps.holder;
    this.#ephemeral = deps.ephemeral;
    this.#next = deps.ephemeral.first;
  }

  /** All of `wanted` for `owner` (an endpoint id), or none. Returns them as published: real host address and port. */
  allocate(owner: string, wanted: readonly WantedPort[]): readonly PortPublication[] {
    try {
      return wanted.flatMap((port) => this.#allocateOne(owner, port));
    } catch (error) {
      this.release(owner);
      throw error;
    }
  }

  /**
   * Take ports again that `owner` had in an earlier run. Ports that another program took meanwhile stay redirected to the
   * container and are returned, so that the person can be told.
   */
  restore(owner: string, publications: readonly (PortPublication & { readonly target: string })[]): PortPublication[] {
    return publications.filter((publication) => {
      try {
        this.#record(owner, publication, this.#holder.hold(publication, relayTarget(publication, publication.target)));
        return false;
      } catch {
        this.#record(owner, publication, undefined);
        return true;
      }
    });
  }

  /** No error for an owner without ports. */
  release(owner: string): void {
    for (const key of this.#owned.get(owner) ?? []) {
      const allocations = this.#allocations.get(key) ?? [];
      for (const allocation of allocations) if (allocation.owner === owner) allocation.held?.[Symbol.dispose]();
      const kept = allocations.filter((allocation) => allocation.owner !== owner);
      if (kept.length === 0) this.#allocations.delete(key);
      else this.#allocations.set(key, kept);
    }
    this.#owned.delete(owner);
  }

  releaseAll(): void {
    for (const owner of [...this.#owned.keys()]) this.release(owner);
  }

  #allocateOne(owner: string, wanted: WantedPort): readonly PortPublication[] {
    if (wanted.hostAddresses.length === 0) return [];
    if (wanted.hostPort === 0) return this.#allocateEphemeral(owner, wanted);
    if (wanted.lastHostPort !== undefined) {
      const found = this.#allocateFree(owner, wanted, wanted.hostPort, wanted.lastHostPort);
      if (found === undefined) throw new BerthError("internal", "all ports are allocated");
      return found;
    }
    const taken = this.#conflict(wanted, wanted.hostPort);
    if (taken !== undefined) {
      throw new BerthError("internal", `Bind for ${taken}:${wanted.hostPort} failed: port is already allocated`);
    }
    return this.#hold(owner, wanted, wanted.hostPort);
  }

  #allocateEphemeral(owner: string, wanted: WantedPort): readonly PortPublication[] {
    const { first, last } = this.#ephemeral;
    const found =
      this.#allocateFree(owner, wanted, this.#next, last) ?? this.#allocateFree(owner, wanted, first, this.#next - 1);
    if (found === undefined) throw new BerthError("internal", "all ports are allocated");
    const [{ hostPort } = { hostPort: last }] = found;
    this.#next = hostPort >= last ? first : hostPort + 1;
    return found;
  }

  /** The first port from `first` to `last` that nobody has. */
  #allocateFree(
    owner: string,
    wanted: WantedPort,
    first: number,
    last: number,
  ): readonly PortPublication[] | undefined {
    for (let hostPort = first; hostPort <= last; hostPort++) {
      if (this.#conflict(wanted, hostPort) !== undefined) continue;
      try {
        return this.#hold(owner, wanted, hostPort);
      } catch (error) {
        if (!(error instanceof BerthError && hasCode(error.cause, "EADDRINUSE"))) throw error;
      }
    }
    return undefined;
  }

  /** The port on all addresses, or an error and none. */
  #hold(owner: string, wanted: WantedPort, hostPort: number): readonly PortPublication[] {
    const { protocol, containerPort, allow, firewall } = wanted;
    const rules = { ...(allow === undefined ? {} : { allow }), ...(firewall === undefined ? {} : { firewall }) };
    const held: { readonly publication: PortPublication; readonly socket: Disposable }[] = [];
    for (const { hostIp, optional, target } of wanted.hostAddresses) {
      try {
        const publication = { protocol, containerPort, hostIp, hostPort, ...rules };
        const socket = this.#holder.hold(publication, relayTarget(publication, target));
        held.push({ publication, socket });
      } catch (error) {
        if (optional && hasCode(error, "EAFNOSUPPORT", "EADDRNOTAVAIL")) continue;
        for (const { socket } of held) socket[Symbol.dispose]();
        const mapping = `${bracketed(hostIp)}:${hostPort}:${bracketed(target)}:${containerPort}/${protocol}`;
        throw new BerthError("internal", `failed to bind host port for ${mapping}: ${reason(error)}`, { cause: error });
      }
    }
    for (const { publication, socket } of held) this.#record(owner, publication, socket);
    return held.map(({ publication }) => publication);
  }

  /** The address at which somebody has the port. */
  #conflict({ protocol, hostAddresses }: WantedPort, hostPort: number): string | undefined {
    const allocations = this.#allocations.get(`${protocol}/${hostPort}`) ?? [];
    return hostAddresses.find(({ hostIp }) => allocations.some((other) => excludes(other.hostIp, hostIp)))?.hostIp;
  }

  #record(owner: string, { protocol, hostIp, hostPort }: PortPublication, held: Disposable | undefined): void {
    const key = `${protocol}/${hostPort}`;
    this.#allocations.set(key, [...(this.#allocations.get(key) ?? []), { owner, hostIp, held }]);
    this.#owned.set(owner, (this.#owned.get(owner) ?? new Set()).add(key));
  }
}

function relayTarget({ hostIp, containerPort }: PortPublication, target: string): RelayTarget | undefined {
  return hostIp.includes(":") ? { host: target, port: containerPort } : undefined;
}

function excludes(one: string, other: string): boolean {
  const any = one.includes(":") ? "::" : "0.0.0.0";
  return one.includes(":") === other.includes(":") && (one === other || one === any || other === any);
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** The kernel's words without the name of the system call. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.slice(error.message.lastIndexOf(": ") + 1).trim();
}
