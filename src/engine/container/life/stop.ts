import { BerthError, isBerthError } from "#base/errors.ts";
import { parseSignal } from "#spec/docker/signals.ts";
import type { EngineConfig } from "../../config.ts";
import type { Container } from "../container.ts";
import { endRestarting } from "./end-restarting.ts";
import { publishContainerEvent } from "../events.ts";
import { endsBySignal, killAndWait, type KillDeps } from "./kill.ts";
import type { StopReason } from "../spec.ts";
import { startUnderWay } from "./start-under-way.ts";
import { isLive } from "../status.ts";

export interface StopDeps extends KillDeps {
  readonly config: Pick<EngineConfig, "defaultStopTimeoutSeconds">;
}

export interface StopOptions {
  /** "" = the container's own stop signal. */
  readonly signal: string;
  /** undefined = the container's own; negative = without end. */
  readonly timeoutSeconds: number | undefined;
}

export type StopNow = (container: Container, options: StopOptions, by: StopReason) => Promise<void>;

/** `POST /containers/{id}/stop`: the stop signal, then SIGKILL after the timeout. `not-modified` when it does not run. */
export function stopContainer(deps: StopDeps) {
  const stop = stopNow(deps);
  return async (reference: string, options: StopOptions): Promise<void> => {
    const container = deps.registry.find(reference);
    await startUnderWay(container);
    if (container.status.state === "restarting" && (await endRestarting(deps, container))) {
      publishContainerEvent(deps.events, "stop", container);
      return;
    }
    if (!isLive(container.status)) throw new BerthError("not-modified", "container already stopped");
    try {
      await stop(container, options, "stop");
    } catch (error) {
      if (!isBerthError(error)) throw error;
      throw new BerthError(error.kind, `cannot stop container: ${reference}: ${error.message}`, { cause: error });
    }
  };
}

/** Stop a running container and wait until its end is settled; no error when it ends on its own meanwhile. */
export function stopNow(deps: StopDeps): StopNow {
  return async (container, options, by) => {
    const { StopSignal, StopTimeout } = container.spec.config;
    const signal = parseSignal(options.signal || StopSignal || "TERM");
    const seconds = options.timeoutSeconds ?? StopTimeout ?? deps.config.defaultStopTimeoutSeconds;
    try {
      if (!(await endsBySignal(deps, container, signal, by, seconds * 1000))) await killAndWait(deps)(container, by);
    } catch (error) {
      // Ended between the look and the signal.
      if (!isBerthError(error, "conflict")) throw error;
    }
    publishContainerEvent(deps.events, "stop", container);
  };
}
