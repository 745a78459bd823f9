import type { ImageService } from "#image/types.ts";
import type { EnginePaths, HostMounts, Volumes } from "../../ports.ts";
import type { Container } from "../container.ts";
import type { ContainerRegistry } from "../registry.ts";
import type { MountSpec } from "../spec.ts";
import { isLive } from "../status.ts";

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
      const source = await deps.volumes.mount(mount.name, mount.driver ?? "local", container.id);
      if (mount.subpath !== "") await deps.hostMounts.inside(path, source, mount.subpath);
      if (mount.subpath !== "" || source !== mount.source) {
        sources.set(mount.target, mount.subpath === "" ? source : path);
      }
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

/**
 * Let go of the volumes of a container without a process: a plugin is told for each container, a local one is unmounted
 * when no other container uses it, in one step, so that none can start in between.
 */
export async function releaseVolumes(
  { registry, volumes }: { readonly registry: ContainerRegistry; readonly volumes: Volumes },
  container: Container,
): Promise<void> {
  const held = new Map(volumesOf(container).map(({ name, driver = "local" }) => [name, driver]));
  if (held.size === 0) return;
  const used = new Set(
    registry
      .all()
      .filter((other) => other !== container && (isLive(other.status) || other.status.state === "starting"))
      .flatMap((other) => volumesOf(other).map(({ name }) => name)),
  );
  const unused = [...held].filter(([name, driver]) => driver !== "local" || !used.has(name));
  await Promise.all(unused.map(([name, driver]) => volumes.unmount(name, driver, container.id)));
}

function volumesOf({ spec }: Container): readonly Extract<MountSpec, { readonly type: "volume" }>[] {
  return spec.mounts.flatMap((mount) => (mount.type === "volume" ? [mount] : []));
}
