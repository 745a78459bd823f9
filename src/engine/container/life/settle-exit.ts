import { nextTurn, within } from "#base/async.ts";
import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { SupervisedProcess } from "#runtime/types.ts";
import type { NetworkService } from "#network/types.ts";
import type { Clock, Events } from "../../ports.ts";
import type { AwaitDependencies } from "./await-dependencies.ts";
import type { Container } from "../container.ts";
import type { ExitReporter, SeenEnd } from "../../forensics/exit-reporter.ts";
import type { HealthMonitor } from "../../health/health-monitor.ts";
import { unwatched } from "../../health/health.ts";
import { publishEndpointEvent } from "../../network/endpoint-events.ts";
import { publishContainerEvent } from "../events.ts";
import type { ContainerRegistry } from "../registry.ts";
import type { RemoveEnded } from "./remove.ts";
import { restartDelayMs, type EndedRun } from "./restart-policy.ts";
import { isLive } from "../status.ts";
import type { Clear, TearDown } from "./tear-down.ts";
import { publishVolumeEvents } from "../mounts/volume-events.ts";

/** How long an end waits for attached clients to take the last output: many turns of a busy loop; one that does not read has its own fault. */
const takeOutputMs = 200;

/** Exit code of a container whose end nobody saw; dockerd says 255 after a crash of the machine. */
export const unseenExitCode = 255;

/** The end of a container whose supervisor vanished. */
export const lostEnd = (clock: Clock): SeenEnd => ({
  exitCode: unseenExitCode,
  oomKilled: false,
  finishedAtNs: clock.nowNs(),
  lost: true,
});

/** Start while the caller holds the container's lock. */
export type StartLocked = (container: Container, origin: StartOrigin) => Promise<void>;

/** `policy`: the restart was planned and counted; `engine`: it comes up, and counting begins anew. */
export type StartOrigin = "user" | "policy" | "engine" | "unhealthy";

export interface SettleExitDeps {
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly health: HealthMonitor;
  readonly events: Events;
  readonly clock: Clock;
  readonly log: Log;
  readonly tearDown: TearDown;
  readonly removeEnded: RemoveEnded;
  readonly startLocked: StartLocked;
  readonly reports: ExitReporter;
  readonly awaitDependencies: AwaitDependencies;
  readonly execsEnded: (containerId: string) => Promise<void>;
}

/**
 * What follows the end of a container's process, once attached clients have its output, always in this order:
 *
 *   row ─▶ network and volumes let go ─▶ `die` ─▶ its waiters ─▶ `--rm`: `destroy`, its waiters
 *                                                     └─────────────────┴─▶ report, cgroup, files ─▶ start by policy
 *
 * What nobody waits for comes last and still under the container's lock, so that whatever is done to it next finds it
 * cleared. Of an engine killed before that, the row is left, and reconcile makes up for it.
 */
export class SettleExit {
  readonly #deps: SettleExitDeps;
  /** Whose want of memory was told when it happened. */
  readonly #toldOom = new WeakSet<SupervisedProcess>();
  readonly #settling = new Set<Promise<void>>();
  /** Set while the engine is going down: nothing is started again. */
  stopping = false;

  constructor(deps: SettleExitDeps) {
    this.#deps = deps;
  }

