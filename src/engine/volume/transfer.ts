import { BerthError } from "#base/errors.ts";
import type { Volume } from "#spec/docker/volume.ts";
import type { VolumeSettings } from "#volume/types.ts";
import type { VolumeFiles } from "../ports.ts";
import type { CopyDeps } from "./clone.ts";
import { ownVolume } from "./own-volume.ts";
import { findVolume, printVolume } from "./volume.ts";

type TransferDeps = Pick<CopyDeps, "volumes" | "copies" | "events"> & { readonly volumeFiles: VolumeFiles };

/**
 * `GET /berth/volumes/{name}/export`: a volume or a snapshot as a tar archive, with owners, times, extended attributes and
 * holes. A volume may change while it is read; a snapshot does not.
 */
export function exportVolume(deps: TransferDeps) {
  return async (name: string): Promise<AsyncGenerator<Uint8Array, void>> => {
    const { reference } = await ownVolume(deps.volumes, name);
    return deps.volumeFiles.export(deps.copies.pathOf(reference));
  };
}

/**
 * `POST /berth/volumes/{name}/import`: a new volume with what a tar archive holds, plain or compressed by gzip or zstd.
 * `conflict` when the name is taken, `invalid-parameter` for an archive that is none, and for options but `size`;
 * `resource-exhausted` when that is too small. Nothing is left of those.
 */
export function importVolume(deps: TransferDeps) {
  return async (name: string, settings: VolumeSettings, body: AsyncIterable<Uint8Array>): Promise<Volume> => {
    const { options } = settings;
    for (const option of Object.keys(options)) {
      if (option !== "size") {
        throw new BerthError("invalid-parameter", `import ${name}: the option of a new volume is size, not ${option}`);
      }
    }
    await deps.copies.make(name, settings, (path) => deps.volumeFiles.import(path, body));
    deps.events.publish({ type: "volume", action: "create", id: name, attributes: { driver: "local" } });
    return printVolume(await findVolume(deps.volumes, name));
  };
}
