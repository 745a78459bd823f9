import { BerthError } from "#base/errors.ts";
import { formatTime } from "#base/time.ts";
import type { Volume } from "#spec/docker/volume.ts";
import type { VolumeInfo } from "#volume/types.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Volumes } from "../ports.ts";

const SECOND = 1_000_000_000n;

/** How the API shows a volume. */
export function printVolume(info: VolumeInfo): Volume {
  const { name, driver, path, createdAtNs, labels, options, scope, locked } = info;
  const status = locked ? { ...info.status, locked } : info.status;
  return {
    // docker-compat: a plugin that tells no time leaves Go's zero.
    CreatedAt: createdAtNs === 0n ? "0001-01-01T00:00:00Z" : formatTime(createdAtNs - (createdAtNs % SECOND)),
    Driver: driver,
    Labels: Object.keys(labels).length === 0 ? null : labels,
    Mountpoint: path,
    Name: name,
    Options: Object.keys(options).length === 0 ? null : options,
    Scope: scope,
    ...(status === undefined ? {} : { Status: status }),
  };
}

/** `not-found` in Docker's words. */
export async function findVolume(volumes: Volumes, name: string): Promise<VolumeInfo> {
  const found = await volumes.find(name);
  if (found === undefined) throw new BerthError("not-found", `get ${name}: no such volume`);
  return found;
}

/** The containers that have each volume, running or not, by the volume's name. */
export function volumeUsers(registry: ContainerRegistry): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { id, spec } of registry.all()) {
    const names = spec.mounts.flatMap((mount) => (mount.type === "volume" ? [mount.name] : []));
    for (const name of new Set(names)) users.set(name, [...(users.get(name) ?? []), id]);
  }
  return users;
}
