import { expect, test } from "bun:test";
import type { ProgressLine } from "./progress.ts";
import { RawProgress } from "./raw-progress.ts";

test("a build in BuildKit's status messages", () => {
  const printed: string[] = [];
  const progress = new RawProgress(
    (text) => printed.push(text),
    () => 3000,
  );
  const lines: readonly ProgressLine[] = [
    { type: "graph", vertices: [{ name: "FROM a" }, { name: "RUN b" }], warnings: [] },
    { type: "done", vertex: 0, cached: true, at: 1000 },
    { type: "started", vertex: 1, at: 1000 },
    { type: "output", vertex: 1, stream: "stderr", text: "oh\n", at: 1500 },
    { type: "progress", vertex: 1, status: "extracting", current: 1, total: 2 },
    { type: "failed", vertex: 1, message: "no", at: 2000 },
    { type: "image", id: "sha256:x" },
  ];
  for (const line of lines) progress.show(line);
  const messages = printed.map((text) => JSON.parse(text));
  const [from, run] = messages[0].vertexes.map(({ digest }: { digest: string }) => digest);
  expect(from).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(messages).toEqual([
    {
      vertexes: [
        { digest: from, name: "FROM a" },
        { digest: run, name: "RUN b" },
      ],
    },
    { vertexes: [{ digest: from, name: "FROM a", started: at(1), completed: at(1), cached: true }] },
    { vertexes: [{ digest: run, name: "RUN b", started: at(1) }] },
    { logs: [{ vertex: run, stream: 2, data: "b2gK", timestamp: "1970-01-01T00:00:01.500Z" }] },
    { statuses: [{ id: "extracting", vertex: run, current: 1, total: 2, timestamp: at(3) }] },
    { vertexes: [{ digest: run, name: "RUN b", started: at(1), completed: at(2), error: "no" }] },
  ]);
});

const at = (second: number): string => `1970-01-01T00:00:0${second}.000Z`;
