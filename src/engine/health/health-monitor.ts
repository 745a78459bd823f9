import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Container } from "../container/container.ts";
import { publishContainerEvent } from "../container/events.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Clock, EnginePaths, Events, Files, ProcessTable } from "../ports.ts";
import {
  healthAfter,
  healthAtStart,
  parseHealth,
  pauseMs,
  unwatched,
  type Health,
  type ProbeResult,
} from "./health.ts";
import { probeOf, timingOf, type Probe } from "./probe.ts";

/**
 * Carries out one probe. Never rejects; a probe that cannot be made is a failed one. When the signal aborts, nobody wants
 * the result, but it resolves only when nothing of the probe is left.
 */
export type RunProbe = (
  container: Container,
  probe: Probe,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<Pick<ProbeResult, "exitCode" | "output">>;

export interface HealthMonitorDeps {
  readonly registry: ContainerRegistry;
  readonly clock: Clock;
  readonly events: Events;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly processes: Pick<ProcessTable, "isEnding">;
  readonly log: Log;
  readonly runProbe: RunProbe;
  /** Called when a container has become unhealthy. */
  readonly onUnhealthy: (container: Container) => void;
}

/** For so long an engine that goes down waits for its probes; the next one ends what is left of them. */
const closingMs = 5_000;

interface Watch {
  readonly stop: AbortController;
  cancelTimer: () => void;
}

/**
 * Looks after the containers that have a health check: one timer and at most one probe each.
 *
 * Every result is noted in the container's run directory, which lies in memory and survives the engine; the row is
 * written when the status changes and when the container ends. So an engine that was killed goes on where it was, and a
 * machine with many probes does not wear out its disk.
 */
export class HealthMonitor {
  readonly #deps: HealthMonitorDeps;
  readonly #watches = new Map<string, Watch>();
  /** Probes under way, also of watches that have ended. */
  readonly #probing = new Map<string, Promise<void>>();

  constructor(deps: HealthMonitorDeps) {
    this.#deps = deps;
  }

  /** What a start writes into the container's life. */
  atStart(container: Container): { readonly health?: Health } {
    return probeOf(container.spec.config) === undefined ? {} : { health: healthAtStart(container.life.health) };
  }

  /** Begin to probe a running container. */
  watch(container: Container): void {
    const { status } = container;
    const probe = probeOf(container.spec.config);
    if (probe === undefined || status.state !== "running") return;
    this.unwatch(container);
    const watch: Watch = { stop: new AbortController(), cancelTimer() {} };
    this.#watches.set(container.id, watch);
    this.#schedule(container, watch, probe, this.#firstPauseMs(container, BigInt(status.startedAtNs)));
  }

  /** Stop probing; a probe under way is ended and its result forgotten. Returns at once. */
  unwatch(container: Container): void {
    const watch = this.#watches.get(container.id);
    if (watch === undefined) return;
    watch.cancelTimer();
    watch.stop.abort();
    this.#watches.delete(container.id);
  }

  /** What an earlier engine noted last about a container that still runs. */
  async recall(container: Container): Promise<void> {
    try {
      const text = await this.#deps.files.readText(this.#deps.paths.containerHealth(container.id));
      const health = parseHealth(JSON.parse(text));
      if (health === undefined) return;
      const { health: shown } = container.status.state === "paused" ? unwatched({ health }) : { health };
      this.#deps.registry.noteHealth(container, shown ?? health);
    } catch {
      // None was noted, or the engine was killed while it wrote: what the row says is a little older.
    }
  }

  /** The engine goes down: end what is under way, but do not wait for what a paused container holds. */
  async close(): Promise<void> {
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    for (const watch of watches) {
      watch.cancelTimer();
      watch.stop.abort();
    }
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancelTimer = this.#deps.clock.after(closingMs, resolve);
    await Promise.race([Promise.all(this.#probing.values()), late]);
    cancelTimer();
  }

  /** The first probe of a run comes after a whole pause; after a restart of the engine only its rest is waited for. */
  #firstPauseMs(container: Container, startedAtNs: bigint): number {
    const { health } = container.life;
    const timing = timingOf(container.spec.config.Healthcheck);
    const nowNs = this.#deps.clock.nowNs();
    const last = BigInt(health?.log.at(-1)?.endNs ?? "0");
    const pause = pauseMs(health?.status ?? "starting", timing, Number(nowNs - startedAtNs) / 1e6);
    if (last <= startedAtNs) return pause;
    return Math.min(pause, Math.max(0, pause - Number(nowNs - last) / 1e6));
  }

  #schedule(container: Container, watch: Watch, probe: Probe, milliseconds: number): void {
    watch.cancelTimer = this.#deps.clock.after(milliseconds, () => {
      const before = this.#probing.get(container.id) ?? Promise.resolve();
      const probing = before
        .then(() => this.#probe(container, watch, probe))
        .finally(() => {
          if (this.#probing.get(container.id) === probing) this.#probing.delete(container.id);
        });
      this.#probing.set(container.id, probing);
    });
  }

  async #probe(container: Container, watch: Watch, probe: Probe): Promise<void> {
    if (watch.stop.signal.aborted) return;
    const { clock, processes, log } = this.#deps;
    const timing = timingOf(container.spec.config.Healthcheck);
    const startNs = String(clock.nowNs());
    try {
      const outcome = await this.#deps.runProbe(container, probe, timing.timeoutMs, watch.stop.signal);
      const { status, process } = container;
      if (watch.stop.signal.aborted || status.state !== "running") return;
      // It met the container's end, which its monitor has yet to tell: that says nothing about its health.
      if (process !== undefined && processes.isEnding(process.pid, process.startTicks)) return;
      const startedAtNs = BigInt(status.startedAtNs);
      const before = container.life.health ?? healthAtStart(undefined);
      const result = { startNs, endNs: String(clock.nowNs()), ...outcome };
      const health = healthAfter(before, result, timing, startedAtNs);
      await this.#note(container, before, health);
      if (watch.stop.signal.aborted) return;
      const sinceStartMs = Number(clock.nowNs() - startedAtNs) / 1e6;
      this.#schedule(container, watch, probe, pauseMs(health.status, timing, sinceStartMs));
    } catch (error) {
      log.error("a health check went wrong", { container: container.id, error: messageOf(error) });
      this.#schedule(container, watch, probe, timing.intervalMs);
    }
  }

  async #note(container: Container, before: Health, health: Health): Promise<void> {
    const { registry, files, paths, events } = this.#deps;
    if (health.status === before.status) registry.noteHealth(container, health);
    else registry.setLife(container, { ...container.life, health });
    if (health.status !== before.status) {
      publishContainerEvent(events, `health_status: ${health.status}`, container);
      if (health.status === "unhealthy") this.#deps.onUnhealthy(container);
    }
    await files.writeText(paths.containerHealth(container.id), JSON.stringify(health), 0o600);
  }
}
