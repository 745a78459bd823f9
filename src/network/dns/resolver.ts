import { addressRecords, TTL_SECONDS } from "./address-records.ts";
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
  /** Asks the world. `query` is what `bytes` say; the answer bears its id. */
  readonly forward: (bytes: Uint8Array, query: Query, transport: Transport) => Promise<Uint8Array>;
}

/** Answers one container's queries: names of its networks at once, everything else through others. */
export class Resolver {
  readonly #deps: ResolverDeps;
  #turn = 0;

  constructor(deps: ResolverDeps) {
    this.#deps = deps;
  }

  /** The bytes to send back; undefined for none. Never throws, whatever the bytes. */
  answer(bytes: Uint8Array, transport: Transport): Uint8Array | undefined | Promise<Uint8Array> {
    const parsed = parseQuery(bytes);
    if (parsed.kind === "noise") return undefined;
    if (parsed.kind === "bad") return parsed.answer;
    const { query } = parsed;
    const limit = transport === "udp" ? udpLimit(query) : MAX_TCP_BYTES;
    if (query.edns !== undefined && query.edns.version !== 0) return encodeAnswer(query, rcodes.badVers, [], limit);
    const records = query.internet ? this.#known(query) : undefined;
    if (records !== undefined) return encodeAnswer(query, rcodes.noError, records, limit);
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
    return this.#inTurn(addressRecords(query.type, addresses));
  }

  /** Each answer begins with the next of several records, so that clients spread over them. */
  #inTurn(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
    const first = records.length > 1 ? this.#turn++ % records.length : 0;
    return [...records.slice(first), ...records.slice(0, first)];
  }
}
