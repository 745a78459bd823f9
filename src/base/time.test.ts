import { expect, test } from "bun:test";

import { formatTime, formatTimeFixed, parseTime, ZERO_TIME } from "./time.ts";

test.each([
  [0n, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000Z"],
  [1n, "1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.000000001Z"],
  [1_700_000_000_120_000_000n, "2023-11-14T22:13:20.12Z", "2023-11-14T22:13:20.120000000Z"],
  [-1n, "1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z"],
] as const)("%p", (nanoseconds, text, fixed) => {
  expect(formatTime(nanoseconds)).toBe(text);
  expect(formatTimeFixed(nanoseconds)).toBe(fixed);
  expect(parseTime(text)).toBe(nanoseconds);
});

test("offsets and Go's zero time are read", () => {
  expect(parseTime("1970-01-01T01:00:00.5+01:00")).toBe(500_000_000n);
  expect(formatTime(parseTime(ZERO_TIME))).toBe(ZERO_TIME);
});

test.each(["", "now", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00.0000000001Z"])(
  "%p is refused",
  (text) => expect(() => parseTime(text)).toThrow("invalid time"),
);
