import { expect, test } from "bun:test";

import { SystemClock } from "./clock.ts";

test("the clock agrees with the wall to the millisecond and does not run backwards", () => {
  const clock = new SystemClock();
  let last = 0n;
  for (let round = 0; round < 10_000; round++) {
    const before = BigInt(Date.now()) * 1_000_000n;
    const now = clock.nowNs();
    const after = (BigInt(Date.now()) + 1n) * 1_000_000n;
    expect(now >= before && now <= after).toBe(true);
    expect(now >= last).toBe(true);
    last = now;
  }
});
