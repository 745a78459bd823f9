import { expect, test } from "bun:test";
import type { BuildRecord } from "#state/build-store.ts";
import type { Vertex } from "../graph/types.ts";
import { instructionOf, reasonToReuse, reasonToRun, type Missed } from "./cache-reason.ts";

const record = (createdAt: string, ...parents: readonly string[]): BuildRecord => ({
  ...{ id: "r", kind: "regular", layer: 1, outputKey: "", description: "", sizeBytes: 0, lastUsedMs: 0, uses: 0 },
  ...{ parents, createdAt },
});

test.each<[string, "copy" | "exec", Partial<Missed>]>([
  ["this instruction was not built before", "exec", {}],
  ["what it is made from was built anew: RUN a", "exec", { builtAnew: "RUN a", before: [record("2026")] }],
  ["this instruction was built before, at 2026, but not on this base", "exec", { before: [record("2026", "other")] }],
  [
    "since it was built at 2025 something has changed: its arguments, its mounts or its settings",
    "exec",
    { before: [record("2026", "other"), record("2025", "base")] },
  ],
  [
    "since it was built at 2026 something has changed: the files that it takes or its settings",
    "copy",
    { before: [record("2026", "base")] },
  ],
  [
    "since it was built at 2026 something has changed: its base image, the files that it takes or its settings",
    "copy",
    { parents: [], before: [record("2026")] },
  ],
])("%s", (why, kind, missed) => {
  const vertex = { name: "", ignoreCache: false, operation: { kind } } as unknown as Vertex;
  const all: Missed = { vertex, builtAnew: undefined, parents: ["base"], before: [], ...missed };
  expect(reasonToRun(all)).toBe(why);
  expect(reasonToRun({ ...all, vertex: { ...vertex, ignoreCache: true } })).toBe("the cache was not to be used");
});

test("a step is the same wherever it stands; what is found says since when it is there", () => {
  expect(["[2/3] RUN a", "[build 4/9] RUN a", "RUN a"].map(instructionOf)).toEqual(["RUN a", "RUN a", "RUN a"]);
  expect(instructionOf("RUN [ -e x ] && a")).toBe("RUN [ -e x ] && a");
  expect(reasonToReuse(record("2026"))).toContain("at 2026");
});
