import { BerthError } from "#base/errors.ts";
import { addressNumber } from "../ipam/subnet.ts";
import type { PortPublication } from "../types.ts";

/** Takes a host port the way a server would. */
export interface PortHolder {
  /** The port is ours until the result is disposed. Throws what the kernel says (EADDRINUSE, EADDRNOTAVAIL, EACCES). */
  hold(protocol: PortPublication["protocol"], hostIp: string, hostPort: number): Disposable;
}

interface Allocation {
  readonly owner: string;
  readonly hostIp: string;
  readonly held: Disposable | undefined;
}

const ANY = "0.0.0.0";

/**
 * The host ports of one engine. Each is held by a socket, so that another program that wants it is told so, and this
 * engine learns of programs that have it; packets never reach the socket, rules redirect them first.
 */
export class HostPorts {
  readonly #holder: PortHolder;
  readonly #ephemeral: { readonly first: number; readonly last: number };
  /** "protocol/port" -> who has it, one for each host address. */
  readonly #allocations = new Map<string, Allocation[]>();
  #next: number;

  constructor(deps: {
    readonly holder: PortHolder;
    readonly ephemeral: { readonly first: number; readonly last: number };
  }) {
    this.#holder = deps.holder;
    this.#ephemeral = deps.ephemeral;
    this.#next = deps.ephemeral.first;
  }

  /**
   * All of `publications` for `owner` (an endpoint id), or none. `target` is the container's address, for Docker's
   * sentences. Returns them as published: real host address and port.
   */
  allocate(owner: string, publications: readonly PortPublication[], target: string): PortPublication[] {
    try {
      return publications.map((publication) => this.#allocateOne(owner, publication, target));
    } catch (error) {
      this.release(owner);
      throw error;
    }
  }

  /**
   * Take ports again that `owner` had in an earlier run. Ports that another program took meanwhile stay redirected to the
   * container and are returned, so that the person can be told.
   */
  restore(owner: string, publications: readonly PortPublication[]): PortPublication[] {
    return publications.filter((publication) => {
      try {
        this.#record(
          owner,
          publication,
          this.#holder.hold(publication.protocol, publication.hostIp, publication.hostPort),
        );
        return false;
      } catch {
        this.#record(owner, publication, undefined);
        return true;
      }
    });
  }

  /** No error for an owner without ports. */
  release(owner: string): void {
    for (const [key, allocations] of this.#allocations) {
      const kept = allocations.filter((allocation) => allocation.owner !== owner);
      if (kept.length === allocations.length) continue;
      for (const allocation of allocations) if (allocation.owner === owner) allocation.held?.[Symbol.dispose]();
      if (kept.length === 0) this.#allocations.delete(key);
      else this.#allocations.set(key, kept);
    }
  }

  releaseAll(): void {
    for (const allocation of [...this.#allocations.values()].flat()) allocation.held?.[Symbol.dispose]();
    this.#allocations.clear();
  }

  #allocateOne(owner: string, publication: PortPublication, target: string): PortPublication {
    const hostIp = publication.hostIp === "" ? ANY : publication.hostIp;
    if (hostIp.includes(":")) {
      throw new BerthError("not-implemented", `publishing on the IPv6 address [${hostIp}] is not supported`);
    }
    addressNumber(hostIp);
    const { lastHostPort, ...wanted } = { ...publication, hostIp };
    if (publication.hostPort === 0) return this.#allocateEphemeral(owner, wanted);
    if (lastHostPort !== undefined) {
      const found = this.#allocateFree(owner, wanted, wanted.hostPort, lastHostPort);
      if (found === undefined) throw new BerthError("internal", "all ports are allocated");
      return found;
    }
    if (this.#conflicts(wanted)) {
      throw new BerthError("internal", `Bind for ${hostIp}:${wanted.hostPort} failed: port is already allocated`);
    }
    try {
      this.#record(owner, wanted, this.#holder.hold(wanted.protocol, hostIp, wanted.hostPort));
    } catch (error) {
      const mapping = `${hostIp}:${wanted.hostPort}:${target}:${wanted.containerPort}/${wanted.protocol}`;
      throw new BerthError("internal", `failed to bind host port for ${mapping}: ${reason(error)}`, { cause: error });
    }
    return wanted;
  }

  #allocateEphemeral(owner: string, publication: PortPublication): PortPublication {
    const { first, last } = this.#ephemeral;
    const found =
      this.#allocateFree(owner, publication, this.#next, last) ??
      this.#allocateFree(owner, publication, first, this.#next - 1);
    if (found === undefined) throw new BerthError("internal", "all ports are allocated");
    this.#next = found.hostPort >= last ? first : found.hostPort + 1;
    return found;
  }

  /** The first port from `first` to `last` that nobody has. */
  #allocateFree(owner: string, publication: PortPublication, first: number, last: number): PortPublication | undefined {
    for (let hostPort = first; hostPort <= last; hostPort++) {
      const candidate = { ...publication, hostPort };
      if (this.#conflicts(candidate)) continue;
      try {
        this.#record(owner, candidate, this.#holder.hold(candidate.protocol, candidate.hostIp, candidate.hostPort));
        return candidate;
      } catch (error) {
        if (!isInUse(error)) throw error;
      }
    }
    return undefined;
  }

  #conflicts({ protocol, hostIp, hostPort }: PortPublication): boolean {
    const allocations = this.#allocations.get(`${protocol}/${hostPort}`) ?? [];
    return allocations.some((other) => other.hostIp === hostIp || other.hostIp === ANY || hostIp === ANY);
  }

  #record(owner: string, { protocol, hostIp, hostPort }: PortPublication, held: Disposable | undefined): void {
    const key = `${protocol}/${hostPort}`;
    this.#allocations.set(key, [...(this.#allocations.get(key) ?? []), { owner, hostIp, held }]);
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}

/** The kernel's words without the name of the system call. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.slice(error.message.lastIndexOf(": ") + 1).trim();
}
