import { Limit } from "#base/async.ts";
import type { EngineCore } from "../engine-deps.ts";
import { execsEnded } from "../exec/ended-with-container.ts";
import { ExitReporter } from "../forensics/exit-reporter.ts";
import { HealthMonitor } from "../health/health-monitor.ts";
import { onUnhealthy } from "../health/on-unhealthy.ts";
import { runProbe } from "../health/run-probe.ts";
import { awaitDependencies } from "./life/await-dependencies.ts";
import { killAndWait } from "./life/kill.ts";
import { pauseContainer, unpauseContainer } from "./life/pause.ts";
import { removeContainer, removeEnded, removeLocked } from "./life/remove.ts";
import { SettleExit } from "./life/settle-exit.ts";
import { startContainer, startLocked } from "./life/start.ts";
import { stopNow } from "./life/stop.ts";
import { TearDown } from "./life/tear-down.ts";

/**
 * What acts on the life of containers, tied together: a start watches for its end, and an end may start again; health may stop,
 * and a stop ends the watching of health.
 */
export function containerLives(core: EngineCore) {
  const { meters, registry } = core;
  const tearDown = new TearDown(core);
  const remove = removeLocked(core);
  const dependencies = awaitDependencies(core);
  const reports = new ExitReporter(core);
  const health = new HealthMonitor({
    ...core,
    runProbe: meters.countedProbes(runProbe({ ...core, launches: new Limit(4) })),
    onUnhealthy: (container) => unhealthy(container),
  });
  const settleExit = new SettleExit({
    ...core,
    health,
    tearDown,
    removeEnded: removeEnded(core),
    startLocked: (container, origin) => start(container, origin),
    awaitDependencies: dependencies,
    reports,
    execsEnded: execsEnded(core),
  });
  const start = startLocked({ ...core, tearDown, settleExit, health, reports, removeLocked: remove });
  const stop = stopNow({ ...core, health });
  const kill = killAndWait({ ...core, health });
  const unhealthy = onUnhealthy({ ...core, stopNow: stop, startLocked: start });
  return {
    tearDown,
    removeLocked: remove,
    startLocked: start,
    stopNow: stop,
    awaitDependencies: dependencies,
    settleExit,
    health,
    reports,
    pause: pauseContainer({ ...core, health }),
    unpause: unpauseContainer({ ...core, health }),
    start: meters.timed(
      "start",
      startContainer({ ...core, reports, startLocked: start, awaitDependencies: dependencies }),
    ),
    remove: meters.timed("delete", removeContainer({ registry, killAndWait: kill, removeLocked: remove })),
  };
}

export type ContainerLives = ReturnType<typeof containerLives>;
