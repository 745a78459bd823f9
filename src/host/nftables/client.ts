import { isBerthError } from "#base/errors.ts";
import { hasCode } from "../kernel/errno.ts";
import type { NetlinkMessage, NetlinkRequest } from "../netlink/message.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { beginBatch, endBatch, getGeneration } from "./messages.ts";
import { parseGeneration } from "./parse.ts";

/**
 * nf_tables transactions over a socket of protocol NETLINK_NETFILTER. The kernel counts committed transactions (the
 * *generation*); this remembers the last one it made or saw, so that a change by anybody else is noticed by the next
 * transaction at no cost: the kernel refuses a batch that names an older generation.
 */
export class NfTablesClient {
  readonly #socket: NetlinkSocket;
  #generation: number | undefined;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** All of `requests` or nothing. Throws NetlinkError with the first refusal. */
  commit(requests: readonly NetlinkRequest[]): void {
    this.#socket.transact(beginBatch(), requests, endBatch());
    this.#generation = undefined;
  }

  /**
   * Like {@link commit}, but returns false and changes nothing when somebody else changed any table since {@link observe}
   * or the last commitUnlessChanged of this client.
   */
  commitUnlessChanged(requests: readonly NetlinkRequest[]): boolean {
    if (this.#generation === undefined) return false;
    try {
      this.#socket.transact(beginBatch(this.#generation), requests, endBatch());
    } catch (error) {
      if (hasCode(error, "ERESTART")) return false;
      throw error;
    }
    this.#generation = nextGeneration(this.#generation);
    return true;
  }

  /** The present generation, remembered as the one that was verified. */
  observe(): void {
    const message = this.#socket.get(getGeneration());
    this.#generation = message === undefined ? undefined : parseGeneration(message);
  }

  /** True when nobody changed any table since {@link observe} or an own commitUnlessChanged. */
  unchanged(): boolean {
    const message = this.#socket.get(getGeneration());
    return message !== undefined && parseGeneration(message) === this.#generation;
  }

  get(request: NetlinkRequest): NetlinkMessage | undefined {
    return this.#socket.get(request);
  }

  /** Empty when the table or chain that was asked for does not exist. */
  dump(request: NetlinkRequest): NetlinkMessage[] {
    try {
      return this.#socket.dump(request);
    } catch (error) {
      if (isBerthError(error) && hasCode(error, "ENOENT")) return [];
      throw error;
    }
  }
}

/** The kernel's counter is 32 bits wide and skips 0. */
function nextGeneration(generation: number): number {
  return (generation + 1) >>> 0 || 1;
}
