import { expect, test } from "bun:test";
import { Allowance } from "./allowance.ts";

test("so many at once, and then as many as time passes", () => {
  let now = 0;
  const allowance = new Allowance({ rate: 100, burst: 5, nowMs: () => now });
  const taken = (): number => {
    let count = 0;
    while (allowance.take()) count++;
    return count;
  };
  expect(taken()).toBe(5);
  expect(taken()).toBe(0);
  now = 9;
  expect(taken()).toBe(0);
  now = 30;
  expect(taken()).toBe(3);
  now = 10_000;
  expect(taken()).toBe(5);
});
