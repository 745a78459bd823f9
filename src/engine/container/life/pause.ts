import { BerthError } from "#base/errors.ts";
import { unwatched } from "../../health/health.ts";
import { publishContainerEvent } from "../events.ts";
import { SIGKILL, type KillDeps } from "./kill.ts";
import { refuseUnlessUp } from "./refuse-unless-up.ts";

/** `POST /containers/{id}/pause`: freeze the cgroup. `conflict` unless it runs. */
export function pauseContainer(deps: KillDeps) {
  return async (reference: string): Promise<void> => {
    const container = deps.registry.find(reference);
    await container.lock.run(async () => {
      if (container.status.state === "paused")
        throw new BerthError("conflict", `Container ${container.id} is already paused`);
      refuseUnlessUp(container);
      const group = deps.cgroups.open(deps.planner.cgroupPath(container.spec));
      await group.freeze();
      if (container.life.stopRequest?.signal === SIGKILL) {
        // It was on its way out, which it would not find while it is frozen: whoever waits for its end would wait forever.
        await group.thaw();
        throw new BerthError("conflict", `container ${container.id} is not running`);
      }
      try {
        deps.registry.apply(container, { type: "pause" }, unwatched(container.life));
      } catch (error) {
        // Nobody would take it for paused, so nobody could let it go on.
        await group.thaw();
        throw error;
      }
      deps.health.unwatch(container);
      publishContainerEvent(deps.events, "pause", container);
    });
  };
}

/** `POST /containers/{id}/unpause`. `conflict` unless it is paused. */
export function unpauseContainer(deps: KillDeps) {
  return async (reference: string): Promise<void> => {
    const container = deps.registry.find(reference);
    await container.lock.run(async () => {
      if (container.status.state !== "paused")
        throw new BerthError("conflict", `Container ${container.id} is not paused`);
      await deps.cgroups.open(deps.planner.cgroupPath(container.spec)).thaw();
      deps.registry.apply(container, { type: "unpause" });
      publishContainerEvent(deps.events, "unpause", container);
      deps.health.watch(container);
    });
  };
}
