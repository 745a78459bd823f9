import { expect, test } from "bun:test";
import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";
import { tracesOf } from "./build-trace.ts";

const entry: BuildHistoryEntry = {
  ...{ id: "ab".repeat(12), name: "app (made)", status: "error", context: "/app", dockerfile: "Dockerfile" },
  ...{ createdAt: "2026-01-02T03:04:05.000Z", completedAt: "2026-01-02T03:04:07.500Z", durationMs: 2500 },
  ...{ target: "made", platforms: ["linux/amd64"], tags: ["app:1", "app:2"], buildArgs: { A: "given" }, labels: {} },
  steps: ["FROM busybox", "RUN one", "RUN two", "RUN three"].map((name) => ({ name, state: "ran", durationMs: 0 })),
  images: [],
  error: { message: "exit code: 4", hint: "", exitCode: 4, file: "Dockerfile", line: 3, excerpt: "" },
};
const start = Date.parse(entry.createdAt);

test("a span for the build, and one inside it for each step that was looked at", () => {
  const traces = tracesOf([
    {
      entry,
      lines: [
        { type: "done", vertex: 0, cached: true, at: start + 10 },
        { type: "started", vertex: 1, at: start + 20 },
        { type: "output", vertex: 1, stream: "stdout", text: "s3cret", at: start + 30 },
        { type: "started", vertex: 3, at: start + 40 },
        { type: "failed", vertex: 1, message: "exit code: 4", at: start + 2000 },
      ],
    },
  ]);
  const [whole, cached, failed, cut, ...others] = traces.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
  expect(others).toEqual([]);
  const second = 1_767_323_045n * 1_000_000_000n;
  const after = (ms: number): string => String(second + BigInt(ms) * 1_000_000n);
  expect(whole).toMatchObject({
    ...{ name: "build app (made)", startTimeUnixNano: after(0), endTimeUnixNano: after(2500) },
    status: { code: 2, message: "exit code: 4" },
  });
  expect(whole?.traceId).toMatch(/^[0-9a-f]{32}$/);
  for (const span of [cached, failed, cut]) {
    expect([span?.traceId, span?.parentSpanId]).toEqual([whole?.traceId, whole?.spanId]);
    expect(span?.spanId).toMatch(/^[0-9a-f]{16}$/);
  }
  const times = [cached, failed, cut].map((span) => [span?.name, span?.startTimeUnixNano, span?.endTimeUnixNano]);
  expect(times).toEqual([
    ["FROM busybox", after(10), after(10)],
    ["RUN one", after(20), after(2000)],
    ["RUN three", after(40), after(2500)],
  ]);
  expect(cached?.attributes).toContainEqual({ key: "berth.step.cached", value: { boolValue: true } });
  expect(failed?.status).toEqual({ code: 2, message: "exit code: 4" });
  // What commands print is the log's.
  expect(JSON.stringify(traces)).not.toMatch(/s3cret|given/);
});

test("builds are traces of their own, the same each time", () => {
  const builds = [
    { entry, lines: [] },
    { entry: { ...entry, id: "cd".repeat(12), status: "completed", error: null }, lines: [] },
  ] as const;
  const spans = tracesOf(builds).resourceSpans.map(({ scopeSpans }) => scopeSpans[0]?.spans[0]);
  expect(new Set(spans.map((span) => span?.traceId)).size).toBe(2);
  expect(spans[1]?.status).toEqual({ code: 1 });
  expect(tracesOf(builds)).toEqual(tracesOf(builds));
});
