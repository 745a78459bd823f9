import { expect, test } from "bun:test";
import { silentLog } from "#base/log.ts";
import { ScheduledClean, type CleanSchedule } from "./scheduled-clean.ts";

test("cleans as the schedule says when its time comes, again and again, until it is closed", async () => {
  let schedule: CleanSchedule | undefined;
  let due: { readonly ms: number; readonly act: () => void } | undefined;
  const cleaned: [number | undefined, boolean][] = [];
  const cleaning = new ScheduledClean({
    schedule: () => schedule,
    clean: async ({ highBytes }, { dryRun }) => {
      cleaned.push([highBytes, dryRun]);
      if (cleaned.length === 2) throw new Error("the second one fails");
      return { Images: [], BytesBefore: 0, SpaceReclaimed: 0 };
    },
    later: (ms, act) => {
      due = { ms, act };
      return () => (due = undefined);
    },
    log: silentLog,
  });
  cleaning.start();
  expect(due).toBeUndefined();
  const policy = { highBytes: 5, lowBytes: 1, unusedMs: 0, keep: [] };
  schedule = { policy, everyMs: 1000, dryRun: false };
  cleaning.start();
  for (let time = 1; time <= 3; time++) {
    expect(due?.ms).toBe(1000);
    due?.act();
    await Bun.sleep(0);
    expect(cleaned).toHaveLength(time);
    schedule = { ...schedule, dryRun: true };
  }
  expect(cleaned).toEqual([
    [5, false],
    [5, true],
    [5, true],
  ]);
  cleaning.close();
  expect(due).toBeUndefined();
  cleaning.start();
  expect(due).toBeUndefined();
});
