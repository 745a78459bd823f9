import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import type { ImageService } from "#image/types.ts";
import type { LogKeeper } from "#logs/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { ExecRegistry } from "../../exec/exec.ts";
import type { EnginePaths, Events, Files, Volumes } from "../../ports.ts";
import type { Container } from "../container.ts";
import { publishContainerEvent } from "../events.ts";
import type { KillAndWait } from "./kill.ts";
import type { RecentEnds } from "./recent-ends.ts";
import type { ContainerRegistry } from "../registry.ts";
import { isLive } from "../status.ts";
import type { TearDown } from "./tear-down.ts";
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
  readonly tearDown: TearDown;
}

/** Remove a container without a process while the caller holds its lock. `volumes`: its anonymous ones too. */
export type RemoveLocked = (container: Container, options: { readonly volumes: boolean }) => Promise<void>;

/**
 * The row says `removing` before the first file goes and is deleted after the last one: a killed engine finishes the
 * removal when it comes back. On failure the container is `dead` and can be removed again.
 */
export function removeLocked(deps: RemoveLockedDeps): RemoveLocked {
  return async (container, options) => {
    const ended = container.status;
    const exitCode = "exitCode" in ended ? ended.exitCode : 0;
    container.cancelRestart?.();
    deps.registry.apply(container, { type: "remove" });
    try {
      for (const exec of deps.execs.ofContainer(container.id))
        await deps.files.removeTree(deps.paths.execRunDir(exec.id));
      await deps.logKeeper.forget(container.id);
      await Promise.all([
        deps.snapshots.remove(container.id),
        deps.files.discard(deps.paths.containerDir(container.id)),
        deps.files.removeTree(deps.paths.containerRunDir(container.id)),
        options.volumes ? removeVolumes(deps, container) : undefined,
      ]);
      deps.registry.delete(container);
    } catch (error) {
      const message = `container ${container.id}: failed to remove root filesystem: ${messageOf(error)}`;
      deps.registry.observe(container, { type: "remove-failed", error: message });
      throw new BerthError("internal", message, { cause: error });
    }
    deps.execs.forget(container.id);
    deps.images.touch(container.spec.image.id);
    const result = { exitCode, error: "" };
    if (container.spec.hostConfig.AutoRemove) deps.recentEnds.note(container.id, result);
    publishContainerEvent(deps.events, "destroy", container);
    for (const attach of container.waitingAttaches) attach.abandon();
    for (const listener of [...container.exitListeners, ...container.removalListeners]) listener(result);
  };
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
