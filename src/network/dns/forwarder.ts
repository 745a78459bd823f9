import { randomInt } from "node:crypto";
import type { Upstream } from "../types.ts";
import { encodeAnswer, parseAnswer, PLAIN_UDP_BYTES, rcodes, withId, type Query } from "./message.ts";
import type { Transport } from "./resolver.ts";

/** One question to one server, in time or not at all: resolves with undefined for every kind of failure. */
export type Exchange = (request: {
  readonly transport: Transport;
  readonly upstream: Upstream;
  readonly message: Uint8Array;
  /** Other datagrams are passed over. */
  readonly accepts: (answer: Uint8Array) => boolean;
  readonly timeoutMs: number;
}) => Promise<Uint8Array | undefined>;

/** How many questions may wait for an answer at a time. */
export class ForwardBudget {
  readonly #limit: number;
  #open = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when there is no room; each true is to be given back. */
  take(): boolean {
    if (this.#open >= this.#limit) return false;
    this.#open++;
    return true;
  }

  giveBack(): void {
    this.#open--;
  }
}

/** Two servers are asked before a client gives up, which glibc and musl do after five seconds. */
const TIMEOUT_MS = 2000;
/** As many as resolv.conf(5) allows. */
const MAX_SERVERS = 3;
/** These say more of the server than of the name: the next one may know. */
const nextServerCodes: readonly number[] = [rcodes.servFail, rcodes.notImp, rcodes.refused];

/**
 * Passes questions on to a container's upstream servers, one after the other. Every budget must have room: a flood is
 * refused at once and costs no memory. Answers under a random id from a random port, and repeating the question, count.
 */
export class Forwarder {
  readonly #upstreams: () => readonly Upstream[];
  readonly #exchange: Exchange;
  readonly #budgets: readonly ForwardBudget[];

  constructor(deps: {
    /** Asked for each question. */
    readonly upstreams: () => readonly Upstream[];
    readonly exchange: Exchange;
    readonly budgets: readonly ForwardBudget[];
  }) {
    this.#upstreams = deps.upstreams;
    this.#exchange = deps.exchange;
    this.#budgets = deps.budgets;
  }

  /** SERVFAIL when no server answers; docker-compat: REFUSED when too many are asked already. */
  async ask(bytes: Uint8Array, query: Query, transport: Transport): Promise<Uint8Array> {
    const taken: ForwardBudget[] = [];
    try {
      for (const budget of this.#budgets) {
        if (!budget.take()) return encodeAnswer(query, rcodes.refused, [], PLAIN_UDP_BYTES);
        taken.push(budget);
      }
      return await this.#askEach(bytes, query, transport);
    } finally {
      for (const budget of taken) budget.giveBack();
    }
  }

  async #askEach(bytes: Uint8Array, query: Query, transport: Transport): Promise<Uint8Array> {
    let refusal: Uint8Array | undefined;
    for (const upstream of this.#upstreams().slice(0, MAX_SERVERS)) {
      const answer = await this.#askOne(upstream, bytes, query, transport);
      if (answer === undefined) continue;
      if (!nextServerCodes.includes(answer.rcode)) return withId(answer.bytes, query.id);
      refusal ??= withId(answer.bytes, query.id);
    }
    return refusal ?? encodeAnswer(query, rcodes.servFail, [], PLAIN_UDP_BYTES);
  }

  /** A client that asks by datagram is told of a cut answer and comes back by TCP; one by TCP gets the whole. */
  async #askOne(
    upstream: Upstream,
    bytes: Uint8Array,
    query: Query,
    transport: Transport,
  ): Promise<{ readonly bytes: Uint8Array; readonly rcode: number } | undefined> {
    const id = randomInt(0x10000);
    const message = withId(bytes, id);
    const accepts = (answer: Uint8Array): boolean => parseAnswer(answer, query, id) !== undefined;
    const by = (way: Transport): Promise<Uint8Array | undefined> =>
      this.#exchange({ transport: way, upstream, message, accepts, timeoutMs: TIMEOUT_MS });
    const short = await by("udp");
    const header = short === undefined ? undefined : parseAnswer(short, query, id);
    if (short === undefined || header === undefined) return undefined;
    if (!header.truncated || transport === "udp") return { bytes: short, rcode: header.rcode };
    const whole = (await by("tcp")) ?? short;
    return { bytes: whole, rcode: parseAnswer(whole, query, id)?.rcode ?? header.rcode };
  }
}
