import { expect, test } from "bun:test";

import { isIdPrefix, randomHex, randomId, shortId } from "./ids.ts";

test("ids are 64 hex digits and never alike", () => {
  const ids = new Set(Array.from({ length: 100 }, randomId));
  expect(ids.size).toBe(100);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{64}$/);
});

test("short forms", () => {
  expect(shortId("sha256:0123456789abcdef")).toBe("0123456789ab");
  expect(shortId("0123456789abcdef")).toBe("0123456789ab");
});

test("prefixes", () => {
  expect(isIdPrefix("0a")).toBe(true);
  for (const text of ["", "0A", "g", "0".repeat(65)]) expect(isIdPrefix(text)).toBe(false);
  expect(randomHex(4)).toMatch(/^[0-9a-f]{8}$/);
});
