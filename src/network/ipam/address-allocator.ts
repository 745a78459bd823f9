import { BerthError } from "#base/errors.ts";
import { addressText, contains, lastAddress, type Subnet } from "./subnet.ts";

/**
 * Which addresses of one subnet are taken, in memory; the rows of endpoints are its durable form. The search goes on
 * behind the address handed out last and wraps around, so that an address rests before somebody else gets it: neighbours'
 * connections to its last owner have ended by then. A container asks for the one it had before with `prefer`.
 */
export class AddressAllocator {
  readonly #subnet: Subnet;
  readonly #range: Subnet;
  readonly #taken = new Set<number>();
  #next: number;

  /**
   * `reserved`: gateway and the like, never handed out. `last`: the address handed out last, as remembered. `range`: the
   * part of the subnet to choose from; a given address may lie outside it.
   */
  constructor(subnet: Subnet, reserved: readonly number[], last?: number, range = subnet) {
    this.#subnet = subnet;
    this.#range = range;
    for (const address of reserved) this.#taken.add(address);
    this.#next = last === undefined || !contains(range, last) ? this.#lowest() : last + 1;
  }

  /** `resource-exhausted` when every address is taken. */
  allocate(prefer?: number): number {
    if (prefer !== undefined && contains(this.#range, prefer) && this.#usable(prefer)) return this.#take(prefer);
    const highest = Math.min(this.#last(), lastAddress(this.#range));
    const count = highest - this.#lowest() + 1;
    for (let step = 0; step < count; step++) {
      const candidate = this.#next + step > highest ? this.#next + step - count : this.#next + step;
      if (!this.#usable(candidate)) continue;
      this.#next = candidate + 1;
      return this.#take(candidate);
    }
    throw new BerthError("resource-exhausted", "no available IPv4 addresses on this network's address pools");
  }

  /** A given address. Docker's sentences when it is taken or lies outside. */
  claim(address: number): number {
    if (!contains(this.#subnet, address)) {
      const text = addressText(address);
      throw new BerthError("invalid-parameter", `no configured subnet or ip-range contain the IP address ${text}`);
    }
    if (!this.#usable(address)) throw new BerthError("forbidden", "Address already in use");
    return this.#take(address);
  }

  free(address: number): void {
    this.#taken.delete(address);
  }

  #lowest(): number {
    return Math.max(this.#first(), this.#range.base);
  }

  #take(address: number): number {
    this.#taken.add(address);
    return address;
  }

  #usable(address: number): boolean {
    return address >= this.#first() && address <= this.#last() && !this.#taken.has(address);
  }

  /** Subnets of /31 and /32 have neither network nor broadcast address (RFC 3021). */
  #first(): number {
    return this.#subnet.prefixLength >= 31 ? this.#subnet.base : this.#subnet.base + 1;
  }

  #last(): number {
    return this.#subnet.prefixLength >= 31 ? lastAddress(this.#subnet) : lastAddress(this.#subnet) - 1;
  }
}
