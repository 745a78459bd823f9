import { expect, test } from "bun:test";
import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";
import { buildFilter } from "./build-filter.ts";

const now = Date.parse("2026-01-02T12:00:00Z");
const entry: BuildHistoryEntry = {
  ...{ id: "abcdef", name: "web (app)", status: "error", target: "app", context: "/web", dockerfile: "Dockerfile" },
  ...{ createdAt: "2026-01-02T11:00:00Z", completedAt: "2026-01-02T11:01:00Z", durationMs: 60_000 },
  ...{ platforms: [], tags: [], buildArgs: {}, labels: {}, steps: [], images: [], error: null },
};

test.each([
  [[], true],
  [["ref=abc"], true],
  [["ref=bc"], false],
  [["status=error"], true],
  [["status=completed", "status=error"], true],
  [["status!=error"], false],
  [["name=web (app)", "target=app"], true],
  [["name=web"], false],
  [["duration>59s"], true],
  [["duration<=1m", "duration>=1m"], true],
  [["duration<1m"], false],
  [["startedAt>2h"], true],
  [["startedAt>30m"], false],
  [["completedAt<2026-01-02T11:30:00Z"], true],
])("%j: %p", (filters, wanted) => {
  expect(buildFilter(filters, now)(entry)).toBe(wanted);
});

test("what goes on has not been completed", () => {
  expect(buildFilter(["completedAt>1h"], now)({ ...entry, completedAt: null })).toBe(false);
});

test.each([
  "",
  "status",
  "status=odd",
  "status>error",
  "duration=1m",
  "duration>soon",
  "startedAt<yesterday",
  "size>1",
])("%j is refused", (filter) => {
  expect(() => buildFilter([filter], now)).toThrow("invalid filter");
});
