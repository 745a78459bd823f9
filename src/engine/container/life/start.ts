import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { publishEndpointEvent } from "../../network/endpoint-events.ts";
import type { ExitReporter } from "../../forensics/exit-reporter.ts";
import type { HealthMonitor } from "../../health/health-monitor.ts";
import type { Clock } from "../../ports.ts";
import { neverAborted, type AwaitDependencies } from "./await-dependencies.ts";
import type { Container } from "../container.ts";
import { publishContainerEvent } from "../events.ts";
import { launchProcess, type LaunchDeps } from "./launch.ts";
import { updateParents } from "../network/links.ts";
import type { RemoveLocked } from "./remove.ts";
import type { SettleExit, StartLocked, StartOrigin } from "./settle-exit.ts";
import type { Life } from "../spec.ts";
import { containerStartPrefix, exitUnknownStart, startFailure } from "./start-failure.ts";
import type { TearDown } from "./tear-down.ts";
import { publishVolumeEvents } from "../mounts/volume-events.ts";

export interface StartDeps extends LaunchDeps {
  readonly clock: Clock;
  readonly tearDown: TearDown;
  readonly settleExit: SettleExit;
  readonly health: HealthMonitor;
  readonly reports: ExitReporter;
  readonly removeLocked: RemoveLocked;
}

/**
 * `POST /containers/{id}/start`. The intent is written before anything is made, so that an engine killed here finds and
 * clears it. Errors: `not-modified` when it runs, `conflict` when it is paused or being removed, and what
 * {@link startFailure} says when the process could not be made; the container is then as it was before, with the exit
 * code and the message kept for inspect.
 */
export function startContainer(
  deps: Pick<StartDeps, "registry" | "reports" | "clock"> & {
    readonly startLocked: StartLocked;
    readonly awaitDependencies: AwaitDependencies;
  },
) {
  return async (reference: string): Promise<void> => {
    const container = deps.registry.find(reference);
    const { state } = container.status;
    const rests = state === "created" || state === "exited";
    const met = rests ? deps.awaitDependencies(container, neverAborted) : undefined;
    if (met !== undefined) await orReported(deps, container, met);
    await container.lock.run(() => deps.startLocked(container, "user"));
  };
}

/** A start that did not even begin is to be explained as well. */
async function orReported(
  deps: Pick<StartDeps, "reports" | "clock">,
  container: Container,
  met: Promise<void>,
): Promise<void> {
  try {
    await met;
  } catch (error) {
    deps.reports.failedStart(container, deps.clock.nowNs(), { exitCode: exitUnknownStart, error: messageOf(error) });
    throw error;
  }
}

export function startLocked(deps: StartDeps): StartLocked {
  return async (container, origin) => {
    refuse(container, origin);
    container.cancelRestart?.();
    await deps.files.removeTree(deps.paths.containerRunDir(container.id));
    deps.registry.apply(
      container,
      { type: "start" },
      { ...countsAtStart(container.life, origin), stoppedByUser: false, stopRequest: undefined },
    );
    try {
      const { startedAtNs } = await launchProcess(deps, container);
      const pid = container.process?.pid ?? 0;
      deps.registry.apply(
        container,
        { type: "launched", pid, startedAtNs: String(startedAtNs) },
        deps.health.atStart(container),
      );
    } catch (error) {
      throw await undo(deps, container, error);
    }
    publishContainerEvent(deps.events, "start", container);
    deps.settleExit.watch(container);
    deps.health.watch(container);
    await updateParents(deps, container);
  };
}

function countsAtStart({ restartCount, status }: Life, origin: StartOrigin): Partial<Life> {
  switch (origin) {
    case "user":
    case "engine":
      return { restartCount: 0, restartDelayMs: undefined };
    case "unhealthy":
      // Its policy may have counted it already.
      return { restartCount: status.state === "restarting" ? restartCount : restartCount + 1 };
    case "policy":
      return {};
  }
}

function refuse(container: Container, origin: StartOrigin): void {
  switch (container.status.state) {
    case "running":
    case "starting":
      throw new BerthError("not-modified", "container already started");
    case "paused":
      throw new BerthError("conflict", "cannot start a paused container, try unpause instead");
    case "removing":
    case "dead":
      throw new BerthError("conflict", "container is marked for removal and cannot be started");
    case "restarting":
      // docker-compat: what waits for its next start counts as started.
      if (origin === "user") throw new BerthError("not-modified", "container already started");
      return;
    case "created":
    case "exited":
      return;
  }
}

async function undo(deps: StartDeps, container: Container, cause: unknown): Promise<BerthError> {
  const { exitCode, error } = startFailure(cause, containerStartPrefix(cause) || networkPrefix(cause));
  const endpoints = await deps.networks.endpoints(container.id);
  await deps.tearDown.whole(container);
  deps.registry.observe(container, { type: "start-failed", exitCode, error: error.message });
  deps.reports.failedStart(container, deps.clock.nowNs(), { exitCode, error: error.message });
  for (const attach of container.waitingAttaches) attach.abandon();
  container.waitingAttaches.clear();
  for (const endpoint of endpoints) await publishEndpointEvent(deps, "disconnect", endpoint);
  publishVolumeEvents(deps.events, "unmount", container);
  // docker-compat: the one who starts is told why; a wait with an error text would make clients print it a second time.
  for (const listener of [...container.exitListeners]) listener({ exitCode, error: "" });
  if (container.spec.hostConfig.AutoRemove) {
    await deps.removeLocked(container, { volumes: true }).catch((failure: unknown) => {
      deps.log.error("could not remove the container that failed to start", {
        container: container.id,
        error: messageOf(failure),
      });
    });
  }
  return error;
}

/** docker-compat: what the network refuses is told under this heading. */
function networkPrefix(cause: unknown): string {
  const text = messageOf(cause);
  const ofNetwork =
    isBerthError(cause) &&
    /driver failed programming|failed to bind host port|Address already in use|port is already allocated|^no available IPv|^network \S+ not found$/.test(
      text,
    );
  return ofNetwork ? "failed to set up container networking: " : "";
}
