import { expect, test } from "bun:test";
import { BuildPicture } from "./build-picture.ts";
import type { ProgressLine } from "./progress.ts";

const graph: ProgressLine = {
  type: "graph",
  vertices: [
    { name: "[build 1/3] FROM debian:12" },
    { name: "[build 2/3] RUN make all install" },
    { name: "[build 3/3] COPY . /src" },
    { name: "[stage-1 2/2] COPY --from=build /out /usr/local/bin" },
  ],
  warnings: [{ rule: "StageNameCasing", description: "", url: "", detail: "Stage name 'Build' …", line: 3 }],
};

/** A picture after these lines, `nowMs` after its beginning. */
function pictureOf(lines: readonly ProgressLine[], nowMs: number, explain = false): BuildPicture {
  let now = 0;
  const picture = new BuildPicture(() => now, { explain });
  now = nowMs;
  for (const line of lines) picture.take(line);
  return picture;
}

function drawn(picture: BuildPicture, columns: number, rows?: number): string {
  const lines = picture.lines({ columns, rows }).map(({ text }) => text);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  return lines.join("\n");
}

const underWay: readonly ProgressLine[] = [
  graph,
  { type: "started", vertex: 0, at: 0 },
  { type: "done", vertex: 0, cached: false, at: 40 },
  { type: "done", vertex: 2, cached: true, at: 50 },
  { type: "started", vertex: 1, at: 50 },
  {
    type: "output",
    vertex: 1,
    stream: "stdout",
    text: "\u001b[32mcc\u001b[0m -c\tmain.c\n10%\r55%\rlinking\r\nall done, nearly",
    at: 60,
  },
];

test("what runs is shown with its time and its last lines, what is done with what it took", () => {
  expect(drawn(pictureOf(underWay, 2050), 60)).toBe(
    [
      "[+] Building 2.0s (2/4)",
      " => [build 1/3] FROM debian:12                          0.0s",
      " => CACHED [build 3/3] COPY . /src                      0.0s",
      " => [build 2/3] RUN make all install                    2.0s",
      " => => cc -c   main.c",
      " => => linking",
      " => => all done, nearly",
      "WARN: StageNameCasing: Stage name 'Build' … (line 3)",
    ].join("\n"),
  );
});

test("in a window that is too small finished steps give way, then output", () => {
  const picture = pictureOf(underWay, 2050);
  expect(drawn(picture, 30, 6)).toBe(
    [
      "[+] Building 2.0s (2/4)",
      " => [build 2/3] RUN make  2.0s",
      " => => cc -c   main.c",
      " => => linking",
      " => => all done, nearly",
      "WARN: StageNameCasing: Stage n",
    ].join("\n"),
  );
  expect(drawn(picture, 30, 4).split("\n")).toEqual([
    "[+] Building 2.0s (2/4)",
    " => [build 2/3] RUN make  2.0s",
    " => => all done, nearly",
    "WARN: StageNameCasing: Stage n",
  ]);
  expect(drawn(picture, 5, 1).split("\n")).toHaveLength(2);
});

test("the end of one that failed: what ran beside it was stopped, the output's end is told", () => {
  const picture = pictureOf(
    [...underWay, { type: "started", vertex: 3, at: 100 }, { type: "failed", vertex: 1, message: "no", at: 1050 }],
    1100,
  );
  picture.end();
  expect(drawn(picture, 60)).toBe(
    [
      "[+] Building 1.1s (4/4) FINISHED",
      " => [build 1/3] FROM debian:12                          0.0s",
      " => CACHED [build 3/3] COPY . /src                      0.0s",
      " => ERROR [build 2/3] RUN make all install              1.0s",
      " => CANCELED [stage-1 2/2] COPY --from=build /out /usr  1.0s",
      "WARN: StageNameCasing: Stage name 'Build' … (line 3)",
    ].join("\n"),
  );
  expect(picture.failure()).toBe(
    "------\n > [build 2/3] RUN make all install:\ncc -c   main.c\nlinking\nall done, nearly\n------\n",
  );
  expect(picture.lines({ columns: 60, rows: undefined }).map(({ tone }) => tone)).toEqual([
    "head",
    "done",
    "done",
    "failed",
    "canceled",
    "warning",
  ]);
});

test("images on their way are steps with their layers; downloads tell their bytes", () => {
  const lines: readonly ProgressLine[] = [
    { type: "pulling", id: "12", status: "Pulling from library/debian" },
    { type: "pulling", id: "aa11", status: "Downloading", current: 1_200_000, total: 34_000_000 },
    { type: "pulling", id: "bb22", status: "Pull complete" },
  ];
  expect(drawn(pictureOf(lines, 500), 60)).toBe(
    [
      "[+] Building 0.5s (0/1)",
      " => pulling library/debian:12                           0.0s",
      " => => aa11 Downloading 1.2MB / 34MB",
    ].join("\n"),
  );
  const over: readonly ProgressLine[] = [
    ...lines,
    { type: "pulling", id: "", status: "Status: Downloaded newer image for library/debian:12" },
    { type: "graph", vertices: [{ name: "ADD https://example.com/x /" }], warnings: [] },
    { type: "started", vertex: 0, at: 500 },
    { type: "progress", vertex: 0, status: "Downloading", current: 2048, total: 0 },
  ];
  expect(drawn(pictureOf(over, 500), 60)).toBe(
    [
      "[+] Building 0.5s (1/2)",
      " => pulling library/debian:12                           0.0s",
      " => ADD https://example.com/x / 2.048kB                 0.0s",
    ].join("\n"),
  );
});

test("wide characters take two cells, and the columns stay aligned", () => {
  const picture = pictureOf(
    [
      { type: "graph", vertices: [{ name: "RUN echo 日本語日本語" }], warnings: [] },
      { type: "started", vertex: 0, at: 0 },
    ],
    0,
  );
  const [, line] = picture.lines({ columns: 28, rows: 20 });
  expect(line?.text).toBe(" => RUN echo 日本語日   0.0s");
});
