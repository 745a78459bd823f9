import type { ByteReader } from "#base/byte-reader.ts";
import { BerthError, isBerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { sha256Hex } from "#base/sha256.ts";
import { HASH_BYTES, LENGTH_BYTES, MAX_CHUNK_BYTES, type OfferedTree } from "#spec/berth/sent-trees.ts";
import type { FilesUsage } from "../cache/prune-cache.ts";
import type { ChunkStore } from "./chunk-store.ts";

/** A tree of half a terabyte, at the least. */
const MAX_HASHES = 1 << 20;
const HELD_MS = 10 * 60_000;

interface Offer {
  readonly hashes: readonly string[];
  readonly lacks: ReadonlySet<number>;
  readonly untilMs: number;
}

/** Folders of clients elsewhere, by the chunks of their archives; see spec/berth/sent-trees.ts. */
export class SentTrees {
  readonly #chunks: ChunkStore;
  readonly #nowMs: () => number;
  readonly #offers = new Map<string, Offer>();

  constructor(deps: { readonly chunks: ChunkStore; readonly nowMs: () => number }) {
    this.#chunks = deps.chunks;
    this.#nowMs = deps.nowMs;
  }

  /** Which chunks of a tree are not here. `invalid-parameter` for what is no list of hashes. */
  offer(bytes: Uint8Array): OfferedTree {
    if (bytes.length % HASH_BYTES !== 0 || bytes.length > MAX_HASHES * HASH_BYTES)
      throw new BerthError("invalid-parameter", `a tree is up to ${MAX_HASHES} hashes of ${HASH_BYTES} bytes`);
    this.#forgetOld();
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const hashes: string[] = [];
    const lacks: number[] = [];
    const seen = new Set<string>();
    for (let at = 0; at < all.length; at += HASH_BYTES) {
      const hash = all.toString("hex", at, at + HASH_BYTES);
      if (!seen.has(hash) && !this.#chunks.use(hash)) lacks.push(hashes.length);
      seen.add(hash);
      hashes.push(hash);
    }
    const id = randomHex(16);
    this.#offers.set(id, { hashes, lacks: new Set(lacks), untilMs: this.#nowMs() + HELD_MS });
    return { id, lacks };
  }

  /**
   * The archive of an offered tree, once. What was lacking comes from `body`. `not-found` for a tree that nobody offered,
   * `invalid-parameter` for chunks that are not those that were offered.
   */
  async *archive(id: string, body: ByteReader): AsyncGenerator<Uint8Array, void> {
    const offer = this.#offers.get(id);
    if (offer === undefined) throw new BerthError("not-found", `no tree was offered by the id ${id}`);
    try {
      for (const [index, hash] of offer.hashes.entries()) {
        if (!offer.lacks.has(index)) {
          yield this.#chunks.get(hash);
          continue;
        }
        const chunk = await takeChunk(body);
        if (sha256Hex(chunk) !== hash)
          throw new BerthError("invalid-parameter", `chunk ${index} of the tree is not the one that was offered`);
        this.#chunks.put(hash, chunk);
        yield chunk;
      }
    } finally {
      this.#offers.delete(id);
    }
  }

  /** Keep to the bound. */
  sweep(): void {
    this.#chunks.sweep(this.#held());
  }

  /** Forget every chunk that nobody is about to use: how many bytes that were. */
  clear(): number {
    return this.#chunks.sweep(this.#held(), 0);
  }

  /** Of the chunks that are kept; undefined when none are. */
  usage(): FilesUsage | undefined {
    const usage = this.#chunks.usage();
    return usage === undefined ? undefined : { ...usage, inUse: this.#held().size > 0 };
  }

  #held(): ReadonlySet<string> {
    this.#forgetOld();
    return new Set([...this.#offers.values()].flatMap(({ hashes }) => hashes));
  }

  #forgetOld(): void {
    const now = this.#nowMs();
    for (const [id, { untilMs }] of this.#offers) if (untilMs < now) this.#offers.delete(id);
  }
}

async function takeChunk(body: ByteReader): Promise<Uint8Array> {
  try {
    const head = await body.take(LENGTH_BYTES);
    const length = new DataView(head.buffer).getUint32(0);
    if (length === 0 || length > MAX_CHUNK_BYTES)
      throw new BerthError("invalid-parameter", `a chunk of ${length} bytes`);
    return await body.take(length);
  } catch (error) {
    if (!isBerthError(error, "data-loss")) throw error;
    throw new BerthError("invalid-parameter", "the chunks of the tree end too early", { cause: error });
  }
}
