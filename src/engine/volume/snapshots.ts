import { formatTime } from "#base/time.ts";
import type { VolumeSnapshot, VolumeSnapshotMade } from "#spec/berth/volumes.ts";
import type { Clock } from "../ports.ts";
import type { CopyDeps } from "./clone.ts";
import { wholeVolume } from "./own-volume.ts";

/** `GET /berth/volumes/{name}/snapshots`, the oldest first. */
export function listSnapshots(deps: Pick<CopyDeps, "volumes" | "copies">) {
  return async (name: string): Promise<readonly VolumeSnapshot[]> => {
    const { name: volume } = await wholeVolume(deps.volumes, name);
    return Promise.all(
      deps.copies.snapshots(volume).map(async (snapshot) => ({
        Name: snapshot.name,
        CreatedAt: formatTime(snapshot.createdAtNs),
        Size: await deps.copies.snapshotBytes(volume, snapshot.name),
      })),
    );
  };
}

/**
 * `POST /berth/volumes/{name}/snapshots`: keep a copy of a volume as it is now, under a name, or under the time. What
 * writes to it is paused meanwhile, unless `live`. `conflict` when it has one of that name.
 */
export function snapshotVolume(deps: CopyDeps & { readonly clock: Clock }) {
  return async (
    name: string,
    options: { readonly snapshot: string; readonly live: boolean },
  ): Promise<VolumeSnapshotMade> => {
    const { name: volume } = await wholeVolume(deps.volumes, name);
    const snapshot = options.snapshot === "" ? timeName(deps.clock.nowNs()) : options.snapshot;
    const copy = (): Promise<void> => deps.copies.snapshot(volume, snapshot);
    const paused = options.live ? await copy().then(() => []) : (await deps.whileStill(volume, copy)).paused;
    deps.events.publish({ type: "volume", action: "snapshot", id: volume, attributes: { driver: "local", snapshot } });
    return { Name: snapshot, Paused: paused };
  };
}

/** `2026-11-21T20-15-30.123Z`: no colon, which a volume's name in `-v` could not hold either. */
const timeName = (nowNs: bigint): string => new Date(Number(nowNs / 1_000_000n)).toISOString().replaceAll(":", "-");
