import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { addon } from "../kernel/addon.ts";
import { IdleCollector } from "./idle-collector.ts";

test("an idle process collects once it has grown by some megabytes since the last time, and gives up its code after much work", async () => {
  let held = 60 << 20;
  let left = 50 << 20;
  let [collected, shrunk] = [0, 0];
  let idle = Promise.withResolvers<void>();
  const memory = {
    held: () => held,
    collect: () => {
      collected++;
      held = left;
    },
    shrink: () => {
      shrunk++;
      held = 52 << 20;
    },
    releaseProgram: () => {},
  };
  const busyFromTheStart = new IdleCollector(() => {}, memory, 1);
  const collector = new IdleCollector(() => queueMicrotask(() => idle.resolve()), memory, 1);
  const rest = async (): Promise<number> => {
    idle = Promise.withResolvers();
    collector.touch();
    collector.touch();
    await idle.promise;
    return collected;
  };
  expect(await rest()).toBe(1);
  held += 3 << 20;
  expect(await rest()).toBe(1);
  held += 2 << 20;
  expect(await rest()).toBe(2);
  expect(await rest()).toBe(2);
  [held, left] = [150 << 20, 70 << 20];
  expect([await rest(), shrunk]).toEqual([3, 0]);
  [held, left] = [150 << 20, 90 << 20];
  expect([await rest(), shrunk]).toEqual([4, 1]);
  expect([await rest(), shrunk]).toEqual([4, 1]);
  // Its first collection comes after the work.
  [held, left] = [150 << 20, 90 << 20];
  busyFromTheStart.touch();
  await rest();
  expect(shrunk).toBe(2);
});

test("one that rests for longer gives up the pages of the program, after it has collected, and comes back as it was", async () => {
  const done: string[] = [];
  const released = Promise.withResolvers<void>();
  const memory = {
    held: () => 60 << 20,
    collect: () => void done.push("collected"),
    shrink: () => {},
    releaseProgram: () => {
      done.push("released");
      released.resolve();
    },
  };
  new IdleCollector(() => {}, memory, 1, 1).touch();
  await released.promise;
  expect(done).toEqual(["collected", "released"]);
});

test("a process goes on without the pages of its program, and holds less", () => {
  const mapped = (): number => Number(/^RssFile:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  const before = mapped();
  expect(addon().releaseProgram()).toBe(0);
  expect(mapped()).toBeLessThan(before);
  expect(JSON.parse('{"a":[1,2]}')).toEqual({ a: [1, 2] });
});
