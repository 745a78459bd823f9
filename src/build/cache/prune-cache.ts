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
  /** The newest that fit are kept. */
  readonly keepBytes: number;
  readonly matches: (entry: CacheEntry) => boolean;
}

/** Everything in the cache, oldest first. */
export async function listCache(deps: PruneDeps): Promise<readonly CacheEntry[]> {
  return Promise.all(deps.rows.all().map((record) => entryOf(deps, record)));
}

/**
 * Remove what was not used for longest until no more than `keepBytes` are left. A record goes after those that were made
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
  const removed: string[] = [];
  let reclaimedBytes = 0;
  for (;;) {
    if (request.keepBytes > 0 && left <= request.keepBytes) break;
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
