import { isBerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Container } from "../container/container.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { EnginePaths, Files } from "../ports.ts";

export interface WhileStillDeps {
  readonly registry: ContainerRegistry;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly log: Log;
  readonly pause: (reference: string) => Promise<void>;
  readonly unpause: (reference: string) => Promise<void>;
}

/** `act` with the running containers that may write to a volume paused; gives their names too. One volume at a time. */
export type WhileStill = <T>(
  volume: string,
  act: () => Promise<T>,
) => Promise<{ readonly result: T; readonly paused: readonly string[] }>;

/**
 * Which containers are paused for it is noted first: an engine that is killed meanwhile lets them go on when it comes
 * back, see {@link resumePaused}. One that is paused already stays so, one that cannot be paused is as good as still.
 */
export function whileStill(deps: WhileStillDeps): WhileStill {
  const held = new Map<string, number>();
  const note = (): Promise<void> =>
    deps.files.writeText(deps.paths.pausedForCopy, JSON.stringify([...held.keys()]), 0o600);
  const hold = async (container: Container): Promise<boolean> => {
    const before = held.get(container.id);
    if (before === undefined && container.status.state !== "running") return false;
    held.set(container.id, (before ?? 0) + 1);
    if (before !== undefined) return true;
    try {
      await note();
      await deps.pause(container.id);
      return true;
    } catch (error) {
      held.delete(container.id);
      if (isBerthError(error, "conflict")) return false;
      throw error;
    }
  };
  const letGo = async (container: Container): Promise<void> => {
    const count = held.get(container.id) ?? 0;
    if (count > 1) return void held.set(container.id, count - 1);
    held.delete(container.id);
    await letGoOn(deps, container.id);
    await note();
  };
  return async (volume, act) => {
    const paused: Container[] = [];
    try {
      for (const container of writers(deps.registry, volume)) if (await hold(container)) paused.push(container);
      return { result: await act(), paused: paused.map(({ name }) => name) };
    } finally {
      for (const container of paused.toReversed()) await letGo(container);
    }
  };
}

/** Let go on what an engine that was killed had paused for a copy. Call after containers were taken over. */
export async function resumePaused(deps: WhileStillDeps): Promise<void> {
  if ((await deps.files.kind(deps.paths.pausedForCopy)) !== "file") return;
  for (const id of JSON.parse(await deps.files.readText(deps.paths.pausedForCopy)) as readonly string[])
    if (deps.registry.lookup(id) !== undefined) await letGoOn(deps, id);
  await deps.files.removeTree(deps.paths.pausedForCopy);
}

async function letGoOn({ unpause, log }: WhileStillDeps, id: string): Promise<void> {
  await unpause(id).catch((error: unknown) => {
    // Otherwise it ended or was let go on by somebody else.
    if (!isBerthError(error, "conflict") && !isBerthError(error, "not-found"))
      log.error("could not let a container go on after a copy", { container: id, error: messageOf(error) });
  });
}

function writers(registry: ContainerRegistry, volume: string): readonly Container[] {
  return registry
    .all()
    .filter(({ spec }) =>
      spec.mounts.some((mount) => mount.type === "volume" && mount.name === volume && !mount.readOnly),
    );
}
