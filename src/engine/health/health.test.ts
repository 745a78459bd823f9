import { describe, expect, test } from "bun:test";
import { healthAfter, healthAtStart, parseHealth, pauseMs, unwatched, type Health } from "./health.ts";
import type { ProbeTiming } from "./probe.ts";

const timing: ProbeTiming = {
  intervalMs: 30_000,
  startIntervalMs: 5_000,
  startPeriodMs: 60_000,
  timeoutMs: 30_000,
  retries: 2,
};
const startedAtNs = 1_000_000_000_000n;

/** A result of a probe that began so many seconds after the container's start. */
const at = (seconds: number, exitCode: number) => ({
  startNs: String(startedAtNs + BigInt(seconds) * 1_000_000_000n),
  endNs: String(startedAtNs + BigInt(seconds + 1) * 1_000_000_000n),
  exitCode,
  output: "",
});
const after = (health: Health, ...results: readonly (readonly [seconds: number, exitCode: number])[]): Health =>
  results.reduce((before, [seconds, code]) => healthAfter(before, at(seconds, code), timing, startedAtNs), health);
const shown = ({ status, failingStreak }: Health): string => `${status} ${failingStreak}`;

const fresh = healthAtStart(undefined);

describe("every status after every result", () => {
  const cases: readonly (readonly [Health["status"], streak: number, seconds: number, code: number, then: string])[] = [
    ["starting", 0, 1, 0, "healthy 0"],
    ["starting", 0, 1, 1, "starting 0"],
    ["starting", 0, 59, -1, "starting 0"],
    ["starting", 0, 60, 1, "starting 1"],
    ["starting", 1, 61, 1, "unhealthy 2"],
    ["starting", 1, 61, 0, "healthy 0"],
    ["healthy", 0, 1, 1, "healthy 1"],
    ["healthy", 1, 1, 2, "unhealthy 2"],
    ["healthy", 1, 61, 0, "healthy 0"],
    ["unhealthy", 2, 61, 1, "unhealthy 3"],
    ["unhealthy", 0, 61, 1, "unhealthy 1"],
    ["unhealthy", 7, 61, 0, "healthy 0"],
  ];
  for (const [status, failingStreak, seconds, code, then] of cases) {
    test(`${status} ${failingStreak}, code ${code} after ${seconds} s: ${then}`, () => {
      expect(shown(after({ status, failingStreak, log: [] }, [seconds, code]))).toBe(then);
    });
  }
});

test("five results are kept, over restarts too", () => {
  const full = after(fresh, [1, 0], [2, 0], [3, 0], [4, 0], [5, 0], [6, 1]);
  expect(full.log.map(({ startNs }) => startNs)).toEqual([2, 3, 4, 5, 6].map((second) => at(second, 0).startNs));
  expect(healthAtStart(full)).toEqual({ status: "starting", failingStreak: 0, log: full.log });
});

test("who is not watched is unhealthy, who has no check is nothing", () => {
  expect(unwatched({ health: after(fresh, [1, 0]) }).health).toMatchObject({ status: "unhealthy", failingStreak: 0 });
  expect(unwatched({})).toEqual({});
});

test("probes come faster while it is starting", () => {
  expect(pauseMs("starting", timing, 0)).toBe(5_000);
  expect(pauseMs("starting", timing, 60_000)).toBe(30_000);
  expect(pauseMs("healthy", timing, 1_000)).toBe(30_000);
});

test("stored values that are none", () => {
  const health = after(fresh, [1, 0]);
  expect(parseHealth(JSON.parse(JSON.stringify(health)))).toEqual(health);
  for (const value of [undefined, null, 7, {}, { status: "fine", failingStreak: 0, log: [] }]) {
    expect(parseHealth(value)).toBeUndefined();
  }
  expect(parseHealth({ ...health, log: [{ startNs: "x" }, ...health.log] })).toEqual(health);
});
