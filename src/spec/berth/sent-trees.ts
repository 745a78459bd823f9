/**
 * How folders get to an engine on another machine without what it has of them already:
 *
 *   client: folder ─▶ tar archive ─▶ cut into chunks ─▶ SHA-256 of each
 *   POST /berth/build/trees   body: all hashes, 32 bytes each         ─▶  {@link OfferedTree}: which ones the engine lacks
 *   POST /berth/build         `sent` names the trees; behind the options come the chunks that were lacking,
 *                             tree by tree, each as 4 bytes of length (big-endian) and its bytes, and then the
 *                             context's archive where the options ask for one
 *
 * The engine puts each archive together again and lays it out. It keeps chunks for the next time, the most recently used
 * ones up to a bound, and those of offered trees for ten minutes at least.
 */
export interface OfferedTree {
  readonly id: string;
  /** Places of chunks in the order of the hashes; of equal ones the first. */
  readonly lacks: readonly number[];
}

export const HASH_BYTES = 32;
/** Of a chunk. */
export const MAX_CHUNK_BYTES = 2 << 20;
export const LENGTH_BYTES = 4;
