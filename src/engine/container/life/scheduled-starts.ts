import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { ContainerSchedule, ScheduledRun, ScheduleOutcome, ScheduleRow } from "#spec/berth/schedule.ts";
import type { Clock, Events } from "../../ports.ts";
import type { ScheduleRows } from "../../schedule-ports.ts";
import type { Container } from "../container.ts";
import { scheduleOf, type Schedule } from "../settings/own-settings.ts";
import type { ContainerRegistry } from "../registry.ts";

interface Deps {
  readonly registry: ContainerRegistry;
  readonly schedules: ScheduleRows;
  readonly events: Events;
  readonly clock: Clock;
  readonly log: Log;
  readonly start: (reference: string) => Promise<void>;
}

/** Timers are set for no longer, so that a machine that slept is not late for long. */
const longestWaitMs = 60_000;

/**
 * Starts containers when their `berth.schedule` says, one start a time: what still runs from before is left alone. Every start,
 * and every one that did not come to be, is kept by the container's name, so that it outlives the container.
 */
export class ScheduledStarts {
  readonly #deps: Deps;
  readonly #stop = new AbortController();
  /** Up to when each container's times have been looked at, by id. */
  readonly #seenMs = new Map<string, number>();
  /** Parsed once, by id. */
  readonly #schedules = new Map<string, Schedule | undefined>();
  /** Whose start by schedule has not ended, by id. */
  readonly #running = new Set<string>();
  #cancelTimer: () => void = () => {};

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Begin, when every container is as it is known to be. What was due meanwhile is told, or made up for. */
  start(): void {
    const now = this.#nowMs();
    for (const { containerId } of this.#deps.schedules.running()) this.#settle(containerId);
    for (const [container, schedule] of this.#scheduled()) this.#catchUp(container, schedule, now);
    void this.#follow();
    this.#arm();
  }

  close(): void {
    this.#stop.abort();
    this.#cancelTimer();
  }

  /** Every container with a schedule, in the order of names. */
  list(): readonly ContainerSchedule[] {
    const now = this.#nowMs();
    return this.#scheduled()
      .toSorted(([a], [b]) => (a.name < b.name ? -1 : 1))
      .map(([container, { text, times }]) => ({
        Id: container.id,
        Name: container.name.replace(/^\//u, ""),
        Labels: container.spec.config.Labels ?? {},
        Schedule: text,
        Next: timeText(times.next(now)) ?? null,
        Runs: this.#deps.schedules.ofName(container.name).map(runOf),
      }));
  }

  /**
   * Start it now, whatever its times say; the start is kept as those by schedule are. `not-found` for a container that is not
   * there or has no schedule, `conflict` for one that still runs; `start`'s own refusals otherwise.
   */
  async startNow(reference: string): Promise<void> {
    const container = this.#deps.registry.find(reference);
    const name = container.name.replace(/^\//u, "");
    if (this.#scheduleOf(container) === undefined)
      throw new BerthError("not-found", `container ${name} has no schedule`, {
        hint: "It is given by the label berth.schedule.",
      });
    if (isBusy(container)) throw new BerthError("conflict", `container ${name} still runs`);
    await this.#begin(container, this.#nowMs());
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }

  #scheduled(): readonly (readonly [Container, Schedule])[] {
    return this.#deps.registry.all().flatMap((container) => {
      const schedule = this.#scheduleOf(container);
      return schedule === undefined ? [] : [[container, schedule] as const];
    });
  }

  #scheduleOf({ id, spec }: Container): Schedule | undefined {
    if (!this.#schedules.has(id)) this.#schedules.set(id, scheduleOf(spec));
    return this.#schedules.get(id);
  }

  /** Containers come and go, and those that were started end. */
  async #follow(): Promise<void> {
    const { events, registry } = this.#deps;
    for await (const { type, action, id, attributes } of events.subscribe({ signal: this.#stop.signal, own: true })) {
      if (type !== "container") continue;
      if (action === "die" && this.#running.has(id))
        this.#finish(id, {
          endedMs: this.#nowMs(),
          exitCode: Number(attributes["exitCode"] ?? "0"),
          outcome: "ended",
          message: "",
        });
      if (action === "destroy") {
        this.#seenMs.delete(id);
        this.#schedules.delete(id);
      }
      const created = action === "create" ? registry.lookup(id) : undefined;
      if (created !== undefined && this.#scheduleOf(created) !== undefined) this.#arm();
    }
  }

  /** A run that was under way when the engine ended: it may be over by now. */
  #settle(containerId: string): void {
    const container = this.#deps.registry.lookup(containerId);
    const state = container?.status.state;
    this.#running.add(containerId);
    if (state === "running" || state === "paused" || state === "starting") return;
    const ended = container?.status.state === "exited" ? container.status : undefined;
    this.#finish(containerId, {
      endedMs: undefined,
      exitCode: ended?.exitCode,
      outcome: ended === undefined ? "lost" : "ended",
      message: "",
    });
  }

