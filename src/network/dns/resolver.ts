import { parseIpv4, parseIpv6 } from "#host/netlink/address.ts";
import {
  encodeAnswer,
  encodeName,
  encodeTruncated,
  MAX_TCP_BYTES,
  parseQuery,
  rcodes,
  recordTypes,
  udpLimit,
  type Query,
  type ResourceRecord,
} from "./message.ts";
import type { Addresses } from "./name-table.ts";
import { reverseAddress } from "./reverse-address.ts";

export type Transport = "udp" | "tcp";

export interface ResolverDeps {
  /** What one container sees; see NameTable. */
  readonly resolve: (name: string) => Addresses | undefined;
  readonly reverse: (address: string) => string | undefined;
  /** Another number whenever what these two say may have changed. */
  readonly version: () => number;
  /** Asks the world. `query` is what `bytes` say; the answer bears its id. */
  readonly forward: (bytes: Uint8Array, query: Query, transport: Transport) => Promise<Uint8Array>;
}

/** docker-compat: as long as Docker's own answers may be kept. */
const TTL_SECONDS = 600;

/** Answers that are kept to be given again; far more names than a container talks to. */
const KEPT = 256;
/** Behind the id, which is another each time. */
const KEY_START = 2;

/**
 * Answers one container's queries: names of its networks at once, everything else through others. Programs ask for the same
 * few names again and again, in the same bytes: what was said last time is kept, and leaves nothing behind to be collected.
 */
export class Resolver {
  readonly #deps: ResolverDeps;
  readonly #kept = new Map<string, Uint8Array>();
  #keptVersion = -1;
  #turn = 0;

  constructor(deps: ResolverDeps) {
    this.#deps = deps;
  }

  /** The bytes to send back, which hold until the next call; undefined for none. Never throws, whatever the bytes. */
  answer(bytes: Uint8Array, transport: Transport): Uint8Array | undefined | Promise<Uint8Array> {
    if (transport === "tcp") return this.#answerAnew(bytes, transport, "");
    const version = this.#deps.version();
    if (version !== this.#keptVersion) this.#kept.clear();
    this.#keptVersion = version;
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", KEY_START);
    const kept = this.#kept.get(key);
    if (kept === undefined) return this.#answerAnew(bytes, transport, key);
    kept.set(bytes.subarray(0, KEY_START));
    return kept;
  }

  #answerAnew(bytes: Uint8Array, transport: Transport, key: string): Uint8Array | undefined | Promise<Uint8Array> {
    const parsed = parseQuery(bytes);
    if (parsed.kind === "noise") return undefined;
    if (parsed.kind === "bad") return parsed.answer;
    const { query } = parsed;
    const limit = transport === "udp" ? udpLimit(query) : MAX_TCP_BYTES;
    if (query.edns !== undefined && query.edns.version !== 0) return encodeAnswer(query, rcodes.badVers, [], limit);
    const records = query.internet ? this.#known(query) : undefined;
    if (records !== undefined) {
      const answer = encodeAnswer(query, rcodes.noError, records, limit);
      // Several take turns.
      if (key !== "" && records.length < 2 && this.#kept.size < KEPT) this.#kept.set(key, answer);
      return answer;
    }
    return this.#forward(bytes, query, transport, limit);
  }

  async #forward(bytes: Uint8Array, query: Query, transport: Transport, limit: number): Promise<Uint8Array> {
    const answer = await this.#deps.forward(bytes, query, transport);
    return answer.length > limit ? encodeTruncated(query) : answer;
  }

  /** Undefined for what nobody here knows. A known name has no records of types other than its addresses'. */
  #known(query: Query): readonly ResourceRecord[] | undefined {
    const address = reverseAddress(query.name);
    if (address !== undefined) {
      const name = this.#deps.reverse(address);
      const data = name === undefined ? undefined : encodeName(name);
      if (data === undefined) return undefined;
      const isAsked = query.type === recordTypes.ptr || query.type === recordTypes.any;
      return isAsked ? [{ type: recordTypes.ptr, ttlSeconds: TTL_SECONDS, data }] : [];
    }
    const addresses = this.#deps.resolve(query.name);
    if (addresses === undefined) return undefined;
    const isAsked = (type: number): boolean => query.type === type || query.type === recordTypes.any;
    return [
      ...(isAsked(recordTypes.a) ? this.#records(recordTypes.a, addresses.ipv4, parseIpv4) : []),
      ...(isAsked(recordTypes.aaaa) ? this.#records(recordTypes.aaaa, addresses.ipv6, parseIpv6) : []),
    ];
  }

  /** Each answer begins with the next of several addresses, so that clients spread over them. */
  #records(type: number, addresses: readonly string[], parse: (text: string) => Uint8Array): ResourceRecord[] {
    const first = addresses.length > 1 ? this.#turn++ % addresses.length : 0;
    return [...addresses.slice(first), ...addresses.slice(0, first)].map((address) => ({
      type,
      ttlSeconds: TTL_SECONDS,
      data: parse(address),
    }));
  }
}
