import type { CacheBounds, CacheEntry, PruneRequest } from "#build/cache/prune-cache.ts";
import { BerthError, isBerthError } from "#base/errors.ts";
import { booleanFilter, parseFilters, type Filters } from "#spec/docker/filters.ts";
import { untilFilter } from "#spec/docker/until-filter.ts";
import type { Clock } from "../ports.ts";
import { PruneGuard } from "../prune-guard.ts";

/** docker-compat: `system prune` sends its filters to every kind of thing, labels to this one too. */
const cachePruneKeys: readonly string[] = [
  "until",
  "id",
  "parent",
  "type",
  "description",
  "inuse",
  "shared",
  "private",
  "label",
  "label!",
];

/** The cache, as far as the engine's verbs look at it. */
export interface CacheKeeper {
  list(): Promise<readonly CacheEntry[]>;
  prune(request: PruneRequest): Promise<{ readonly removed: readonly string[]; readonly reclaimedBytes: number }>;
}

export interface CachePruned {
  readonly CachesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}

/** `POST /build/prune`. `conflict` while another one goes on, `invalid-parameter` for filters. */
export function pruneBuilds(deps: { readonly cacheKeeper: CacheKeeper; readonly clock: Clock }) {
  const guard = new PruneGuard();
  return (request: {
    readonly all: boolean;
    readonly bounds: CacheBounds;
    readonly filters: Filters;
  }): Promise<CachePruned> =>
    guard.run(async () => {
      const matches = cacheFilter(request.filters, deps.clock.nowNs());
      const { removed, reclaimedBytes } = await deps.cacheKeeper.prune({ ...request, matches });
      return { CachesDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: reclaimedBytes };
    });
}

/** The filters of a request, as text. `invalid-parameter` in Docker's words. */
export function cachePruneFilters(text: string | undefined): Filters {
  try {
    return parseFilters(text, cachePruneKeys);
  } catch (error) {
    if (!isBerthError(error) || !error.message.startsWith("invalid filter '")) throw error;
    throw new BerthError(error.kind, `failed to prune build cache: ${error.message}`, { cause: error });
  }
}

function untilOf(filters: Filters, nowNs: bigint): bigint | undefined {
  try {
    return untilFilter(filters, nowNs);
  } catch (error) {
    if (!isBerthError(error)) throw error;
    const expected = `"until" filter expects a duration (e.g., '24h') or a timestamp`;
    throw new BerthError(error.kind, `failed to prune build cache: ${expected}: ${error.message}`, { cause: error });
  }
}

function cacheFilter(filters: Filters, nowNs: bigint): (entry: CacheEntry) => boolean {
  // docker-compat: records have no labels, so none has the one that is asked for, and none the one that is not wanted.
  if (filters.has("label")) return () => false;
  const until = untilOf(filters, nowNs);
  const untilMs = until === undefined ? undefined : Number(until / 1_000_000n);
  const among = (key: string, value: string): boolean => {
    const wanted = filters.get(key);
    return wanted === undefined || wanted.size === 0 || wanted.has(value);
  };
  const flag = (key: string, value: boolean): boolean =>
    !filters.has(key) || booleanFilter(filters, key, value) === value;
  return ({ record, inUse, shared }) =>
    (untilMs === undefined || record.lastUsedMs < untilMs) &&
    among("id", record.id) &&
    among("type", record.kind) &&
    among("description", record.description) &&
    (!filters.has("parent") || record.parents.some((parent) => among("parent", parent))) &&
    flag("inuse", inUse) &&
    flag("shared", shared) &&
    flag("private", !shared);
}
