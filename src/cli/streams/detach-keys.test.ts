import { describe, expect, test } from "bun:test";
import { DetachFilter, parseDetachKeys } from "./detach-keys.ts";

test("names of keys", () => {
  expect([...parseDetachKeys("ctrl-p,ctrl-q")]).toEqual([16, 17]);
  expect([...parseDetachKeys("a,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_")]).toEqual([97, 0, 27, 28, 29, 30, 31]);
  expect(() => parseDetachKeys("ctrl-1")).toThrow("invalid detach keys (ctrl-1)");
  expect(() => parseDetachKeys("foo")).toThrow("Unknown character: 'foo'");
});

describe("the filter", () => {
  const run = (...chunks: number[][]): { passed: number[]; detached: boolean } => {
    const filter = new DetachFilter(Uint8Array.from([16, 17]));
    const passed: number[] = [];
    for (const chunk of chunks) {
      const { pass, detached } = filter.push(Uint8Array.from(chunk));
      passed.push(...pass);
      if (detached) return { passed, detached };
    }
    return { passed, detached: false };
  };

  test("finds the sequence across reads", () => {
    expect(run([1, 16], [17, 2])).toEqual({ passed: [1], detached: true });
  });
  test("gives back a beginning that was broken", () => {
    expect(run([16], [5])).toEqual({ passed: [16, 5], detached: false });
  });
  test("a broken beginning may start the sequence anew", () => {
    expect(run([16, 16, 17])).toEqual({ passed: [16], detached: true });
  });
});
