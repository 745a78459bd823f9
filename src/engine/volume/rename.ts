import type { VolumeRename } from "#volume/types.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { ContainerSpec, MountSpec } from "../container/spec.ts";
import type { Events, VolumeCopies, Volumes } from "../ports.ts";
import { wholeVolume } from "./own-volume.ts";

export interface RenameVolumeDeps {
  readonly volumes: Volumes;
  readonly copies: VolumeCopies;
  readonly registry: ContainerRegistry;
  readonly events: Events;
}

/**
 * `POST /berth/volumes/{name}/rename`: the volume and its snapshots get another name, and all containers that have it name
 * it so, running ones too. `conflict` when the name is taken.
 */
export function renameVolume(deps: RenameVolumeDeps) {
  return async (name: string, to: string): Promise<void> => {
    const { name: from } = await wholeVolume(deps.volumes, name);
    const rename = { from, to };
    deps.copies.rename(rename, () => refer(deps, rename));
    deps.events.publish({ type: "volume", action: "rename", id: to, attributes: { driver: "local", oldName: from } });
  };
}

/** Do the rest of a rename during which an engine was killed. Before anything else uses volumes. */
export function finishRename(deps: Pick<RenameVolumeDeps, "copies" | "registry">): void {
  const rename = deps.copies.unfinishedRename();
  if (rename !== undefined) deps.copies.finishRename(rename, () => refer(deps, rename));
}

function refer({ copies, registry }: Pick<RenameVolumeDeps, "copies" | "registry">, rename: VolumeRename): void {
  const path = copies.pathOf({ volume: rename.to, snapshot: undefined });
  for (const container of registry.all()) {
    const spec = withRenamedVolume(container.spec, rename, path);
    if (spec !== container.spec) registry.setSpec(container, spec);
  }
}

/** The same spec when the volume is not in it. What the client asked for says the new name too: clients copy it. */
function withRenamedVolume(spec: ContainerSpec, { from, to }: VolumeRename, path: string): ContainerSpec {
  const isIt = (mount: MountSpec): boolean => mount.type === "volume" && mount.name === from;
  if (!spec.mounts.some(isIt)) return spec;
  const { hostConfig } = spec;
  const mounts = spec.mounts.map((mount): MountSpec => {
    return mount.type === "volume" && isIt(mount) ? { ...mount, name: to, source: path } : mount;
  });
  const binds = (hostConfig.Binds ?? null)?.map((bind) =>
    bind.startsWith(`${from}:`) ? `${to}${bind.slice(from.length)}` : bind,
  );
  const asked = (hostConfig.Mounts ?? null)?.map((mount) =>
    mount.Type === "volume" && mount.Source === from ? { ...mount, Source: to } : mount,
  );
  return { ...spec, mounts, hostConfig: { ...hostConfig, Binds: binds ?? null, Mounts: asked ?? null } };
}
