import { isBerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Container } from "../container/container.ts";
import { publishContainerEvent } from "../container/events.ts";
import { ownSettings } from "../container/settings/own-settings.ts";
import type { StartLocked } from "../container/life/settle-exit.ts";
import type { StopNow } from "../container/life/stop.ts";
import type { Events } from "../ports.ts";

export interface OnUnhealthyDeps {
  readonly events: Events;
  readonly log: Log;
  readonly stopNow: StopNow;
  readonly startLocked: StartLocked;
}

/** What a container has asked for in case it becomes unhealthy. Returns at once; what goes wrong is logged. */
export function onUnhealthy(deps: OnUnhealthyDeps): (container: Container) => void {
  return (container) => {
    const { onUnhealthy: act } = ownSettings(container.spec);
    if (act === "none") return;
    deps.log.warn(`an unhealthy container is to ${act}`, { container: container.id, name: container.name });
    const work = act === "stop" ? deps.stopNow(container, ownTime, "unhealthy-stop") : restart(deps, container);
    work.catch((error: unknown) => {
      deps.log.error(`could not ${act} an unhealthy container`, { container: container.id, error: messageOf(error) });
    });
  };
}

/** The container's own stop signal and time. */
const ownTime = { signal: "", timeoutSeconds: undefined };

/** Whatever its restart policy; one that a person starts, stops or removes meanwhile is left to them. */
async function restart(deps: OnUnhealthyDeps, container: Container): Promise<void> {
  try {
    await container.keptThrough(async () => {
      await deps.stopNow(container, ownTime, "unhealthy-restart");
      await container.lock.run(async () => {
        if (container.life.stoppedByUser || container.life.stopRequest?.by !== "unhealthy-restart") return;
        await deps.startLocked(container, "unhealthy");
        publishContainerEvent(deps.events, "restart", container);
      });
    });
  } catch (error) {
    if (!isBerthError(error, "not-modified")) throw error;
  }
}
