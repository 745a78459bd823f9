import { expect, test } from "bun:test";
import { CopyProgress } from "./copy-progress.ts";

function drawn(isTerminal: boolean, work: (progress: CopyProgress) => void): string {
  let text = "";
  const output = {
    write: (data: string | Uint8Array) => void (text += String(data)),
    isTerminal: () => isTerminal,
    windowSize: () => undefined,
  };
  work(new CopyProgress(output, "Copying - ", 1000));
  return text;
}

test("a quick copy draws nothing, but is counted", () => {
  let size = "";
  expect(
    drawn(true, (progress) => {
      progress.add(1536, 1050);
      size = progress.size;
      progress.end();
    }),
  ).toBe("");
  expect(size).toBe("1.54kB");
});

test("a longer one is drawn from time to time and taken away", () => {
  const text = drawn(true, (progress) => {
    for (const now of [1060, 1080, 1100, 1160]) progress.add(1_000_000, now);
    progress.end();
    progress.end();
  });
  expect(text).toBe("\x1b[s\x1b[?25l\x1b[2KCopying - 2MB\x1b[u\x1b[2KCopying - 4MB\x1b[u\x1b[2K\x1b[?25h");
});

test("nothing without a terminal", () => {
  expect(drawn(false, (progress) => progress.add(5, 9000))).toBe("");
});
