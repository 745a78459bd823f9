import type { ProbeTiming } from "./probe.ts";

/** One probe that was carried out. Times are Unix nanoseconds as decimal strings, because it is stored as JSON. */
export interface ProbeResult {
  readonly startNs: string;
  readonly endNs: string;
  /** 0 = well; -1 = the probe could not be made or took too long. */
  readonly exitCode: number;
  readonly output: string;
}

/**
 *              ┌─ failure within the start period, or fewer than `retries` in a row
 *              ▼   │
 *   start ─▶ starting ── success ──▶ healthy ◀── success ── unhealthy
 *              │                        └─ `retries` failures ─▶ ▲ ▲
 *              └─────────────── `retries` failures ──────────────┘ └── paused or ended: nobody looks
 */
export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  readonly failingStreak: number;
  /** The last few, oldest first; also of earlier runs of the container. */
  readonly log: readonly ProbeResult[];
}

const resultsKept = 5;

/** At every start of the container. */
export function healthAtStart(before: Health | undefined): Health {
  return { status: "starting", failingStreak: 0, log: before?.log ?? [] };
}

/** docker-compat: a container that nobody probes, because it is paused or has ended, is shown as unhealthy. */
export function unwatched({ health }: { readonly health?: Health }): { readonly health?: Health } {
  return health === undefined ? {} : { health: { ...health, status: "unhealthy" } };
}

/** After one more probe of the run that began at `startedAtNs`. */
export function healthAfter(
  before: Health,
  result: ProbeResult,
  timing: Pick<ProbeTiming, "retries" | "startPeriodMs">,
  startedAtNs: bigint,
): Health {
  const log = [...before.log, result].slice(-resultsKept);
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  const startPeriodNs = BigInt(Math.trunc(timing.startPeriodMs * 1e6));
  const early = before.status === "starting" && BigInt(result.startNs) - startedAtNs < startPeriodNs;
  if (early) return { ...before, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= timing.retries ? "unhealthy" : before.status, failingStreak, log };
}

/** The pause before the next probe. */
export function pauseMs(status: Health["status"], timing: ProbeTiming, sinceStartMs: number): number {
  return status === "starting" && sinceStartMs < timing.startPeriodMs ? timing.startIntervalMs : timing.intervalMs;
}

/** A stored value; undefined when it is none, as in rows of programs that knew no health. */
export function parseHealth(value: unknown): Health | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { status, failingStreak, log } = value as Record<string, unknown>;
  if (status !== "starting" && status !== "healthy" && status !== "unhealthy") return undefined;
  if (typeof failingStreak !== "number" || !Array.isArray(log)) return undefined;
  return { status, failingStreak, log: log.filter(isResult).slice(-resultsKept) };
}

function isResult(value: unknown): value is ProbeResult {
  if (typeof value !== "object" || value === null) return false;
  const { startNs, endNs, exitCode, output } = value as Record<string, unknown>;
  const isTime = (time: unknown): boolean => typeof time === "string" && /^\d{1,19}$/.test(time);
  return isTime(startNs) && isTime(endNs) && typeof exitCode === "number" && typeof output === "string";
}
