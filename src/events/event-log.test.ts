import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";

import { silentLog } from "#base/log.ts";
import type { EventInput, EventRecord } from "./event.ts";
import { EventFiles } from "./event-files.ts";
import { EventLog } from "./event-log.ts";

let directory = "";
let files: EventFiles | undefined;
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/berth-events-`);
});
afterEach(() => {
  files?.close();
  rmSync(directory, { recursive: true, force: true });
});

const roomy = { fileBytes: 1 << 20, totalBytes: 1 << 24, ageNs: 10n ** 18n };

/** An engine's event log over the test's directory; the one before it is gone as if killed. */
function open(options: { recent?: number; limits?: typeof roomy; nowNs?: bigint } = {}) {
  const clock = {
    now: options.nowNs ?? 0n,
    nowNs() {
      return this.now;
    },
  };
  files = new EventFiles({ directory, limits: options.limits ?? roomy });
  const log = new EventLog({
    clock,
    files,
    log: silentLog,
    ...(options.recent === undefined ? {} : { recent: options.recent }),
  });
  return { log, clock };
}

function event(action: string, more: Partial<EventInput> = {}): EventInput {
  return { type: "container", action, id: "c1", attributes: {}, ...more };
}

async function drain(events: AsyncIterable<EventRecord>): Promise<string[]> {
  const actions: string[] = [];
  for await (const record of events) actions.push(record.action);
  return actions;
}

/** The next `count` actions. */
async function take(events: AsyncIterator<EventRecord>, count: number): Promise<string[]> {
  const actions: string[] = [];
  while (actions.length < count) actions.push((await events.next()).value.action);
  return actions;
}

test("a subscriber hears what comes after it, in order", async () => {
  const { log } = open();
  log.publish(event("before"));
  const stop = new AbortController();
  const events = log.subscribe({ signal: stop.signal });
  log.publish(event("one"));
  log.publish(event("two"));
  expect(await take(events, 2)).toEqual(["one", "two"]);
  stop.abort();
  expect(await drain(events)).toEqual([]);
  expect(log.listeners).toBe(0);
});

test("the engine's own subscribers hear everything and are not counted", async () => {
  const { log } = open();
  const stop = new AbortController();
  const own = log.subscribe({ signal: stop.signal, own: true });
  const other = log.subscribe({ signal: stop.signal });
  expect(log.listeners).toBe(1);
  log.publish(event("one"));
  expect([await take(own, 1), await take(other, 1)]).toEqual([["one"], ["one"]]);
  stop.abort();
  expect(log.listeners).toBe(0);
});

test("since and until replay what is kept, also for the next engine", async () => {
  const { log, clock } = open();
  for (const [index, action] of ["a", "b", "c"].entries()) {
    clock.now = BigInt(10 * (index + 1));
    log.publish(event(action, { attributes: { name: action } }));
  }
  for (const each of [log, open({ nowNs: 40n }).log]) {
    expect(await drain(each.subscribe({ sinceNs: 0n, untilNs: 30n }))).toEqual(["a", "b", "c"]);
    expect(await drain(each.subscribe({ sinceNs: 11n, untilNs: 30n }))).toEqual(["b", "c"]);
    expect(await drain(each.subscribe({ sinceNs: 30n, untilNs: 30n }))).toEqual(["c"]);
    expect(await drain(each.subscribe({ sinceNs: 0n, untilNs: 25n }))).toEqual(["a", "b"]);
    expect(await drain(each.subscribe({ sinceNs: 31n, untilNs: 35n }))).toEqual([]);
  }
  const [first] = await Array.fromAsync(open({ nowNs: 40n }).log.subscribe({ sinceNs: 0n, untilNs: 30n }));
  expect(first).toEqual({ type: "container", action: "a", id: "c1", attributes: { name: "a" }, timeNs: 10n });
});

test("a replay goes over into what happens now, without a gap and without doubles", async () => {
  open().log.publish(event("earlier engine"));
  const { log } = open({ recent: 2 });
  for (const action of ["a", "b", "c"]) log.publish(event(action));
  const events = log.subscribe({ sinceNs: 0n });
  expect(await take(events, 2)).toEqual(["earlier engine", "a"]);
  for (const action of ["d", "e", "f"]) log.publish(event(action));
  expect(await take(events, 5)).toEqual(["b", "c", "d", "e", "f"]);
  const waiting = events.next();
  log.publish(event("g"));
  expect((await waiting).value.action).toBe("g");
});

test("a slow reader misses nothing that the files still have", async () => {
  const { log } = open({ recent: 4, limits: { ...roomy, fileBytes: 300 } });
  const events = log.subscribe();
  const actions = Array.from({ length: 100 }, (_, index) => `n${index}`);
  for (const action of actions) log.publish(event(action));
  expect(await take(events, 100)).toEqual(actions);
  await events.return?.();
  expect(log.listeners).toBe(0);
});

test("a reader too slow for the files is cut off, and the files stay small", async () => {
  const { log } = open({ recent: 4, limits: { ...roomy, fileBytes: 300, totalBytes: 900 } });
  const events = log.subscribe();
  log.publish(event("n"));
  expect(await take(events, 1)).toEqual(["n"]);
  for (let index = 0; index < 100; index += 1) log.publish(event(`n${index}`));
  expect(events.next()).rejects.toMatchObject({ kind: "resource-exhausted" });
  expect(log.listeners).toBe(0);
  expect(readdirSync(directory).length).toBeLessThanOrEqual(3);
});

test("old history is given up, the newest file never", async () => {
  const limits = { fileBytes: 100, totalBytes: 1 << 20, ageNs: 50n };
  const { log, clock } = open({ limits });
  for (const now of [1n, 2n, 3n, 4n, 100n]) {
    clock.now = now;
    log.publish(event(`at ${now}`));
  }
  const left = await drain(open({ limits, nowNs: 200n }).log.subscribe({ sinceNs: 0n, untilNs: 100n }));
  expect(left).toEqual(["at 3", "at 4", "at 100"]);
});

test("transient events are told and not kept", async () => {
  const { log } = open();
  const events = log.subscribe();
  log.publish(event("probe", { transient: true }));
  log.publish(event("kept"));
  expect(await take(events, 2)).toEqual(["probe", "kept"]);
  expect(await drain(log.subscribe({ sinceNs: 0n, untilNs: 0n }))).toEqual(["probe", "kept"]);
  expect(await drain(open().log.subscribe({ sinceNs: 0n, untilNs: 0n }))).toEqual(["kept"]);
});

test("a torn end and damaged lines hide nothing else", async () => {
  open().log.publish(event("whole"));
  appendFileSync(`${directory}/00000001.jsonl`, 'not json\n{"ns":"5","type":"container","act');
  const { log } = open();
  log.publish(event("after"));
  expect(await drain(log.subscribe({ sinceNs: 0n, untilNs: 0n }))).toEqual(["whole", "after"]);
  expect(await drain(open().log.subscribe({ sinceNs: 0n, untilNs: 0n }))).toEqual(["whole", "after"]);
});

test("a file without any record goes", async () => {
  writeFileSync(`${directory}/00000007.jsonl`, "\0\0\0");
  const { log } = open();
  expect(readdirSync(directory)).toEqual([]);
  log.publish(event("first"));
  expect(await drain(log.subscribe({ sinceNs: 0n, untilNs: 0n }))).toEqual(["first"]);
});

test("events that cannot be written are still told", async () => {
  const { log } = open();
  const events = log.subscribe();
  log.publish(event("before"));
  rmSync(directory, { recursive: true });
  files?.close();
  log.publish(event("lost"));
  log.publish(event("lost too"));
  expect(await take(events, 3)).toEqual(["before", "lost", "lost too"]);
});

test("until ends a live stream when its time has come", async () => {
  const { log, clock } = open();
  const reading = drain(log.subscribe({ untilNs: 5_000_000n }));
  log.publish(event("in time"));
  clock.now = 6_000_000n;
  log.publish(event("late"));
  expect(await reading).toEqual(["in time"]);
  expect(log.listeners).toBe(0);
});

test("a waiting reader is woken by abort, one that leaves is forgotten", async () => {
  const { log } = open();
  const stop = new AbortController();
  const reading = drain(log.subscribe({ signal: stop.signal }));
  await Promise.resolve();
  stop.abort();
  expect(await reading).toEqual([]);
  const events = log.subscribe();
  log.publish(event("one"));
  for await (const record of events) {
    expect(record.action).toBe("one");
    break;
  }
  expect(log.listeners).toBe(0);
});

test("times never run backwards, not even from one engine to the next", async () => {
  const { log, clock } = open({ nowNs: 100n });
  log.publish(event("a"));
  clock.now = 50n;
  log.publish(event("b"));
  const next = open({ nowNs: 10n }).log;
  next.publish(event("c"));
  const records = await Array.fromAsync(next.subscribe({ sinceNs: 100n, untilNs: 100n }));
  expect(records.map(({ timeNs }) => timeNs)).toEqual([100n, 100n, 100n]);
});
