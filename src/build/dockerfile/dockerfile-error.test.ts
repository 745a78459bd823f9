import { expect, test } from "bun:test";
import { excerpt } from "./dockerfile-error.ts";

const source = (lines: number): { readonly name: string; readonly text: string } => ({
  name: "Dockerfile",
  text: Array.from({ length: lines }, (_, index) => `line ${index + 1}`).join("\n"),
});

test("one line stands among two and two more", () => {
  expect(excerpt(source(9), { startLine: 5, endLine: 5 })).toBe(
    [
      "Dockerfile:5",
      "--------------------",
      "   3 |     line 3",
      "   4 |     line 4",
      "   5 | >>> line 5",
      "   6 |     line 6",
      "   7 |     line 7",
      "--------------------",
      "",
    ].join("\n"),
  );
});

test("several lines stand between one and one, and the file ends where it ends", () => {
  const shown = (startLine: number, endLine: number, lines: number): string =>
    [...excerpt(source(lines), { startLine, endLine }).matchAll(/^ +(\d+) \|/gm)].map(([, line]) => line).join(" ");
  expect(shown(1, 1, 9)).toBe("1 2 3");
  expect(shown(9, 9, 9)).toBe("7 8 9");
  expect(shown(1, 1, 2)).toBe("1 2");
  expect(shown(4, 6, 9)).toBe("3 4 5 6 7");
  expect(shown(8, 12, 9)).toBe("7 8 9");
  expect(excerpt(source(2), { startLine: 3, endLine: 3 })).toBe("");
});
