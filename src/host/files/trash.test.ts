import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { silentLog } from "#base/log.ts";
import { Trash } from "./trash.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/trash-`);
  mkdirSync(`${root}/bin`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("a discarded tree is gone from its name at once and altogether when settled", async () => {
  const trash = new Trash({ directory: `${root}/bin`, log: silentLog });
  mkdirSync(`${root}/tree/deep`, { recursive: true });
  writeFileSync(`${root}/tree/deep/file`, "x");
  await trash.discard(`${root}/tree`);
  expect(existsSync(`${root}/tree`)).toBe(false);
  await trash.settled();
  expect(readdirSync(`${root}/bin`)).toEqual([]);
});

test("what is not there is no error", async () => {
  const trash = new Trash({ directory: `${root}/bin`, log: silentLog });
  await trash.discard(`${root}/nothing`);
  await trash.settled();
});

test("empty() removes what an earlier process left", async () => {
  mkdirSync(`${root}/bin/left/over`, { recursive: true });
  const trash = new Trash({ directory: `${root}/bin`, log: silentLog });
  trash.empty();
  await trash.settled();
  expect(readdirSync(`${root}/bin`)).toEqual([]);
});
