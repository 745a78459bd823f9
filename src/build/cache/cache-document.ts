import { BerthError, messageOf } from "#base/errors.ts";
import { isStrings } from "#base/is-strings.ts";

/** What a cache that lies elsewhere says of its steps; `layer` counts the layers of the manifest that brings it. */
export interface CacheDocument {
  readonly version: 1;
  /** Diff ids of the manifest's layers; absent in an image, whose config has them. */
  readonly layers?: readonly string[];
  readonly records: readonly CachedRecord[];
  /** Absent: none. */
  readonly mounts?: readonly CachedMount[];
}

/** A cache mount; `layer` is the place of its archive among the manifest's layers, behind those of `layers`. */
export interface CachedMount {
  readonly id: string;
  readonly layer: number;
}

export interface CachedRecord {
  /** By any of them it is found. */
  readonly keys: readonly string[];
  readonly outputKey: string;
  readonly description: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly sizeBytes: number;
  /** Absent: the step changed nothing. */
  readonly layer?: number;
}

/** Of the config of a manifest that is nothing but a cache. */
export const CACHE_CONFIG_TYPE = "application/vnd.berth.cacheconfig.v1+json";
/** Member of an image's config that holds a cache (`type=inline`). */
export const INLINE_MEMBER = "berth.cache.v1";

/** A cache as it came from outside. `invalid-parameter` for what is none. */
function decodeCache(value: unknown, diffIds: readonly string[]): CacheDocument {
  const { version, layers = diffIds, records, mounts = [] } = (value ?? {}) as Partial<CacheDocument>;
  if (version !== 1) throw wrong(`its version is ${JSON.stringify(version)}`);
  if (!isStrings(layers)) throw wrong("its layers are no list of diff ids");
  if (!Array.isArray(records)) throw wrong("it has no records");
  if (!Array.isArray(mounts)) throw wrong("its cache mounts are no list");
  return {
    version,
    layers,
    records: records.map((record) => decodeRecord(record, layers.length)),
    ...(mounts.length === 0 ? {} : { mounts: mounts.map(decodeMount) }),
  };
}

/** The cache in a document's bytes: a cache's own config, or an image's config. Undefined for an image without one. */
export function cacheIn(config: Uint8Array, mediaType: string): CacheDocument | undefined {
  const value = parse(config);
  if (mediaType === CACHE_CONFIG_TYPE) return decodeCache(value, []);
  const { [INLINE_MEMBER]: inline, rootfs } = value as Readonly<Record<string, unknown>>;
  if (inline === undefined) return undefined;
  const { diff_ids: diffIds } = (rootfs ?? {}) as { readonly diff_ids?: unknown };
  return decodeCache(inline, isStrings(diffIds) ? diffIds : []);
}

function decodeMount(value: unknown): CachedMount {
  const { id, layer } = (value ?? {}) as Partial<CachedMount>;
  if (typeof id !== "string" || layer === undefined || !Number.isInteger(layer) || layer < 0)
    throw wrong("a cache mount is not whole");
  return { id, layer };
}

function decodeRecord(value: unknown, layers: number): CachedRecord {
  const { keys, outputKey, description, createdAt, sizeBytes, layer } = (value ?? {}) as Partial<CachedRecord>;
  if (
    !isStrings(keys) ||
    typeof outputKey !== "string" ||
    typeof description !== "string" ||
    typeof createdAt !== "string" ||
    typeof sizeBytes !== "number"
  )
    throw wrong("a record is not whole");
  const record = { keys, outputKey, description, createdAt, sizeBytes };
  if (layer === undefined) return record;
  if (!Number.isInteger(layer) || layer < 0 || layer >= layers) throw wrong("a record has a layer that is not there");
  return { ...record, layer };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BerthError("invalid-parameter", `the cache is no JSON: ${messageOf(cause)}`, { cause });
  }
}

const wrong = (why: string): BerthError => new BerthError("invalid-parameter", `the cache cannot be read: ${why}`);
