import { BerthError } from "#base/errors.ts";
import {
  addressIn,
  addressText,
  contains,
  lastAddress,
  machineAddresses,
  parseAddress,
  type IpAddress,
  type Subnet,
} from "./subnet.ts";

/**
 * Which addresses of one subnet are taken, in memory; the rows of endpoints are its durable form. The search goes on
 * behind the address handed out last and wraps around, so that an address rests before somebody else gets it: neighbours'
 * connections to its last owner have ended by then. A container asks for the one it had before with `prefer`.
 */
export class AddressAllocator {
  readonly #subnet: Subnet;
  readonly #range: Subnet;
  /** Those that a machine can have. */
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #taken = new Set<bigint>();
  #next: bigint;

  /**
   * Addresses are texts. `reserved`: gateway and the like, never handed out. `last`: the address handed out last, as
   * remembered. `range`: the part of the subnet to choose from; a given address may lie outside it.
   */
  constructor(subnet: Subnet, reserved: readonly string[], last?: string, range = subnet) {
    this.#subnet = subnet;
    this.#range = range;
    ({ first: this.#first, last: this.#last } = machineAddresses(subnet));
    for (const address of reserved) this.#taken.add(parseAddress(address).value);
    const latest = last === undefined ? undefined : parseAddress(last);
    this.#next = latest === undefined || !contains(range, latest) ? this.#lowest() : latest.value + 1n;
  }

  /** Undefined when every address is taken. */
  allocate(prefer?: string): string | undefined {
    const preferred = prefer === undefined ? undefined : parseAddress(prefer);
    if (preferred !== undefined && contains(this.#range, preferred) && this.#usable(preferred)) {
      return this.#take(preferred);
    }
    const highest = smaller(this.#last, lastAddress(this.#range));
    const count = highest - this.#lowest() + 1n;
    for (let step = 0n; step < count; step++) {
      const ahead = this.#next + step;
      const candidate = addressIn(this.#subnet, ahead > highest ? ahead - count : ahead);
      if (!this.#usable(candidate)) continue;
      this.#next = candidate.value + 1n;
      return this.#take(candidate);
    }
    return undefined;
  }

  /** A given address. Docker's sentences when it is taken or lies outside. */
  claim(text: string): string {
    const address = parseAddress(text);
    if (!contains(this.#subnet, address)) {
      throw new BerthError(
        "invalid-parameter",
        `no configured subnet or ip-range contain the IP address ${addressText(address)}`,
      );
    }
    if (!this.#usable(address)) throw new BerthError("forbidden", "Address already in use");
    return this.#take(address);
  }

  free(address: string): void {
    this.#taken.delete(parseAddress(address).value);
  }

  #lowest(): bigint {
    return this.#first > this.#range.base ? this.#first : this.#range.base;
  }

  #take(address: IpAddress): string {
    this.#taken.add(address.value);
    return addressText(address);
  }

  #usable({ value }: IpAddress): boolean {
    return value >= this.#first && value <= this.#last && !this.#taken.has(value);
  }
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
