import { afterAll, expect, test } from "bun:test";

import { ProcessWorkerPool } from "./process-worker-pool.ts";

const worker = new URL("./testing/worker-process.ts", import.meta.url).pathname;
const pool = new ProcessWorkerPool({ command: [process.execPath, worker], maxWorkers: 2 });
afterAll(() => pool.close());

test("a task answers", async () => {
  expect(await pool.start<number>("add", [1, 2]).result).toBe(3);
});

test("messages travel both ways, also those sent before the worker runs", async () => {
  const heard: unknown[] = [];
  const run = pool.start("echo", null, (message) => heard.push(message));
  run.send("one");
  run.send("two");
  run.send(null);
  expect(await run.result).toBe(2);
  expect(heard).toEqual(["one", "two"]);
});

test("a typed error comes back as it was thrown", async () => {
  const failure = pool.start("refuse", { name: "x" }).result;
  await expect(failure).rejects.toMatchObject({ kind: "conflict", message: "x is taken", hint: "try y", details: { name: "x" } });
});

test("an unknown task is refused", async () => {
  await expect(pool.start("nonsense", null).result).rejects.toMatchObject({ kind: "internal", message: "no task nonsense" });
});

test("abort reaches the task", async () => {
  const started = Promise.withResolvers<void>();
  const run = pool.start("forever", null, () => started.resolve());
  await started.promise;
  run.abort();
  await expect(run.result).rejects.toMatchObject({ kind: "cancelled" });
});

test("a worker that dies fails its own task only", async () => {
  const dying = pool.start("die", null).result;
  const other = pool.start<number>("add", [2, 2]).result;
  await expect(dying).rejects.toMatchObject({ kind: "internal", message: "the worker of die ended with exit code 3" });
  expect(await other).toBe(4);
});

test("more tasks than workers wait their turn", async () => {
  const sums = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => pool.start<number>("add", [n, n]).result));
  expect(sums).toEqual([2, 4, 6, 8, 10, 12]);
});

test("closing cancels what runs and what waits", async () => {
  const small = new ProcessWorkerPool({ command: [process.execPath, worker], maxWorkers: 1 });
  const started = Promise.withResolvers<void>();
  const running = small.start("forever", null, () => started.resolve()).result;
  const waiting = small.start("add", [1, 1]).result;
  const outcomes = Promise.allSettled([running, waiting]);
  await started.promise;
  await small.close();
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: { kind: "cancelled" } });
  expect(() => small.start("add", [1, 1])).toThrow("the worker pool is closed");
});
