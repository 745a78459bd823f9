import { BerthError, isBerthError } from "#base/errors.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import { parseSignal } from "#spec/docker/signals.ts";
import type { HealthMonitor } from "../../health/health-monitor.ts";
import type { Clock, Events } from "../../ports.ts";
import type { RuntimePlanner } from "../../planner-ports.ts";
import type { Container } from "../container.ts";
import { endRestarting } from "./end-restarting.ts";
import { publishContainerEvent } from "../events.ts";
import type { ContainerRegistry } from "../registry.ts";
import { staysDown } from "./restart-policy.ts";
import type { StopReason } from "../spec.ts";
import { startUnderWay } from "./start-under-way.ts";
import { isLive } from "../status.ts";

export interface KillDeps {
  readonly registry: ContainerRegistry;
  readonly events: Events;
  readonly clock: Clock;
  readonly cgroups: CgroupManager;
  readonly planner: RuntimePlanner;
  readonly health: HealthMonitor;
}

export const SIGKILL = 9;

/** docker-compat: how long what was killed may take to be gone: the kernel holds who waits for a disk that does not answer. */
const END_WAIT_MS = 10_000;

/** SIGKILL, then until the exit is settled. `conflict` when there is no process, `internal` when its end does not come. */
export type KillAndWait = (container: Container, by: StopReason) => Promise<void>;

/**
 * `POST /containers/{id}/kill`. SIGKILL waits for the end, other signals do not. `invalid-parameter` for an unknown
 * signal, `conflict` when the container does not run.
 */
export function killContainer(deps: KillDeps) {
  return async (reference: string, signalText: string): Promise<void> => {
    try {
      const signal = signalText === "" ? SIGKILL : parseSignal(signalText);
      const container = deps.registry.find(reference);
      await startUnderWay(container);
      // docker-compat: any signal ends the waiting for a restart, and no event tells of it.
      if (container.status.state === "restarting" && (await endRestarting(deps, container))) return;
      if (signal === SIGKILL) return await killAndWait(deps)(container, "kill");
      await sendSignal(deps, container, signal, "kill");
    } catch (error) {
      if (!isBerthError(error)) throw error;
      throw new BerthError(error.kind, `cannot kill container: ${reference}: ${error.message}`, { cause: error });
    }
  };
}

export function killAndWait(deps: KillDeps): KillAndWait {
  return async (container, by) => {
    if (await endsBySignal(deps, container, SIGKILL, by, END_WAIT_MS)) return;
    throw new BerthError("internal", "tried to kill container, but did not receive an exit event");
  };
}

/**
 * Send a signal and wait until the exit is settled, so many milliseconds or, when that is negative, without end. False when
 * it has not ended by then. `conflict` when there is no process.
 */
export async function endsBySignal(
  deps: KillDeps,
  container: Container,
  signal: number,
  by: StopReason,
  milliseconds: number,
): Promise<boolean> {
  const ended = nextExit(container);
  const late = Promise.withResolvers<false>();
  const cancel = milliseconds < 0 ? undefined : deps.clock.after(milliseconds, () => late.resolve(false));
  const sendAndWait = async (): Promise<true> => {
    await sendSignal(deps, container, signal, by).catch((error: unknown) => {
      // Its process has ended and the end is being settled: that is what is waited for.
      if (!isBerthError(error, "conflict") || !isLive(container.status)) throw error;
    });
    await ended.promise;
    return true;
  };
  try {
    return await Promise.race([sendAndWait(), late.promise]);
  } finally {
    cancel?.();
    ended.cancel();
  }
}

/**
 * Send and tell. A paused container is let go on, or it would never see the signal that is to end it. What is sent, and
 * for whom, is noted first: by that a restart policy knows whether to leave the container alone afterwards.
 */
async function sendSignal(deps: KillDeps, container: Container, signal: number, by: StopReason): Promise<void> {
  const { process, status } = container;
  if (!isLive(status)) throw notRunning(container);
  const stopSignal = container.spec.config.StopSignal;
  const ends = by !== "kill" || signal === SIGKILL || signal === parseSignal(stopSignal === "" ? "TERM" : stopSignal);
  deps.registry.setLife(container, {
    ...container.life,
    stoppedByUser: container.life.stoppedByUser || (ends && staysDown(by)),
    stopRequest: { by, signal, atNs: String(deps.clock.nowNs()) },
  });
  if (process === undefined) throw notRunning(container);
  await process.signal(signal);
  publishContainerEvent(deps.events, "kill", container, { signal: String(signal) });
  // docker-compat: any signal does when the container names none that stops it.
  if ((ends || stopSignal === "") && status.state === "paused") {
    await deps.cgroups.open(deps.planner.cgroupPath(container.spec)).thaw();
    deps.registry.apply(container, { type: "unpause" });
    deps.health.watch(container);
  }
}

const notRunning = ({ id }: Container): BerthError => new BerthError("conflict", `container ${id} is not running`);

/** Resolves when the container's present run has ended and been settled. */
export function nextExit(container: Container): { readonly promise: Promise<number>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<number>();
  const listener = ({ exitCode }: { readonly exitCode: number }): void => resolve(exitCode);
  container.exitListeners.add(listener);
  return { promise, cancel: () => container.exitListeners.delete(listener) };
}
