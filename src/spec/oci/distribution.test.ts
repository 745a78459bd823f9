import { describe, expect, test } from "bun:test";
import { parseByteRange, parseChunkRange } from "./distribution.ts";
import { isRepositoryName } from "./reference.ts";

test.each([
  ["0-9", { start: 0, end: 9 }],
  ["bytes 5-9/10", { start: 5, end: 9 }],
  ["bytes=5-9", { start: 5, end: 9 }],
  ["9-5", undefined],
  ["-5", undefined],
  ["a-b", undefined],
  ["0-9,10-11", undefined],
])("the chunk range %p", (header, range) => {
  expect(parseChunkRange(header)).toEqual(range);
});

describe("the range of ten bytes", () => {
  test.each([
    [undefined, "whole"],
    ["bytes=0-0", { start: 0, end: 0 }],
    ["bytes=2-", { start: 2, end: 9 }],
    ["bytes=-3", { start: 7, end: 9 }],
    ["bytes=-30", { start: 0, end: 9 }],
    ["bytes=5-100", { start: 5, end: 9 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=5-2", "whole"],
    ["bytes=-", "whole"],
    ["bytes=0-1,3-4", "whole"],
    ["lines=1-2", "whole"],
  ] as const)("%p", (header, range) => {
    expect(parseByteRange(header, 10)).toEqual(range);
  });
});

test.each([
  ["a", true],
  ["library/busybox", true],
  ["a.b/c_d/e__f/g---h", true],
  ["A", false],
  ["a//b", false],
  ["../a", false],
  ["a/..", false],
  ["a_", false],
  ["a___b", false],
  ["", false],
  ["a".repeat(256), false],
])("the repository name %p: %p", (name, fine) => {
  expect(isRepositoryName(name)).toBe(fine);
});
