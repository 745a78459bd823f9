import { expect, test } from "bun:test";

import { EventBus, type EventInput, type EventRecord } from "./event-bus.ts";

function clockAt(start: bigint): { now: bigint; nowNs(): bigint } {
  return {
    now: start,
    nowNs() {
      return this.now;
    },
  };
}

function event(action: string): EventInput {
  return { type: "container", action, id: "c1", attributes: {} };
}

async function drain(events: AsyncIterable<EventRecord>): Promise<string[]> {
  const actions: string[] = [];
  for await (const record of events) actions.push(record.action);
  return actions;
}

test("a subscriber hears what comes after it, in order", async () => {
  const bus = new EventBus({ clock: clockAt(1n) });
  bus.publish(event("before"));
  const stop = new AbortController();
  const events = bus.subscribe({ signal: stop.signal });
  bus.publish(event("one"));
  bus.publish(event("two"));
  expect((await events.next()).value.action).toBe("one");
  expect((await events.next()).value.action).toBe("two");
  stop.abort();
  expect(await drain(events)).toEqual([]);
  expect(bus.listeners).toBe(0);
});

test("since replays what is kept", async () => {
  const clock = clockAt(10n);
  const bus = new EventBus({ clock, keep: 2 });
  for (const [index, action] of ["a", "b", "c"].entries()) {
    clock.now = BigInt(10 * (index + 1));
    bus.publish(event(action));
  }
  expect(await drain(bus.subscribe({ sinceNs: 0n, untilNs: 30n }))).toEqual(["b", "c"]);
  expect(await drain(bus.subscribe({ sinceNs: 30n, untilNs: 30n }))).toEqual(["c"]);
  expect(await drain(bus.subscribe({ sinceNs: 0n, untilNs: 25n }))).toEqual(["b"]);
});

test("until ends a live stream when its time has come", async () => {
  const clock = clockAt(0n);
  const bus = new EventBus({ clock });
  const reading = drain(bus.subscribe({ untilNs: 5_000_000n }));
  bus.publish(event("in time"));
  clock.now = 6_000_000n;
  bus.publish(event("late"));
  expect(await reading).toEqual(["in time"]);
  expect(bus.listeners).toBe(0);
});

test("a waiting reader is woken by abort", async () => {
  const bus = new EventBus({ clock: clockAt(0n) });
  const stop = new AbortController();
  const reading = drain(bus.subscribe({ signal: stop.signal }));
  await Promise.resolve();
  stop.abort();
  expect(await reading).toEqual([]);
});

test("a reader that leaves is forgotten", async () => {
  const bus = new EventBus({ clock: clockAt(0n) });
  const events = bus.subscribe();
  bus.publish(event("one"));
  for await (const record of events) {
    expect(record.action).toBe("one");
    break;
  }
  expect(bus.listeners).toBe(0);
});

test("a slow reader is cut off and holds nobody up", async () => {
  const bus = new EventBus({ clock: clockAt(0n), maxBehind: 2 });
  const slow = bus.subscribe();
  for (const action of ["a", "b", "c", "d"]) bus.publish(event(action));
  expect((await slow.next()).value.action).toBe("a");
  expect((await slow.next()).value.action).toBe("b");
  expect(slow.next()).rejects.toMatchObject({ kind: "resource-exhausted" });
  expect(bus.listeners).toBe(0);
});

test("times never run backwards", () => {
  const clock = clockAt(100n);
  const bus = new EventBus({ clock });
  const events = bus.subscribe();
  bus.publish(event("a"));
  clock.now = 50n;
  bus.publish(event("b"));
  return Promise.all([events.next(), events.next()]).then(([a, b]) => {
    expect(a.value.timeNs).toBe(100n);
    expect(b.value.timeNs).toBe(100n);
  });
});
