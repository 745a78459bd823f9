import { isBerthError, messageOf } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import { compressed } from "#image/push/compress.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { layerMediaType } from "#spec/oci/media-types.ts";
import { archiveTrees } from "../export/archive-trees.ts";
import type { BuildGraph, ExecMount } from "../graph/types.ts";
import type { CacheFolders } from "../ops/exec/cache-folders.ts";
import type { CacheForm, ExportedMount } from "./export-cache.ts";

export interface ExportMountsDeps {
  readonly blobs: BlobStore;
  readonly streams: HelperStreams;
  readonly folders: Pick<CacheFolders, "lend">;
}

/**
 * Archives of the cache mounts that a build's commands have, in the order of their ids, held by the lease. One that nobody
 * has used here is left out; so is one that commands change under our hands, with a word about it.
 */
export async function exportMounts(
  deps: ExportMountsDeps,
  graph: BuildGraph,
  form: CacheForm,
  context: { readonly lease: Lease; readonly signal: AbortSignal; readonly report: (text: string) => void },
): Promise<readonly ExportedMount[]> {
  const exported: ExportedMount[] = [];
  for (const mount of cacheMounts(graph)) {
    try {
      const blob = await deps.folders.lend(mount, context.signal, (path) => archived(deps, path, form, context));
      if (blob !== undefined) exported.push({ id: mount.id, blob });
    } catch (error) {
      if (!isBerthError(error, "data-loss")) throw error;
      context.report(`WARNING: the cache mount ${mount.id} was not exported: ${messageOf(error)}`);
    }
  }
  return exported;
}

type CacheMount = Extract<ExecMount, { type: "cache" }>;

function cacheMounts({ vertices }: BuildGraph): readonly CacheMount[] {
  const mounts = vertices.flatMap(({ operation }) => (operation.kind === "exec" ? operation.mounts : []));
  const caches = mounts.filter((mount) => mount.type === "cache");
  return [...new Map(caches.map((mount) => [mount.id, mount])).values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function archived(
  { blobs, streams }: ExportMountsDeps,
  path: string,
  { compression, level }: CacheForm,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const tree = { kind: "folder", path, excludes: [], lasting: false } as const;
  const trees = [{ tree, folder: "", statements: [] }];
  const chunks = await archiveTrees(streams, { trees, time: null, now: 0 });
  const packed = compression === "none" ? chunks : compressed(chunks, compression, level);
  const ingest = blobs.beginUnnamed();
  try {
    for await (const chunk of packed) {
      signal.throwIfAborted();
      await ingest.write(new Uint8Array(chunk));
    }
    const digest = ingest.digest();
    lease.hold(digest);
    await ingest.commit();
    return { mediaType: layerMediaType(compression, "oci"), digest, size: ingest.received };
  } catch (error) {
    await ingest.abort();
    throw error;
  }
}
