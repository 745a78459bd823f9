import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { EngineFiles } from "./engine-files.ts";

let folder = "";
let path = "";
const files = new EngineFiles({ discard: async () => undefined, makeContainerDirectory: () => undefined });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-files-"));
  path = join(folder, "hosts");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("text takes the place of longer text in the same file", async () => {
  await files.writeText(path, "127.0.0.1\tlocalhost\n172.17.0.2\tweb\n", 0o644);
  const { ino } = statSync(path);
  chmodSync(path, 0o600);
  await files.writeText(path, "127.0.0.1\tlocalhost\n", 0o644);
  expect(readFileSync(path, "utf8")).toBe("127.0.0.1\tlocalhost\n");
  expect(statSync(path).ino).toBe(ino);
  expect(statSync(path).mode & 0o7777).toBe(0o644);
});

test("an empty file is made where there was none, and nothing else is touched", async () => {
  expect(await files.makeFile(path, 0o644)).toBe(true);
  expect(await files.readTextMaybe(path)).toBe("");
  expect(statSync(path).mode & 0o7777).toBe(0o644);
  writeFileSync(path, "kept");
  expect(await files.makeFile(path, 0o600)).toBe(false);
  expect(await files.readTextMaybe(path)).toBe("kept");
  expect(statSync(path).mode & 0o7777).toBe(0o644);

  const link = join(folder, "link");
  symlinkSync(join(folder, "nowhere"), link);
  expect(await files.makeFile(link, 0o644)).toBe(false);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(await files.readTextMaybe(link)).toBeUndefined();
});