  #catchUp(container: Container, { times, makesUp }: Schedule, nowMs: number): void {
    const last = this.#deps.schedules.ofName(container.name)[0]?.dueMs;
    const since = Math.max(last ?? 0, Number(container.createdAtNs / 1_000_000n));
    this.#seenMs.set(container.id, nowMs);
    const due = times.next(since);
    if (due === undefined || due > nowMs) return;
    if (makesUp) void this.#fire(container, due);
    else this.#insert(container, due, "missed");
  }

  #arm(): void {
    this.#cancelTimer();
    if (this.#stop.signal.aborted) return;
    const now = this.#nowMs();
    let waitMs = longestWaitMs;
    let any = false;
    for (const [container, { times }] of this.#scheduled()) {
      any = true;
      const seen = this.#seenMs.get(container.id) ?? now;
      this.#seenMs.set(container.id, seen);
      const due = times.next(seen);
      if (due !== undefined) waitMs = Math.min(waitMs, Math.max(0, due - now));
    }
    if (any) this.#cancelTimer = this.#deps.clock.after(waitMs, () => this.#tick());
  }

  #tick(): void {
    const now = this.#nowMs();
    for (const [container, { times }] of this.#scheduled()) {
      const due = times.next(this.#seenMs.get(container.id) ?? now);
      if (due === undefined || due > now) continue;
      this.#seenMs.set(container.id, now);
      void this.#fire(container, due);
    }
    this.#arm();
  }

  /** Never rejects. */
  async #fire(container: Container, dueMs: number): Promise<void> {
    if (isBusy(container)) {
      this.#insert(container, dueMs, "skipped");
      return;
    }
    try {
      await this.#begin(container, dueMs);
    } catch (error) {
      this.#deps.log.warn("a start by schedule failed", { container: container.name, error: messageOf(error) });
    }
  }

  /** Start it, with its row, which also tells why it could not be started. */
  async #begin(container: Container, dueMs: number): Promise<void> {
    this.#insert(container, dueMs, "running", this.#nowMs());
    try {
      await this.#deps.start(container.id);
    } catch (error) {
      const skipped = isBerthError(error, "not-modified") || isBerthError(error, "conflict");
      this.#finish(container.id, {
        endedMs: undefined,
        exitCode: undefined,
        outcome: skipped ? "skipped" : "failed",
        message: messageOf(error),
      });
      throw error;
    }
  }

  #finish(containerId: string, end: ScheduleOutcome): void {
    this.#running.delete(containerId);
    this.#deps.schedules.finish(containerId, end);
  }

  #insert({ id, name }: Container, dueMs: number, outcome: ScheduledRun["Outcome"], startedMs?: number): void {
    if (outcome === "running") this.#running.add(id);
    this.#deps.schedules.insert({
      containerId: id,
      containerName: name,
      dueMs,
      startedMs,
      endedMs: undefined,
      exitCode: undefined,
      outcome,
      message: "",
    });
  }
}

/** It has not ended since its last start. */
const isBusy = ({ status: { state } }: Container): boolean => state !== "created" && state !== "exited";

const timeText = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

function runOf({ dueMs, startedMs, endedMs, exitCode, outcome, message }: ScheduleRow): ScheduledRun {
  return {
    Due: timeText(dueMs) ?? "",
    Started: timeText(startedMs) ?? null,
    Ended: timeText(endedMs) ?? null,
    ExitCode: exitCode ?? null,
    Outcome: outcome as ScheduledRun["Outcome"],
    Message: message,
  };
}
