import { expect, test } from "bun:test";
import { withoutZeroLimits } from "./set-limits.ts";

test("limits of zero are left alone, other zeros are values", () => {
  expect(
    withoutZeroLimits({
      memory: { limit: 0, reservation: 5, swap: 0, swappiness: 0 },
      cpu: { shares: 0, quota: -1, cpus: "", idle: 0 },
      pids: { limit: 0 },
      blockIO: { weight: 0 },
      hugepageLimits: [],
    }),
  ).toEqual({
    memory: { reservation: 5, swappiness: 0 },
    cpu: { quota: -1, cpus: "", idle: 0 },
    pids: {},
    blockIO: {},
    hugepageLimits: [],
  });
});
