import { expect, test } from "bun:test";
import { silentLog } from "#base/log.ts";
import type { StoredImage } from "#image/types.ts";
import { fakeImages } from "../testing/fake-images.ts";
import { FakeWorld } from "../testing/fake-world.ts";
import { cleanImages } from "./clean.ts";
import { ScheduledClean } from "./scheduled-clean.ts";

const HOUR_MS = 3_600_000;
const MB = 1_000_000;

/** Time that passes when it is told to, and what waits for it. */
class ManualClock {
  #nowMs = Date.parse("2026-03-01T00:00:00Z");
  #waiting: { readonly atMs: number; readonly act: () => void }[] = [];

  readonly nowNs = (): bigint => BigInt(this.#nowMs) * 1_000_000n;

  readonly later = (ms: number, act: () => void): (() => void) => {
    const entry = { atMs: this.#nowMs + ms, act };
    this.#waiting.push(entry);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== entry));
  };

  get iso(): string {
    return new Date(this.#nowMs).toISOString();
  }

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    const due = this.#waiting.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#waiting = this.#waiting.filter((entry) => !due.includes(entry));
    for (const { act } of due) act();
    // Who was called waits for the next time when it is done.
    while (due.length > 0 && this.#waiting.length === 0) await Bun.sleep(0);
  }
}

test("days pass: nothing goes below the high mark, above it what was not used for longest until the low one is reached", async () => {
  const clock = new ManualClock();
  const world = new FakeWorld();
  world.images.clear();
  const images = fakeImages(world);
  const removed: string[] = [];
  const clean = cleanImages({
    images,
    registry: { all: () => [] } as never,
    clock: { nowNs: clock.nowNs } as never,
    events: { publish: () => {} } as never,
    log: silentLog,
    remove: async (name) => {
      world.images.delete(name);
      removed.push(name);
      return [{ Untagged: name }];
    },
  });
  const pulled = (name: string, sizeBytes: number): void => {
    const image: StoredImage = {
      ...world.addImage(name, {}),
      layers: [
        { diffId: "shared", sizeBytes: 10 * MB, path: "" },
        { diffId: name, sizeBytes, path: "" },
      ],
      lastTaggedAt: clock.iso,
    };
    world.images.set(name, image);
  };
  const used = (name: string): void => {
    const image = world.images.get(name);
    if (image !== undefined) world.images.set(name, { ...image, lastUsedAt: clock.iso });
  };
  const policy = { highBytes: 100 * MB, lowBytes: 85 * MB, unusedMs: 2 * HOUR_MS, keep: ["team/*:*"] };
  const cleaning = new ScheduledClean({
    schedule: () => ({ policy, everyMs: HOUR_MS, dryRun: false }),
    clean,
    later: clock.later,
    log: silentLog,
  });
  cleaning.start();

  pulled("team/base:1", 30 * MB);
  pulled("one:1", 20 * MB);
  await clock.pass(HOUR_MS);
  pulled("two:1", 20 * MB);
  await clock.pass(HOUR_MS);
  pulled("three:1", 20 * MB);
  await clock.pass(HOUR_MS);
  // 10 + 30 + 3 x 20: at the mark, not above it.
  expect([removed, world.images.size]).toEqual([[], 4]);
  used("one:1");
  pulled("four:1", 5 * MB);
  await clock.pass(HOUR_MS / 2);
  expect(removed).toEqual([]);
  await clock.pass(HOUR_MS / 2);
  // The oldest goes, but for the kept one and the one that was used again, and then the low mark is reached.
  expect(removed).toEqual(["two:1"]);
  await clock.pass(HOUR_MS);
  expect(removed).toEqual(["two:1"]);
  pulled("five:1", 20 * MB);
  await clock.pass(HOUR_MS);
  expect(removed).toEqual(["two:1", "three:1"]);
  expect([...world.images.keys()].toSorted()).toEqual(["five:1", "four:1", "one:1", "team/base:1"]);

  cleaning.close();
  pulled("six:1", 500 * MB);
  await clock.pass(100 * HOUR_MS);
  expect(removed).toHaveLength(2);
});
