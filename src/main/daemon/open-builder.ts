import { randomHex } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { BuildCache } from "#build/cache/build-cache.ts";
import { listCache, pruneCache, type PruneDeps } from "#build/cache/prune-cache.ts";
import { Builder } from "#build/builder.ts";
import { knownFiles } from "#build/files/known-files.ts";
import { forgetOldCaches } from "#build/files/forget-old-caches.ts";
import { HelperDigests } from "#build/files/helper-digests.ts";
import { CacheFolders } from "#build/ops/exec/cache-folders.ts";
import { CommandMounts } from "#build/ops/exec/command-mounts.ts";
import type { CommandDefaults } from "#build/ops/exec/command-spec.ts";
import type { CommandDeps } from "#build/ops/exec/command-container.ts";
import { LayerStepRunner } from "#build/ops/step-runner.ts";
import { endLeftCommands, forgetLostSteps } from "#build/reconcile-builds.ts";
import { ArchiveReceiver } from "#build/sources/receive-archive.ts";
import { ChunkStore } from "#build/sources/chunk-store.ts";
import { SentTrees } from "#build/sources/sent-trees.ts";
import { KnownPages } from "#build/sources/known-pages.ts";
import { HelperStreams } from "#host/helpers/helper-streams.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { CacheKeeper } from "#engine/build/prune.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import { LocalHostMounts } from "#host/mounts/host-mounts.ts";
import { bootId } from "#host/processes/process.ts";
import { statfs } from "#host/kernel/syscalls.ts";
import { FetchHttp } from "#host/web/registry-http.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import type { LocalImages } from "#image/local-images.ts";
import type { ImageSinks } from "#image/sink.ts";
import type { ImageSources } from "#image/source.ts";
import type { NetworkService } from "#network/types.ts";
import type { Emulators } from "#runtime/emulation/emulators.ts";
import { FilterCache } from "#runtime/compile/filter-cache.ts";
import type { ShimLauncher } from "#runtime/types.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import { BuildStore } from "#state/build-store.ts";
import type { Layout } from "#state/layout.ts";

/** Of what clients elsewhere sent. */
const KEPT_CHUNK_BYTES = 4 * 2 ** 30;

export interface OpenBuilder {
  readonly builder: Builder;
  readonly cacheKeeper: CacheKeeper;
  readonly trees: SentTrees;
  /** Before images are brought in order. */
  forgetLost(): void;
  /** Before the engine serves: end what an earlier engine left running. */
  reconcile(): Promise<void>;
  close(): void;
}

/** Put the builder together. */
export function openBuilder(deps: {
  readonly database: SqlDatabase;
  readonly layout: Layout;
  readonly log: Log;
  readonly layers: LayerDirectories;
  readonly images: LocalImages;
  readonly blobs: BlobStore;
  readonly sources: ImageSources & ImageSinks;
  readonly helpers: Helpers;
  readonly networks: NetworkService;
  readonly cgroups: CgroupManager;
  readonly facts: RuntimeFacts;
  readonly launcher: ShimLauncher;
  readonly emulators: Emulators;
  /** A mount namespace that has nothing, if there is one. */
  readonly emptyMounts: string | undefined;
  readonly defaults: CommandDefaults;
  readonly discard: (path: string) => Promise<void>;
  /** RFC 3339. */
  readonly now: () => string;
  readonly version: string;
}): OpenBuilder {
  const { database, layout, layers, images, helpers, launcher, cgroups } = deps;
  const log = deps.log.with({ part: "build" });
  const nowMs = (): number => Date.now();
  const rows = new BuildStore({ database });
  const cache = new BuildCache({ rows, layers, now: deps.now, nowMs });
  const caches = new CacheFolders({ directory: layout.buildCachesDir, records: cache });
  const mounts = new CommandMounts({
    places: new LocalHostMounts(),
    placeDir: (id) => layout.containerMountsDir(id),
    caches,
    scratch: () => layout.newLayerDir(randomHex(8)),
  });
  const streams = new HelperStreams({ helpers });
  const receiver = new ArchiveReceiver({ streams });
  const command: CommandDeps = {
    ...deps,
    ...{ log, mounts, paths: layout, filters: new FilterCache() },
  };
  const builder = new Builder({
    ...deps,
    cache,
    newRunner: () => new LayerStepRunner({ layers, helpers, initLayer: layout.initLayerTree, nowMs, command }),
    receiver,
    streams,
    folders: caches,
    digests: new HelperDigests({ helpers, directory: layout.buildContextsDir, nowMs }),
    maker: images.maker,
    http: new FetchHttp(),
    pages: new KnownPages(layout.buildContextsDir),
    tmpDir: layout.tmpDir,
    knownDirectory: layout.buildContextsDir,
  });
  const trees = new SentTrees({
    chunks: new ChunkStore({ directory: layout.buildChunksDir, maxBytes: KEPT_CHUNK_BYTES, nowMs }),
    nowMs,
  });
  const pruning: PruneDeps = {
    ...{ rows, cache, layers },
    files: [
      {
        id: "sent-folders",
        description: "folders that clients elsewhere sent",
        usage: () => trees.usage(),
        clear: () => trees.clear(),
      },
      knownFiles(layout.buildContextsDir),
    ],
    folders: caches,
    release: (diffIds) => images.release(diffIds),
    freeBytes: () => {
      const { blocksAvailable, blockSize } = statfs(layout.buildCachesDir);
      return blocksAvailable * blockSize;
    },
  };
  return {
    builder,
    trees,
    cacheKeeper: { list: () => listCache(pruning), prune: (request) => pruneCache(pruning, request) },
    forgetLost: () => forgetLostSteps(rows, bootId()),
    reconcile: async () => {
      forgetOldCaches(layout.buildContextsDir);
      await endLeftCommands({ launcher, cgroups, runsDir: layout.buildRunsDir, log });
    },
    close: () => receiver.close(),
  };
}
