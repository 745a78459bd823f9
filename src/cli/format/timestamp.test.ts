import { expect, test } from "bun:test";
import { timestampParameter } from "./timestamp.ts";

const now = 1_700_000_000_000;

test("Unix seconds go as they are, also 0", () => {
  for (const text of ["", "0", "-5", "1.5", "1136073600.0000000001"]) expect(timestampParameter(text, now)).toBe(text);
});

test("durations count back from now, dates are taken in their zone", () => {
  expect(timestampParameter("10m", now)).toBe("1699999400.000000000");
  expect(timestampParameter("1h1m", now)).toBe("1699996340.000000000");
  expect(timestampParameter("2020-01-01Z", now)).toBe("1577836800.000000000");
  expect(timestampParameter("2020-01-01T02:00:00.5+02:00", now)).toBe("1577836800.500000000");
});

test("what is neither is refused", () => {
  for (const text of ["yesterday", "2020-13-45", "2020-01-01T"]) {
    expect(() => timestampParameter(text, now)).toThrow(`failed to parse value as time or duration: "${text}"`);
  }
  expect(() => timestampParameter("x", now, "since")).toThrow('invalid value for "since": failed');
});
