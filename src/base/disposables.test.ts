import { expect, test } from "bun:test";

import { Rollback } from "./disposables.ts";

test("a failure undoes in reverse order and is what is thrown", async () => {
  const trace: string[] = [];
  const act = Rollback.run(async (rollback) => {
    rollback.add(() => void trace.push("first"));
    rollback.add(() => Promise.reject(new Error("undo failed")));
    rollback.add(() => void trace.push("last"));
    throw new Error("act failed");
  });
  await expect(act).rejects.toThrow("act failed");
  expect(trace).toEqual(["last", "first"]);
});

test("success undoes nothing", async () => {
  let undone = false;
  expect(
    await Rollback.run(async (rollback) => {
      rollback.add(() => void (undone = true));
      return 1;
    }),
  ).toBe(1);
  expect(undone).toBe(false);
});
