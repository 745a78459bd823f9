import { BerthError, isBerthError } from "#base/errors.ts";
import { neverAborted, type AwaitDependencies } from "./await-dependencies.ts";
import type { Events } from "../../ports.ts";
import { endRestarting } from "./end-restarting.ts";
import { publishContainerEvent } from "../events.ts";
import type { ContainerRegistry } from "../registry.ts";
import { isLive } from "../status.ts";
import type { StartLocked } from "./settle-exit.ts";
import { startUnderWay } from "./start-under-way.ts";
import type { StopNow, StopOptions } from "./stop.ts";

export interface RestartDeps {
  readonly registry: ContainerRegistry;
  readonly events: Events;
  readonly stopNow: StopNow;
  readonly startLocked: StartLocked;
  readonly awaitDependencies: AwaitDependencies;
}

/** `POST /containers/{id}/restart`: stop when it runs, then start. `--rm` does not act in between. */
export function restartContainer(deps: RestartDeps) {
  return async (reference: string, options: StopOptions): Promise<void> => {
    const container = deps.registry.find(reference);
    await container.keptThrough(async () => {
      await startUnderWay(container);
      if (container.status.state === "restarting") await endRestarting(deps, container);
      if (isLive(container.status)) await deps.stopNow(container, options, "restart");
      await deps.awaitDependencies(container, neverAborted);
      await container.lock.run(async () => {
        try {
          await deps.startLocked(container, "user");
        } catch (error) {
          if (isBerthError(error, "not-modified")) return;
          if (!(error instanceof BerthError)) throw error;
          throw new BerthError(error.kind, `Cannot restart container ${reference}: ${error.message}`, { cause: error });
        }
      });
    });
    publishContainerEvent(deps.events, "restart", container);
  };
}
