import type { BuildCachePruned } from "#spec/docker/prune.ts";

/** `POST /build/prune`. This engine does not build yet, so its cache is empty ({@link diskUsage} says the same). */
export function pruneBuildCache() {
  return async (): Promise<BuildCachePruned> => ({ CachesDeleted: null, SpaceReclaimed: 0 });
}
