import { expect, test } from "bun:test";

import { deferred, KeyedMutex, Limit, Mutex, orAborted, SingleFlight, sleep } from "./async.ts";

test("one key at a time, in order; other keys beside it", async () => {
  const mutex = new KeyedMutex();
  const trace: string[] = [];
  const gate = deferred<void>();
  const first = mutex.run("a", async () => {
    trace.push("a1 in");
    await gate.promise;
    trace.push("a1 out");
  });
  const second = mutex.run("a", () => void trace.push("a2"));
  const third = mutex.run("a", () => void trace.push("a3"));
  await mutex.run("b", () => void trace.push("b"));
  expect(trace).toEqual(["a1 in", "b"]);
  gate.resolve();
  await Promise.all([first, second, third]);
  expect(trace).toEqual(["a1 in", "b", "a1 out", "a2", "a3"]);
  expect(mutex.size).toBe(0);
});

test("a failure lets the next one in", async () => {
  const mutex = new Mutex();
  const failing = mutex.run(() => Promise.reject(new Error("no")));
  const next = mutex.run(() => 2);
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe(2);
});

test("work in flight is shared, finished work is not", async () => {
  const flight = new SingleFlight<number>();
  let calls = 0;
  const work = async (): Promise<number> => ++calls;
  expect(await Promise.all([flight.run("k", work), flight.run("k", work)])).toEqual([1, 1]);
  expect(await flight.run("k", work)).toBe(2);
  const failing = (): Promise<number> => Promise.reject(new Error("no"));
  await expect(flight.run("k", failing)).rejects.toThrow("no");
  expect(await flight.run("k", work)).toBe(3);
});

test("no more than the limit at a time", async () => {
  const limit = new Limit(2);
  const gates = Array.from({ length: 4 }, () => deferred<void>());
  let running = 0;
  let most = 0;
  const runs = gates.map((gate) =>
    limit.run(async () => {
      most = Math.max(most, ++running);
      await gate.promise;
      running--;
    }),
  );
  for (const gate of gates) {
    await Promise.resolve();
    gate.resolve();
  }
  await Promise.all(runs);
  expect(most).toBe(2);
});

test("sleep and waiting end with the signal", async () => {
  const stop = new AbortController();
  const sleeping = sleep(60_000, stop.signal);
  const waiting = orAborted(new Promise(() => {}), stop.signal);
  stop.abort();
  await expect(sleeping).rejects.toMatchObject({ kind: "cancelled" });
  await expect(waiting).rejects.toMatchObject({ kind: "cancelled" });
  await expect(sleep(60_000, stop.signal)).rejects.toMatchObject({ kind: "cancelled" });
  await sleep(1);
  expect(await orAborted(Promise.resolve(1), new AbortController().signal)).toBe(1);
});
