import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { leftovers } from "./leak-check.ts";

const top = existsSync("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
const group = (path: string): string => `cgroup ${top}/${path}`;

test("what others do in groups of their own meanwhile is not left behind", () => {
  const before = new Set([`cgroup ${top}`, group("others"), group("others/first"), group("others/berth")]);
  const after = (...more: readonly string[]): Set<string> => new Set([...before, ...more]);
  expect(leftovers(before, after(group("others/second"), group("others/first/deep")))).toEqual([]);
  // At the top anybody may make one, engines too; and what has an engine's or a container's name is its own anywhere.
  const ours = [group("made"), group("made/below"), group("others/berth/x"), group(`others/${"a1".repeat(32)}`)];
  expect(leftovers(before, after(...ours))).toEqual(ours.toSorted());
  expect(leftovers(before, after("interface veth1", "mount tmpfs x on /y"))).toEqual([
    "interface veth1",
    "mount tmpfs x on /y",
  ]);
});
