import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import type { ImageService } from "#image/types.ts";
import type { LogKeeper } from "#logs/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { ExecRegistry } from "../../exec/exec.ts";
import type { EnginePaths, Events, ExecRow, Files, Volumes } from "../../ports.ts";
import type { Container, ExitResult } from "../container.ts";
import { publishContainerEvent } from "../events.ts";
import type { KillAndWait } from "./kill.ts";
import type { RecentEnds } from "./recent-ends.ts";
import type { ContainerRegistry } from "../registry.ts";
import { isLive } from "../status.ts";
import type { Clear } from "./tear-down.ts";
import { volumeUsers } from "../../volume/volume.ts";

export interface RemoveLockedDeps {
  readonly images: Pick<ImageService, "touch">;
  readonly registry: ContainerRegistry;
  readonly recentEnds: RecentEnds;
  readonly snapshots: Snapshotter;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly execs: ExecRegistry;
  readonly volumes: Volumes;
  readonly events: Events;
  readonly logKeeper: LogKeeper;
}

export interface RemovalOptions {
  /** Its anonymous ones too. */
  readonly volumes: boolean;
  /** Its `destroy` has been told, by an engine that was killed then. */
  readonly told?: boolean;
}

/** Remove a container without a process while the caller holds its lock. */
export type RemoveLocked = (container: Container, options: RemovalOptions) => Promise<void>;

/**
 * The row says `removing` before the first file goes and is deleted after the last one: a killed engine finishes the
 * removal when it comes back. On failure the container is `dead` and can be removed again.
 */
export function removeLocked(deps: RemoveLockedDeps): RemoveLocked {
  return async (container, { volumes, told = false }) => {
    const result = begin(deps, container);
    try {
      await Promise.all([removeFiles(deps, container), volumes ? removeVolumes(deps, container) : undefined]);
      deps.registry.delete(container);
    } catch (error) {
      throw failed(deps, container, error);
    }
    deps.images.touch(container.spec.image.id);
    tell(deps, container, result, told);
  };
}

/**
 * `--rm`, while the caller holds the container's lock: it is told to be gone, and is for whoever asks, before its files are.
 * `clear` is done in between. What cannot be removed comes back as `dead`.
 */
export type RemoveEnded = (container: Container, clear: Clear) => Promise<void>;

/** In the order of {@link removeLocked} as far as a killed engine goes: the row is the last that goes. */
export function removeEnded(deps: RemoveLockedDeps): RemoveEnded {
  return async (container, clear) => {
    const result = begin(deps, container);
    try {
      await removeVolumes(deps, container);
    } catch (error) {
      throw failed(deps, container, error);
    }
    const execs = deps.execs.ofContainer(container.id);
    deps.registry.leave(container);
    tell(deps, container, result, false);
    await clear();
    try {
      await removeFiles(deps, container, execs);
      deps.registry.delete(container);
    } catch (error) {
      deps.registry.comeBack(container);
      throw failed(deps, container, error);
    }
    deps.images.touch(container.spec.image.id);
  };
}

function begin({ registry }: RemoveLockedDeps, container: Container): ExitResult {
  const ended = container.status;
  container.cancelRestart?.();
  registry.apply(container, { type: "remove" });
  return { exitCode: "exitCode" in ended ? ended.exitCode : 0, error: "" };
}

async function removeFiles(
  deps: RemoveLockedDeps,
  { id }: Container,
  execs: readonly Pick<ExecRow, "id">[] = deps.execs.ofContainer(id),
): Promise<void> {
  for (const exec of execs) await deps.files.removeTree(deps.paths.execRunDir(exec.id));
  await deps.logKeeper.forget(id);
  await Promise.all([
    deps.snapshots.remove(id),
    deps.files.discard(deps.paths.containerDir(id)),
    deps.files.removeTree(deps.paths.containerRunDir(id)),
  ]);
}

function failed({ registry }: RemoveLockedDeps, container: Container, cause: unknown): BerthError {
  const message = `container ${container.id}: failed to remove root filesystem: ${messageOf(cause)}`;
  registry.observe(container, { type: "remove-failed", error: message });
  return new BerthError("internal", message, { cause });
}

/** Nobody finds it any more. */
function tell(deps: RemoveLockedDeps, container: Container, result: ExitResult, told: boolean): void {
  deps.execs.forget(container.id);
  if (container.spec.hostConfig.AutoRemove) deps.recentEnds.note(container.id, result);
  if (!told) publishContainerEvent(deps.events, "destroy", container);
  for (const attach of container.waitingAttaches) attach.abandon();
  for (const listener of [...container.exitListeners, ...container.removalListeners]) listener(result);
}

/** Those made for it that no other container has taken over (`--volumes-from`) and nobody has locked. */
async function removeVolumes(deps: RemoveLockedDeps, container: Container): Promise<void> {
  const anonymous = container.spec.mounts.flatMap((mount) =>
    mount.type === "volume" && mount.anonymous ? [[mount.name, mount.driver ?? "local"] as const] : [],
  );
  if (anonymous.length === 0) return;
  const users = volumeUsers(deps.registry);
  for (const [name, driver] of new Map(anonymous)) {
    if ((users.get(name) ?? []).some((id) => id !== container.id)) continue;
    if ((await deps.volumes.find(name))?.locked === true) continue;
    await deps.volumes.remove(name);
    deps.events.publish({ type: "volume", action: "destroy", id: name, attributes: { driver } });
  }
}

/**
 * `DELETE /containers/{id}`. `conflict` in Docker's words when it runs and `force` was not given, or when a removal is
 * under way already.
 */
export function removeContainer(
  deps: { readonly registry: ContainerRegistry } & {
    readonly killAndWait: KillAndWait;
    readonly removeLocked: RemoveLocked;
  },
) {
  return async (reference: string, options: { readonly force: boolean; readonly volumes: boolean }): Promise<void> => {
    const container = deps.registry.find(reference);
    if (container.status.state === "removing") {
      throw new BerthError("conflict", `removal of container ${reference} is already in progress`);
    }
    let removed = false;
    while (!removed) {
      if (!options.force && isUp(container)) throw stillRunning(container);
      if (isLive(container.status) || container.status.state === "starting") {
        await killAndSettle(deps.killAndWait, container);
      }
      removed = await container.lock.run(async () => {
        // Removed meanwhile, by --rm or another client: what was asked for holds.
        if (deps.registry.lookup(container.id) === undefined) return true;
        // Started meanwhile: that start waited for the lock before this did. Or it was started, ended and is to start again.
        if (isLive(container.status) || (!options.force && isUp(container))) return false;
        await deps.removeLocked(container, { volumes: options.volumes });
        return true;
      });
    }
  };
}

async function killAndSettle(killAndWait: KillAndWait, container: Container): Promise<void> {
  try {
    await killAndWait(container, "remove");
  } catch (error) {
    if (isBerthError(error, "conflict")) return;
    throw new BerthError(
      "internal",
      `cannot remove container "/${container.name}": could not kill: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

const isUp = ({ status }: Container): boolean =>
  isLive(status) || status.state === "starting" || status.state === "restarting";

function stillRunning(container: Container): BerthError {
  const state = container.status.state;
  const why =
    state === "paused"
      ? "container is paused and must be unpaused first"
      : `container is ${state === "starting" ? "running" : state}: stop the container before removing or force remove`;
  return new BerthError("conflict", `cannot remove container "/${container.name}": ${why}`);
}
