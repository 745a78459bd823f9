import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { announce, runBeside, type FileOperation } from "./operations-beside.ts";
import { close, pipe, read } from "./syscalls.ts";

let dir = "";
let ends: readonly [readEnd: number, writeEnd: number] = [-1, -1];

beforeEach(() => {
  dir = mkdtempSync(`${tmpdir()}/operations-`);
  ends = pipe();
});

afterEach(() => {
  rmSync(dir, { recursive: true });
  ends.forEach(close);
});

/** What was announced until now, or will be while this waits, if the writing end is closed. */
function announced(): number {
  const into = new Uint8Array(8);
  return into[read(ends[0], into) - 1] ?? 0;
}

const announcement = () => ({ fd: ends[1], word: 7 });
const mkdir = (name: string): FileOperation => ({ kind: "mkdir", path: `${dir}/${name}` });
const write = (name: string, value: string): FileOperation => ({ kind: "write", path: `${dir}/${name}`, value });

test("operations are done in order, and announced while this thread is blocked", async () => {
  for (const name of ["one", "two", "copied"]) writeFileSync(`${dir}/${name}`, "");
  const ended = runBeside(
    [
      mkdir("a"),
      mkdir("a/b"),
      write("one", "first "),
      write("one", "second"),
      write("two", "other"),
      { kind: "copy", path: `${dir}/two`, to: `${dir}/copied` },
      write("two", "ä"),
    ],
    announcement(),
  );
  expect(announced()).toBe(7);
  expect(await ended).toEqual({ done: 7, errno: 0 });
  expect(statSync(`${dir}/a/b`).mode & 0o777).toBe(0o755 & ~process.umask());
  const contents = ["one", "two", "copied"].map((name) => readFileSync(`${dir}/${name}`, "utf8"));
  expect(contents).toEqual(["first second", "äher", "other"]);
});

test("the first that fails is the last, and nothing is announced", async () => {
  for (const [operations, result] of [
    [[mkdir("made"), mkdir("made"), mkdir("never")], { done: 1, errno: 17 }],
    [[write("none", "x"), mkdir("never")], { done: 0, errno: 2 }],
    [[{ kind: "copy", path: `${dir}/empty`, to: `${dir}/never` }], { done: 0, errno: 61 }],
    [[mkdir("nul\0d/never")], { done: 0, errno: 22 }],
  ] as const) {
    writeFileSync(`${dir}/empty`, "\n");
    expect(await runBeside(operations, announcement())).toEqual(result);
    expect(() => statSync(`${dir}/never`)).toThrow("ENOENT");
  }
  announce({ fd: ends[1], word: 9 });
  expect(announced()).toBe(9);
});

test("many batches are each told their own end, also to a reader that is gone", async () => {
  const [gone, fd] = pipe();
  close(gone);
  const deaf = { fd, word: 7 };
  const names = Array.from({ length: 200 }, (_, index) => `d${String(index)}`);
  const results = await Promise.all(names.map((name) => runBeside([mkdir(name), mkdir(name)], deaf)));
  expect(results.every(({ done, errno }) => done === 1 && errno === 17)).toBe(true);
  expect(await runBeside([], deaf)).toEqual({ done: 0, errno: 0 });
  announce(deaf);
  close(fd);
});
