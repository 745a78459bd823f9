import { expect, test } from "bun:test";
import { RecentEnds } from "./recent-ends.ts";

test("an end is remembered for ten seconds, by the whole id", () => {
  let seconds = 0;
  const ends = new RecentEnds({ nowNs: () => BigInt(seconds) * 1_000_000_000n });
  ends.note("a1", { exitCode: 3, error: "" });
  seconds = 7;
  ends.note("b2", { exitCode: 0, error: "" });
  expect([ends.of("a1"), ends.of("a")]).toEqual([{ exitCode: 3, error: "" }, undefined]);
  seconds = 11;
  expect([ends.of("a1"), ends.of("b2")]).toEqual([undefined, { exitCode: 0, error: "" }]);
});
