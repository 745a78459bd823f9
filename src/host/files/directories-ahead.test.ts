import { afterEach, beforeEach, expect, test } from "bun:test";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { silentLog } from "#base/log.ts";
import { DirectoriesAhead, type DirectoryTree } from "./directories-ahead.ts";

const tree: DirectoryTree = {
  mode: 0o710,
  inner: [
    ["upper", 0o755],
    ["work", 0o711],
  ],
};

let root = "";
let waiting = "";
let ahead: DirectoriesAhead;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/berth-ahead-`);
  waiting = `${root}/ahead`;
  mkdirSync(waiting);
  ahead = new DirectoriesAhead({ directory: waiting, tree, log: silentLog });
});
afterEach(async () => {
  await ahead.close();
  rmSync(root, { recursive: true, force: true });
});

const modesOf = (path: string): readonly string[] =>
  ["", "/upper", "/work"].map((name) => (lstatSync(path + name).mode & 0o7777).toString(8));
const whole = ["710", "755", "711"];

async function ready(count: number): Promise<readonly number[]> {
  while (readdirSync(waiting).length < count) await Bun.sleep(5);
  return readdirSync(waiting).map((name) => lstatSync(`${waiting}/${name}`).ino);
}

test("one that waited is moved to where it is asked for, and another is made", async () => {
  await ahead.open();
  const before = await ready(4);
  ahead.make(`${root}/one`);
  expect(before).toContain(lstatSync(`${root}/one`).ino);
  expect(modesOf(`${root}/one`)).toEqual(whole);
  expect(readdirSync(waiting)).toHaveLength(3);
  expect(await ready(4)).not.toContain(lstatSync(`${root}/one`).ino);
});

test("more than wait are made at once, each the same", async () => {
  await ahead.open();
  await ready(4);
  for (let number = 0; number < 10; number++) ahead.make(`${root}/${number}`);
  for (let number = 0; number < 10; number++) expect(modesOf(`${root}/${number}`)).toEqual(whole);
  expect(readdirSync(waiting)).toEqual([]);
});

test("without having been opened it makes nothing ahead, and what is asked for all the same", async () => {
  ahead.make(`${root}/one`);
  expect(modesOf(`${root}/one`)).toEqual(whole);
  await Bun.sleep(50);
  expect(readdirSync(waiting)).toEqual([]);
});

test("what is there keeps what is in it, and gets what is missing", async () => {
  await ahead.open();
  await ready(1);
  mkdirSync(`${root}/half/upper`, { recursive: true });
  writeFileSync(`${root}/half/upper/file`, "kept");
  ahead.make(`${root}/half`);
  expect(modesOf(`${root}/half`)).toEqual(whole);
  expect(readdirSync(`${root}/half/upper`)).toEqual(["file"]);
  mkdirSync(`${root}/empty`);
  const { ino } = lstatSync(`${root}/empty`);
  ahead.make(`${root}/empty`);
  expect(lstatSync(`${root}/empty`).ino).toBe(ino);
});

test("what a killed process left is gone at the next start, and nothing is left by one that closes", async () => {
  mkdirSync(`${waiting}/left/upper`, { recursive: true });
  await ahead.open();
  expect(readdirSync(waiting)).toEqual([]);
  await ready(4);
  await ahead.close();
  expect(readdirSync(waiting)).toEqual([]);
});

test("those that somebody removed are not handed out", async () => {
  await ahead.open();
  await ready(4);
  for (const name of readdirSync(waiting)) rmSync(`${waiting}/${name}`, { recursive: true });
  for (const name of ["one", "two"]) {
    ahead.make(`${root}/${name}`);
    expect(modesOf(`${root}/${name}`)).toEqual(whole);
  }
});

test("where none can be made ahead, who asks makes it or is told", async () => {
  await ahead.open();
  rmSync(waiting, { recursive: true });
  writeFileSync(waiting, "");
  ahead.make(`${root}/one`);
  await Bun.sleep(50);
  expect(modesOf(`${root}/one`)).toEqual(whole);
  expect(() => ahead.make(`${root}/ahead/one`)).toThrow("not a directory");
  rmSync(waiting);
  mkdirSync(waiting);
});
