import { expect, test } from "bun:test";
import { alignTable } from "./table.ts";

test("columns are as wide as their widest cell and three, ten at least", () => {
  expect(alignTable("A\tLONGER TITLE\tLAST\nx\ty\tz\nünï\t\t\n")).toBe(
    "A         LONGER TITLE   LAST\nx         y              z\nünï                      \n",
  );
});

test("a line with fewer cells ends the columns it does not have", () => {
  expect(alignTable("a\tlonglonglonglong\tc\nx\nb\td\te\n")).toBe(
    "a         longlonglonglong   c\nx\nb         d         e\n",
  );
});
