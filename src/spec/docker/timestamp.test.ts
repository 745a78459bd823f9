import { expect, test } from "bun:test";
import { parseTimestamp } from "./timestamp.ts";

test("seconds with a fraction of any length", () => {
  expect(parseTimestamp("1.5")).toBe(1_500_000_000n);
  expect(parseTimestamp("12")).toBe(12_000_000_000n);
  expect(parseTimestamp("1.123456789123")).toBe(1_123_456_789n);
  expect(parseTimestamp("-5")).toBe(-5_000_000_000n);
  expect(parseTimestamp("0")).toBe(0n);
});

test("nothing", () => {
  for (const text of [undefined, ""]) expect(parseTimestamp(text)).toBeUndefined();
});

test("anything else is refused in Go's words", () => {
  const refusal = (text: string): string => {
    try {
      return String(parseTimestamp(text));
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refusal("x")).toBe('strconv.ParseInt: parsing "x": invalid syntax');
  expect(refusal("1.5x")).toBe('strconv.ParseInt: parsing "5x": invalid syntax');
  expect(refusal("2020-01-01T00:00:00Z")).toBe('strconv.ParseInt: parsing "2020-01-01T00:00:00Z": invalid syntax');
});
