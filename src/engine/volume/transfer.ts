import type { Volume } from "#spec/docker/volume.ts";
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
 * `conflict` when the name is taken, `invalid-parameter` for an archive that is none; nothing is left of that.
 */
export function importVolume(deps: TransferDeps) {
  return async (name: string, body: AsyncIterable<Uint8Array>): Promise<Volume> => {
    await deps.copies.make(name, { labels: {}, options: {} }, (path) => deps.volumeFiles.import(path, body));
    deps.events.publish({ type: "volume", action: "create", id: name, attributes: { driver: "local" } });
    return printVolume(await findVolume(deps.volumes, name));
  };
}
