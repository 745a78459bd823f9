import { expect, test } from "bun:test";
import { decodePathStat, encodePathStat, goFileMode, isDirectoryMode, isSymlinkMode } from "./archive.ts";

test.each([
  [0o100644, 420],
  [0o040755, 2147484141],
  [0o120777, 134218239],
  [0o010644, 33554852],
  [0o020666, 69206454],
  [0o060660, 67109296],
  [0o140777, 16777727],
  [0o104755, 8389101],
  [0o041777, 2148532735],
])("%o is Go's %d", (mode, go) => {
  expect(goFileMode(mode)).toBe(go);
  expect([isDirectoryMode(go), isSymlinkMode(go)]).toEqual([
    (mode & 0o170000) === 0o040000,
    (mode & 0o170000) === 0o120000,
  ]);
});

test("the header is read as it is written", () => {
  const stat = { name: "ü", size: 3, mode: 420, mtime: "2026-01-01T00:00:00Z", linkTarget: "/x" };
  expect(decodePathStat(encodePathStat(stat))).toEqual(stat);
  for (const bad of [undefined, "", "!", btoa("[]"), btoa("{}")]) {
    expect(() => decodePathStat(bad)).toThrow("unable to decode container path stat header");
  }
});
