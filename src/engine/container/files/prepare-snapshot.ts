import { parseBytes } from "#base/units.ts";
import type { RootMount, Snapshotter } from "#snapshot/types.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { ContainerSpec } from "../spec.ts";

/** The container's writable view, made when it is not there yet, of the size that `--storage-opt size` allows. */
export function prepareSnapshot(
  { snapshots }: { readonly snapshots: Pick<Snapshotter, "prepare"> },
  { id, image, hostConfig }: Pick<ContainerSpec, "id" | "image" | "hostConfig">,
): Promise<RootMount> {
  return snapshots.prepare(id, image.diffIds, sizeLimitOf(hostConfig));
}

/** undefined: no limit. `invalid-parameter` in Docker's words for what is no size. */
export function sizeLimitOf({ StorageOpt }: Pick<HostConfig, "StorageOpt">): number | undefined {
  const [, text] = Object.entries(StorageOpt ?? {}).find(([name]) => name.toLowerCase() === "size") ?? [];
  const bytes = text === undefined ? 0 : parseBytes(text);
  return bytes === 0 ? undefined : bytes;
}
