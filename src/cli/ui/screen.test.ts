import { expect, test } from "bun:test";
import { cellWidth, clip, fill, fillLeft, harmless } from "./letters.ts";
import { difference, paint } from "./screen.ts";

test("only lines that changed are written", () => {
  expect(difference(["a", "b", "c"], ["a", "x", "c"])).toBe("\u001b[2;1H\u001b[2Kx");
  expect(difference(["a", "b"], ["a"])).toBe("\u001b[2;1H\u001b[2K");
  expect(difference(["a"], ["a"])).toBe("");
  expect(difference(undefined, ["a", ""])).toBe("\u001b[0m\u001b[2J\u001b[1;1H\u001b[2Ka");
});

test("lines are cut by cells, styles end where they are cut", () => {
  const picture = [
    [
      { text: "日本", style: "bad" },
      { text: "語x", style: "plain" },
    ],
  ] as const;
  expect(paint(picture, { rows: 1, columns: 3 }, true)).toEqual(["\u001b[31m日\u001b[0m"]);
  expect(paint(picture, { rows: 1, columns: 3 }, false)).toEqual(["\u001b[1m日\u001b[0m"]);
  expect(paint(picture, { rows: 1, columns: 9 }, true)).toEqual(["\u001b[31m日本\u001b[0m語x"]);
  expect(paint(picture, { rows: 0, columns: 9 }, true)).toEqual([]);
});

test("widths", () => {
  expect([cellWidth("abc"), cellWidth("日本"), cellWidth("e\u0301"), cellWidth("🚀")]).toEqual([3, 4, 1, 2]);
  expect([clip("abcdef", 4), clip("日本語", 4), clip("abc", 3), clip("abc", 0)]).toEqual(["abc…", "日…", "abc", ""]);
  expect([fill("日", 4), fillLeft("日", 4)]).toEqual(["日  ", "  日"]);
});

test("what steers a terminal is left out", () => {
  expect(harmless("a\u001b[31mred\u001b[0m\u001b]0;title\u0007b\u001b(Bc\u0007\u009b1md\te\u202ef")).toBe(
    "aredbc1md        ef",
  );
});
