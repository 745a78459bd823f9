import { expect, test } from "bun:test";
import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";
import { cacheFilter } from "./cache-filter.ts";

const record: BuildCacheRecord = {
  ID: "a",
  Parents: ["p", "q"],
  Type: "regular",
  Description: "RUN true",
  InUse: false,
  Shared: true,
  Size: 1,
  CreatedAt: "",
  LastUsedAt: null,
  UsageCount: 0,
};

test.each<[Readonly<Record<string, readonly string[]>>, boolean]>([
  [{}, true],
  [{ id: ["a"] }, true],
  [{ id: ["b"] }, false],
  [{ parent: ["q"] }, true],
  [{ type: ["source.local", "regular"] }, true],
  [{ type: ["regular"], shared: ["false"] }, false],
  [{ private: ["0"] }, true],
  [{ inuse: ["true"] }, false],
])("%j", (filters, shown) => {
  expect(cacheFilter(filters)(record)).toBe(shown);
});

test("what is unknown is refused", () => {
  expect(() => cacheFilter({ colour: ["red"] })).toThrow("invalid filter 'colour'");
  expect(() => cacheFilter({ inuse: ["maybe"] })).toThrow("invalid filter 'inuse=maybe'");
});
