import type { ImageService } from "#image/types.ts";
import type { EnginePaths, HostMounts, Volumes } from "../ports.ts";
import type { Container } from "./container.ts";
import type { ContainerRegistry } from "./registry.ts";
import { isLive } from "./status.ts";

export interface PrepareMountsDeps {
  readonly images: ImageService;
  readonly volumes: Volumes;
  readonly hostMounts: HostMounts;
  readonly paths: EnginePaths;
}

/**
 * Make on the host what a container's mounts are taken from: volumes whose options say what to mount, subpaths, images.
 * Gives the host path by target where it is another one than the mount's own source. {@link releaseVolumes} and
 * HostMounts.release() undo it.
 */
export async function prepareMounts(
  deps: PrepareMountsDeps,
  container: Container,
): Promise<ReadonlyMap<string, string>> {
  const sources = new Map<string, string>();
  for (const [index, mount] of container.spec.mounts.entries()) {
    const path = `${deps.paths.containerMountsDir(container.id)}/${index}`;
    if (mount.type === "volume") {
      await deps.volumes.mount(mount.name);
      if (mount.subpath === "") continue;
      await deps.hostMounts.inside(path, mount.source, mount.subpath);
      sources.set(mount.target, path);
    } else if (mount.type === "image") {
      const { layers } = await deps.images.resolve(mount.imageId);
      const whole = mount.subpath === "" ? path : `${path}.image`;
      await deps.hostMounts.layers(whole, [...new Set(layers.toReversed().map((layer) => layer.path))]);
      if (mount.subpath !== "") await deps.hostMounts.inside(path, whole, mount.subpath);
      sources.set(mount.target, path);
    }
  }
  return sources;
}

/** Unmount volumes of a container without a process that no other one uses. Nobody can start in between: no await. */
export function releaseVolumes(
  { registry, volumes }: { readonly registry: ContainerRegistry; readonly volumes: Volumes },
  container: Container,
): void {
  const names = container.spec.mounts.flatMap((mount) => (mount.type === "volume" ? [mount.name] : []));
  if (names.length === 0) return;
  const used = new Set(
    registry
      .all()
      .filter((other) => other !== container && (isLive(other.status) || other.status.state === "starting"))
      .flatMap(({ spec }) => spec.mounts.flatMap((mount) => (mount.type === "volume" ? [mount.name] : []))),
  );
  for (const name of new Set(names)) if (!used.has(name)) volumes.unmount(name);
}
