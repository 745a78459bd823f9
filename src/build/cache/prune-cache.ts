import { removeTree } from "#host/tree/remove-tree.ts";
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
    /** By an image or a container. */
    isHeldElsewhere(diffId: string): boolean;
  };
  /** What is kept for builds and is no step's. */
  readonly files: readonly KeptFiles[];
  /** Delete those of these layers that nothing holds any more. */
  readonly release: (diffIds: readonly string[]) => Promise<void>;
  /** What the cache's file system has left for others, in bytes. */
  readonly freeBytes: () => number;
}

/** Files that go together. */
export interface KeptFiles {
  /** As a record's. */
  readonly id: string;
  readonly description: string;
  /** Undefined: there are none. */
  usage(): FilesUsage | undefined;
  /** Remove what nobody is about to use: how many bytes that were. */
  clear(): number;
}

export interface FilesUsage {
  readonly sizeBytes: number;
  /** Unix milliseconds of the oldest use and of the newest. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly inUse: boolean;
}

/** A record as people see it. */
export interface CacheEntry {
  readonly record: BuildRecord;
  /** A build relies on it now. */
  readonly inUse: boolean;
  /** Its files are an image's or a container's too: removing it frees nothing. */
  readonly shared: boolean;
  /** As it is now. A layer that several records name counts for the first of them. */
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
  const layers = new Set<number>();
  const entries = deps.rows.all().map((record) => {
    const isCounted = record.layer !== undefined && layers.has(record.layer);
    if (record.layer !== undefined) layers.add(record.layer);
    return record.kind === "exec.cachemount"
      ? mountEntry(deps, record)
      : Promise.resolve(stepEntry(deps, record, isCounted));
  });
  return [...(await Promise.all(entries)), ...deps.files.flatMap(filesEntry)];
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
  const namers = new Map<number, number>();
  for (const { record } of entries)
    if (record.layer !== undefined) namers.set(record.layer, (namers.get(record.layer) ?? 0) + 1);
  const removed: string[] = [];
  let reclaimedBytes = 0;
  while (left > keepBytes) {
    const next = oldestLeaf(waiting, children);
    if (next === undefined) break;
    waiting.delete(next);
    const { record } = next;
    if (deps.cache.isHeld(record.id)) continue;
    const freed = await remove(deps, next, namers);
    for (const parent of record.parents) children.set(parent, (children.get(parent) ?? 1) - 1);
    removed.push(record.id);
    if (next.shared) continue;
    left -= freed;
    reclaimedBytes += freed;
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

/** How many bytes came free. A layer goes with the last record that names it. */
async function remove(
  deps: PruneDeps,
  { record, sizeBytes }: CacheEntry,
  namers: Map<number, number>,
): Promise<number> {
  const files = deps.files.find(({ id }) => id === record.id);
  if (files !== undefined) return files.clear();
  deps.rows.delete(record.id);
  if (record.kind === "exec.cachemount") await removeTree(deps.folders.path(record.outputKey));
  if (record.layer === undefined) return sizeBytes;
  const layer = deps.layers.findNumber(record.layer);
  const others = (namers.get(record.layer) ?? 1) - 1;
  namers.set(record.layer, others);
  if (layer === undefined || others > 0) return 0;
  await deps.release([layer.diffId]);
  return layer.sizeBytes;
}

async function mountEntry(deps: PruneDeps, record: BuildRecord): Promise<CacheEntry> {
  const inUse = deps.folders.isUsed(record.outputKey);
  const { sizeBytes } = await treeUsage(deps.folders.path(record.outputKey));
  return { record, inUse, shared: false, sizeBytes };
}

function stepEntry(deps: PruneDeps, record: BuildRecord, isCounted: boolean): CacheEntry {
  const layer = record.layer === undefined ? undefined : deps.layers.findNumber(record.layer);
  const shared = layer !== undefined && deps.layers.isHeldElsewhere(layer.diffId);
  return { record, inUse: deps.cache.isHeld(record.id), shared, sizeBytes: isCounted ? 0 : (layer?.sizeBytes ?? 0) };
}

function filesEntry(files: KeptFiles): readonly CacheEntry[] {
  const { id, description } = files;
  const found = files.usage();
  if (found === undefined) return [];
  const { sizeBytes, firstMs, lastMs, inUse } = found;
  const record: BuildRecord = {
    ...{ id, kind: "source.local", layer: undefined, outputKey: "", description, parents: [], sizeBytes, uses: 0 },
    ...{ createdAt: new Date(firstMs).toISOString(), lastUsedMs: Math.round(lastMs) },
  };
  return [{ record, inUse, shared: false, sizeBytes }];
}
