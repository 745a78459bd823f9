import { expect, test } from "bun:test";
import { chooseUnused, type CleanCandidate, type CleanPolicy } from "./choose-unused.ts";

const image = (
  id: string,
  lastUsedMs: number,
  parts: Readonly<Record<string, number>>,
  isHeld = false,
): CleanCandidate => ({
  id,
  names: [`${id}:latest`],
  lastUsedMs,
  isHeld,
  parts: new Map(Object.entries(parts)),
});

const images = [
  image("newest", 900, { base: 100, n: 10 }),
  image("oldest", 100, { base: 100, o: 20 }),
  image("held", 50, { h: 1000 }, true),
  image("middle", 500, { m: 30 }),
];
const all: CleanPolicy = { highBytes: undefined, lowBytes: 0, unusedMs: 0, keep: [] };

function chosen(policy: Partial<CleanPolicy>): readonly [readonly string[], number] {
  const isKept = (pattern: string, name: string): boolean => name.startsWith(pattern);
  const found = chooseUnused(images, { ...all, ...policy }, { nowMs: 1000, isKept });
  expect(found.bytesBefore).toBe(1160);
  return [found.chosen.map(({ id }) => id), found.bytesAfter];
}

test("everything unused goes where no mark is set, oldest first; shared parts are free with the last image", () => {
  expect(chosen({})).toEqual([["oldest", "middle", "newest"], 1000]);
});

test("nothing goes below the high mark; above it just enough for the low one", () => {
  expect(chosen({ highBytes: 1160, lowBytes: 0 })).toEqual([[], 1160]);
  expect(chosen({ highBytes: 1159, lowBytes: 1140 })).toEqual([["oldest"], 1140]);
  expect(chosen({ highBytes: 1100, lowBytes: 1139 })).toEqual([["oldest", "middle"], 1110]);
  expect(chosen({ highBytes: 1, lowBytes: 0 })[0]).toEqual(["oldest", "middle", "newest"]);
});

test("what was used of late or is on the list stays", () => {
  expect(chosen({ unusedMs: 400 })[0]).toEqual(["oldest", "middle"]);
  expect(chosen({ keep: ["old", "new"] })[0]).toEqual(["middle"]);
});
