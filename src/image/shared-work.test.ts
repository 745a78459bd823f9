import { expect, test } from "bun:test";
import { deferred } from "#base/async.ts";
import { messageOf } from "#base/errors.ts";
import { SharedWork, type OnProgress } from "./shared-work.ts";

const silent = { signal: undefined, onProgress: () => {} };

test("callers share one piece of work and its progress; a late one hears what stands", async () => {
  const shared = new SharedWork<number>();
  const gate = deferred<number>();
  let begun = 0;
  let emit: OnProgress = () => {};
  const work = (_signal: AbortSignal, tell: OnProgress): Promise<number> => {
    begun++;
    emit = tell;
    return gate.promise;
  };
  const early: string[] = [];
  const late: string[] = [];
  const first = shared.join("k", { signal: undefined, onProgress: (line) => early.push(line.status) }, work);
  await Bun.sleep(0);
  emit({ id: "a", status: "one" });
  emit({ id: "a", status: "two" });
  const second = shared.join("k", { signal: undefined, onProgress: (line) => late.push(line.status) }, work);
  emit({ id: "b", status: "three" });
  gate.resolve(7);
  expect(await Promise.all([first, second])).toEqual([7, 7]);
  expect(begun).toBe(1);
  expect(early).toEqual(["one", "two", "three"]);
  expect(late).toEqual(["two", "three"]);
  await shared.join("k", silent, async () => ++begun);
  expect(begun).toBe(2);
});

test("the work stops when the last caller has left, not before", async () => {
  const shared = new SharedWork<void>();
  let stopped = false;
  const work = (signal: AbortSignal): Promise<void> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        stopped = true;
        reject(new Error("stopped"));
      });
    });
  const [one, two] = [new AbortController(), new AbortController()];
  const first = shared.join("k", { ...silent, signal: one.signal }, work).catch((error: unknown) => error);
  const second = shared.join("k", { ...silent, signal: two.signal }, work).catch((error: unknown) => error);
  await Bun.sleep(0);
  one.abort();
  expect(await first).toMatchObject({ kind: "cancelled" });
  expect(stopped).toBe(false);
  two.abort();
  expect(await second).toMatchObject({ kind: "cancelled" });
  expect(stopped).toBe(true);
  expect(await shared.join("k", silent, async () => {})).toBeUndefined();
});

test("everyone hears of a failure, and the next caller tries anew", async () => {
  const shared = new SharedWork<number>();
  const failing = (): Promise<number> => Promise.reject(new Error("no"));
  const both = [shared.join("k", silent, failing), shared.join("k", silent, failing)].map((one) =>
    one.catch((error: unknown) => messageOf(error)),
  );
  expect(await Promise.all(both)).toEqual(["no", "no"]);
  expect(await shared.join("k", silent, async () => 1)).toBe(1);
});