  /** Settle when the process of a running container ends. Returns at once. */
  watch(container: Container): void {
    const { process } = container;
    if (process === undefined) return;
    process.onOom(() => {
      this.#toldOom.add(process);
      publishContainerEvent(this.#deps.events, "oom", container);
    });
    process.exited().then(
      async (status) => {
        // docker-compat: who waits and then reads no more of what it attached to has all of it by then.
        const taken = process.outputTaken();
        if (taken !== undefined) await within(taken, takeOutputMs, undefined);
        await this.settle(container, status);
      },
      (error: unknown) => {
        this.#deps.log.error("lost a container's monitor", { container: container.id, error: messageOf(error) });
        return this.settle(container, lostEnd(this.#deps.clock));
      },
    );
  }

  async settle(container: Container, end: SeenEnd): Promise<void> {
    const settling = container.lock.run(() => this.#settleLocked(container, end));
    this.#settling.add(settling);
    try {
      await settling;
    } finally {
      this.#settling.delete(settling);
    }
  }

  /** Resolves when nothing is left to be cleared of all ends that were seen. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#settling);
  }

  async #settleLocked(container: Container, end: SeenEnd): Promise<void> {
    const { registry, events } = this.#deps;
    const { exitCode, oomKilled, finishedAtNs } = end;
    const { life } = container;
    const before = life.status;
    const told = container.process !== undefined && this.#toldOom.has(container.process);
    const ranNs = isLive(before) ? finishedAtNs - BigInt(before.startedAtNs) : 0n;
    const ended = { type: "exited", exitCode, oomKilled, finishedAtNs: String(finishedAtNs) } as const;
    if (!registry.observe(container, ended, unwatched(container.life))) return;
    const delayMs = this.#planRestart({ container, exitCode, ranNs, finishedAtNs });
    this.#deps.health.unwatch(container);
    const endpoints = await this.#deps.networks.endpoints(container.id);
    const report = this.#deps.reports.exit(container, life, end);
    const [takeAway] = await Promise.all([
      this.#deps.tearDown.afterEnd(container, end),
      this.#deps.execsEnded(container.id),
    ]);
    let clearing: Promise<void> | undefined;
    const clear: Clear = () => (clearing ??= nextTurn().then(report).then(takeAway));
    // The machine's own want of memory, and what happened while no engine watched, are known only now.
    if (oomKilled && !told) publishContainerEvent(events, "oom", container);
    const execDuration = String(ranNs > 0n ? ranNs / 1_000_000_000n : 0n);
    publishContainerEvent(events, "die", container, { execDuration, exitCode: String(exitCode) });
    for (const endpoint of endpoints) await publishEndpointEvent(this.#deps, "disconnect", endpoint);
    publishVolumeEvents(events, "unmount", container);
    for (const listener of [...container.exitListeners]) listener({ exitCode, error: "" });
    if (delayMs === undefined && container.spec.hostConfig.AutoRemove && !container.isKept)
      return this.#remove(container, clear);
    await clear();
    if (delayMs !== undefined) this.restartAfter(container, delayMs);
  }

  async #remove(container: Container, clear: Clear): Promise<void> {
    try {
      await this.#deps.removeEnded(container, clear);
    } catch (error) {
      this.#deps.log.error("could not remove the container after its end", {
        container: container.id,
        error: messageOf(error),
      });
    } finally {
      await clear();
    }
  }

  /** The pause before it is to start again; undefined when it stays ended. Nobody sees it as ended in between. */
  #planRestart({
    container,
    ...ended
  }: Omit<EndedRun, "spec" | "life"> & { readonly container: Container }): number | undefined {
    if (this.stopping) return undefined;
    const { life, spec } = container;
    const delayMs = restartDelayMs({ spec, life, ...ended });
    if (delayMs === undefined) return undefined;
    const planned = { restartCount: life.restartCount + 1, restartDelayMs: delayMs };
    this.#deps.registry.observe(container, { type: "restart-planned" }, planned);
    return delayMs;
  }

  /** Start a `restarting` container again after a pause that a stop or a removal can end. */
  restartAfter(container: Container, delayMs: number, origin: "policy" | "engine" = "policy"): void {
    const stop = new AbortController();
    const cancelTimer = this.#deps.clock.after(delayMs, () => void this.#startAgain(container, origin, stop.signal));
    container.cancelRestart = () => {
      cancelTimer();
      stop.abort();
      container.cancelRestart = undefined;
    };
  }

  async #startAgain(container: Container, origin: "policy" | "engine", signal: AbortSignal): Promise<void> {
    const { log } = this.#deps;
    try {
      await this.#deps.awaitDependencies(container, signal, "restart by policy");
    } catch (error) {
      if (signal.aborted) return;
      log.warn("a restart waits for what it depends on", { container: container.id, error: messageOf(error) });
      return this.restartAfter(container, dependencyPauseMs, origin);
    }
    await container.lock.run(async () => {
      if (signal.aborted || container.status.state !== "restarting" || this.stopping) return;
      try {
        await this.#deps.startLocked(container, origin);
      } catch (error) {
        log.warn("a restart by policy failed", { container: container.id, error: messageOf(error) });
      }
    });
  }
}

const dependencyPauseMs = 10_000;
