import { removeTree } from "#host/remove-tree.ts";
import { treeUsage } from "#snapshot/tree-usage.ts";
import type { NumberedLayer } from "#snapshot/layer-directories.ts";
import type { BuildRecord } from "#state/build-store.ts";
import type { CacheFolders } from "../ops/exec/cache-folders.ts";
import type { BuildCache, BuildRows } from "./build-cache.ts";

export interface PruneDeps {
  readonly rows: BuildRows;
  readonly cache: BuildCache;
  readonly folders: Pick<CacheFolders, "isUsed" | "path">;
  readonly layers: {
    findNumber(number: number): NumberedLayer | undefined;
    isOfImage(diffId: string): boolean;
  };
  /** Delete those of these layers that nothing holds any more. */
  readonly release: (diffIds: readonly string[]) => Promise<void>;
  /** What the cache's file system has left for others, in bytes. */
  readonly freeBytes: () => number;
}

/** A record as people see it. */
export interface CacheEntry {
  readonly record: BuildRecord;
  /** A build relies on it now. */
  readonly inUse: boolean;
  /** Its files are an image's too: removing it frees nothing. */
  readonly shared: boolean;
  /** Of what it alone keeps; of cache mounts as it is now. */
  readonly sizeBytes: number;
}

export interface PruneRequest {
  /** Also what images share. */
  readonly all: boolean;
  readonly bounds: CacheBounds;
  readonly matches: (entry: CacheEntry) => boolean;
}

/** How much of the cache stays, in bytes; 0 is no bound, and without any bound nothing stays. The newest that fit do. */
export interface CacheBounds {
  /** So much stays in any case. */
  readonly reservedBytes: number;
  /** No more stays, but what is reserved. */
  readonly maxUsedBytes: number;
  /** So much of the file system is to be free; when it is, nothing goes for it. */
  readonly minFreeBytes: number;
}

/** How many of the cache's `total` bytes may stay; -1: not even what takes no room. */
export function bytesToKeep(total: number, freeBytes: number, bounds: CacheBounds): number {
  const { reservedBytes, maxUsedBytes, minFreeBytes } = bounds;
  if (reservedBytes + maxUsedBytes + minFreeBytes === 0) return -1;
  const missing = Math.max(0, minFreeBytes - freeBytes);
  const allowed = minFreeBytes > 0 ? total - missing : 0;
  const most = maxUsedBytes === 0 ? allowed : minFreeBytes > 0 ? Math.min(maxUsedBytes, allowed) : maxUsedBytes;
  return Math.max(most, reservedBytes, 0);
}

/** Everything in the cache, oldest first. */
export async function listCache(deps: PruneDeps): Promise<readonly CacheEntry[]> {
  return Promise.all(deps.rows.all().map((record) => entryOf(deps, record)));
}

/**
 * Remove what was not used for longest until no more than the bounds allow is left. A record goes after those that were made
 * from it, never before: who is built anew may come out otherwise than what stands on it expects. What builds use now
 * stays.
 */
export async function pruneCache(
  deps: PruneDeps,
  request: PruneRequest,
): Promise<{ readonly removed: readonly string[]; readonly reclaimedBytes: number }> {
  const entries = await listCache(deps);
  const children = new Map<string, number>();
  for (const { record } of entries)
    for (const parent of record.parents) children.set(parent, (children.get(parent) ?? 0) + 1);
  const waiting = new Set(
    entries.filter((entry) => !entry.inUse && (request.all || !entry.shared) && request.matches(entry)),
  );
  let left = entries.reduce((sum, { sizeBytes, shared }) => sum + (shared ? 0 : sizeBytes), 0);
  const keepBytes = bytesToKeep(left, deps.freeBytes(), request.bounds);
  const removed: string[] = [];
  let reclaimedBytes = 0;
  while (left > keepBytes) {
    const next = oldestLeaf(waiting, children);
    if (next === undefined) break;
    waiting.delete(next);
    if (deps.cache.isHeld(next.record.id)) continue;
    await remove(deps, next);
    for (const parent of next.record.parents) children.set(parent, (children.get(parent) ?? 1) - 1);
    removed.push(next.record.id);
    if (next.shared) continue;
    left -= next.sizeBytes;
    reclaimedBytes += next.sizeBytes;
  }
  return { removed, reclaimedBytes };
}

function oldestLeaf(waiting: ReadonlySet<CacheEntry>, children: ReadonlyMap<string, number>): CacheEntry | undefined {
  let oldest: CacheEntry | undefined;
  for (const entry of waiting) {
    if ((children.get(entry.record.id) ?? 0) > 0) continue;
    if (oldest === undefined || entry.record.lastUsedMs < oldest.record.lastUsedMs) oldest = entry;
  }
  return oldest;
}

async function remove(deps: PruneDeps, { record }: CacheEntry): Promise<void> {
  deps.rows.delete(record.id);
  if (record.kind === "exec.cachemount") await removeTree(deps.folders.path(record.outputKey));
  const layer = record.layer === undefined ? undefined : deps.layers.findNumber(record.layer);
  if (layer !== undefined) await deps.release([layer.diffId]);
}

async function entryOf(deps: PruneDeps, record: BuildRecord): Promise<CacheEntry> {
  if (record.kind === "exec.cachemount") {
    const inUse = deps.folders.isUsed(record.outputKey);
    const { sizeBytes } = await treeUsage(deps.folders.path(record.outputKey));
    return { record, inUse, shared: false, sizeBytes };
  }
  const layer = record.layer === undefined ? undefined : deps.layers.findNumber(record.layer);
  const shared = layer !== undefined && deps.layers.isOfImage(layer.diffId);
  return { record, inUse: deps.cache.isHeld(record.id), shared, sizeBytes: record.sizeBytes };
}
