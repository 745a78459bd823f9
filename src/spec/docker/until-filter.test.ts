import { expect, test } from "bun:test";
import { untilFilter } from "./until-filter.ts";

const now = 1_700_000_000_000_000_000n;
const until = (...values: string[]): bigint | undefined => untilFilter(new Map([["until", new Set(values)]]), now);

test("until as duration, Unix seconds and RFC 3339 in full and in part", () => {
  expect(untilFilter(new Map(), now)).toBeUndefined();
  expect(until("1h")).toBe(now - 3_600_000_000_000n);
  expect(until("0s")).toBe(now);
  expect(until("1699999999.5")).toBe(1_699_999_999_500_000_000n);
  expect(until("2023-11-14T22:13:20Z")).toBe(now);
  expect(until("2023-11-14T22:13:20")).toBe(now);
  expect(until("2023-11-14T23:13:20+01:00")).toBe(now);
  expect(until("2023-11-14")).toBe(1_699_920_000_000_000_000n);
});

test("until refused", () => {
  expect(() => until("xx")).toThrow('failed to parse value as time or duration: "xx"');
  expect(() => until("")).toThrow('failed to parse value as time or duration: ""');
  expect(() => until("1s", "2s")).toThrow("more than one until filter specified");
});
