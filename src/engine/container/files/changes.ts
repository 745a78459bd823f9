import { isBerthError } from "#base/errors.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { FilesystemChange } from "#spec/docker/archive.ts";
import type { ContainerFiles } from "../../ports.ts";
import type { ContainerRegistry } from "../registry.ts";

/** `GET /containers/{id}/changes`: what the container changed in its image's files. */
export function containerChanges(deps: {
  readonly registry: ContainerRegistry;
  readonly snapshots: Snapshotter;
  readonly containerFiles: ContainerFiles;
}) {
  return async (reference: string): Promise<readonly FilesystemChange[]> => {
    const { id } = deps.registry.find(reference);
    try {
      return await deps.containerFiles.changes(await deps.snapshots.mount(id));
    } catch (error) {
      // Prepared by the first start: until then there is nothing that could have changed.
      if (isBerthError(error, "not-found")) return [];
      throw error;
    }
  };
}
