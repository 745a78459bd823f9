import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { withFd } from "../files/files.ts";
import { O_DIRECTORY, O_RDONLY } from "../kernel/linux.ts";
import { open } from "../kernel/syscalls.ts";
import { absolutePath, baseName, evaluateInRoot } from "./container-path.ts";

test.each([
  ["/a", "/a", "a"],
  ["a/b", "/a/b", "b"],
  ["/a/", "/a/", "a"],
  ["/a/.", "/a/.", "."],
  ["/a/./", "/a/.", "."],
  ["a//b/../c", "/a/c", "c"],
  ["/", "/", "/"],
  ["//", "/", "/"],
  [".", "/.", "."],
  ["./", "/.", "."],
  ["..", "/", "/"],
  ["../../etc", "/etc", "etc"],
  ["/a/..", "/", "/"],
  ["/a/b/../.", "/a/.", "."],
  ["/.hidden", "/.hidden", ".hidden"],
  ["/dots...", "/dots...", "dots..."],
])("%j is %j, named %j", (path, absolute, base) => {
  expect(absolutePath(path)).toBe(absolute);
  expect(baseName(absolute)).toBe(base);
});

let root = "";

beforeAll(() => {
  root = mkdtempSync(`${tmpdir()}/berth-paths-`);
  mkdirSync(`${root}/d/e`, { recursive: true });
  writeFileSync(`${root}/d/f`, "");
  for (const [name, target] of [
    ["abs", "/d/f"],
    ["d/rel", "e"],
    ["chain", "d/rel/../f"],
    ["dangling", "/no/where"],
    ["climbs", "../../../../d"],
    ["loop", "loop"],
    ["self", "/self/x"],
  ] as const) {
    symlinkSync(target, `${root}/${name}`);
  }
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const evaluate = (path: string): string => withFd(open(root, O_RDONLY | O_DIRECTORY), (fd) => evaluateInRoot(fd, path));

test.each([
  ["/", "/"],
  ["/d", "/d"],
  ["/abs", "/d/f"],
  ["/d/rel", "/d/e"],
  ["/d/rel/.", "/d/e"],
  ["/chain", "/d/f"],
  ["/dangling/x", "/no/where/x"],
  ["/climbs/f", "/d/f"],
  ["/climbs/../x", "/x"],
  ["/nothing/../d", "/d"],
])("%j leads to %j inside the root", (path, to) => {
  expect(evaluate(path)).toBe(to);
});

test.each(["/loop", "/self"])("%j leads nowhere", (path) => {
  expect(() => evaluate(path)).toThrow("too many levels of symbolic links");
});
