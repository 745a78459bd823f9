import { BerthError } from "#base/errors.ts";
import { parseVolumeReference } from "#volume/reference.ts";
import type { VolumeInfo, VolumeReference } from "#volume/types.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { isLive } from "../container/status.ts";
import type { Volumes } from "../ports.ts";
import { findVolume } from "./volume.ts";

/**
 * A volume whose files this engine keeps itself, by `VOLUME` or `VOLUME@SNAPSHOT`. `not-found` as Docker says it,
 * `invalid-parameter` for one that a plugin keeps or that is mounted from elsewhere.
 */
export async function ownVolume(
  volumes: Volumes,
  text: string,
): Promise<{ readonly info: VolumeInfo; readonly reference: VolumeReference }> {
  const reference = parseVolumeReference(text);
  const info = await findVolume(volumes, reference.volume);
  refuseForeign(info);
  return { info, reference };
}

/** The same without a snapshot. */
export async function wholeVolume(volumes: Volumes, text: string): Promise<VolumeInfo> {
  const { info, reference } = await ownVolume(volumes, text);
  if (reference.snapshot === undefined) return info;
  throw new BerthError("invalid-parameter", `${text} is a snapshot: name the volume alone`);
}

function refuseForeign({ name, driver, options }: VolumeInfo): void {
  const why =
    driver !== "local"
      ? `it belongs to the plugin ${JSON.stringify(driver)}`
      : (options["type"] ?? "") !== ""
        ? `it is mounted from elsewhere (type=${options["type"]})`
        : undefined;
  if (why === undefined) return;
  throw new BerthError("invalid-parameter", `volume ${name}: ${why}, so its files are not this engine's to copy`);
}

/** `conflict` while a container that has the volume runs. */
export function refuseRunning(registry: ContainerRegistry, volume: string, act: string): void {
  const running = registry
    .all()
    .filter(({ status }) => isLive(status) || status.state === "starting")
    .filter(({ spec }) => spec.mounts.some((mount) => mount.type === "volume" && mount.name === volume))
    .map(({ name }) => name);
  if (running.length === 0) return;
  throw new BerthError("conflict", `cannot ${act} volume ${volume}: stop what uses it first: ${running.join(", ")}`);
}

/** `conflict` for a volume whose removal a person forbade. */
export function refuseLocked({ name, locked }: VolumeInfo, act: string): void {
  if (!locked) return;
  throw new BerthError(
    "conflict",
    `${act} ${name}: the volume is locked: unlock it first (berth volume unlock ${name})`,
  );
}
