import { expect, test } from "bun:test";
import { sortBy } from "./sort-by.ts";

const items = [
  { name: "b10", size: 1 },
  { name: "b9", size: 3 },
  { name: "a", size: 3 },
];
const keys = { name: (item: { name: string }) => item.name, size: (item: { size: number }) => item.size };

test("text goes up, numbers go down, equals stay as they came", () => {
  const names = (key: string): readonly string[] => sortBy(items, key, keys).map(({ name }) => name);
  expect([names("name"), names("size"), names("")]).toEqual([
    ["a", "b9", "b10"],
    ["b9", "a", "b10"],
    ["b10", "b9", "a"],
  ]);
});

test("another key is refused with those that there are", () => {
  expect(() => sortBy(items, "toString", keys)).toThrow(
    expect.objectContaining({ kind: "invalid-parameter", hint: "--sort takes name, size." }),
  );
});
