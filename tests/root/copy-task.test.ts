/** Files of a context at their places: what is copied many folders at a time comes out as if it were copied one by one. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyTask, type CopyInput, type CopyTaskSource } from "#build/files/copy-task.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";

setDefaultTimeout(120_000);

let scratch = "";
let umask = 0;

beforeAll(() => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  scratch = mkdtempSync(`${tmpdir()}/berth-copy-`);
  umask = process.umask(0);
});

afterAll(() => {
  process.umask(umask);
  rmSync(scratch, { recursive: true, force: true });
});

/** Copy `paths` of a context into an empty tree's /to; the tree's folder. */
async function copied(context: string, paths: readonly string[]): Promise<string> {
  const target = mkdtempSync(join(scratch, "target-"));
  const input: CopyInput = {
    target: { kind: "directory", path: target },
    sources: paths.map((path): CopyTaskSource => ({
      type: "tree",
      path,
      unpack: false,
      fileMode: undefined,
      from: undefined,
      tree: { kind: "folder", path: context, excludes: [], lasting: false },
    })),
    place: { destination: "/to", isDirectory: true, replaces: false },
    owner: { uid: 7, gid: 8 },
    mode: undefined,
    parents: false,
    excludes: [],
    nowSeconds: 5,
  };
  await copyTask(input as unknown as Json);
  return join(target, "to");
}

function context(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(scratch, "context-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

const large = "large ".repeat(20_000);

test("of sources that hold the same name the last one stays, small or large", async () => {
  const path = context({
    ...{ "a/small": "a", "b/small": "b", "c/small": "c" },
    ...{ "a/grows": "a", "b/grows": large, "a/shrinks": large, "b/shrinks": "b" },
    ...{ "a/in/deep": "a", "b/in/deep": "b" },
  });
  for (const paths of [["a", "b"], ["?"]]) {
    const target = await copied(path, paths);
    const read = (name: string): string => readFileSync(join(target, name), "utf8");
    expect(read("small")).toBe(paths.length === 2 ? "b" : "c");
    expect([read("grows") === large, read("shrinks"), read("in/deep")]).toEqual([true, "b", "b"]);
  }
});

test("more folders than are copied at a time, with modes, owners, links", async () => {
  const names = Array.from({ length: 300 }, (_, index) => `all/${index % 3}/${index}`);
  const path = context(
    Object.fromEntries(
      names.flatMap((name) => [
        [`${name}/one`, name],
        [`${name}/two`, `${name} `],
      ]),
    ),
  );
  linkSync(join(path, "all/0/0/one"), join(path, "all/1/1/linked"));
  const target = await copied(path, ["all"]);
  for (const name of names) {
    const place = join(target, name.slice(4));
    expect(readFileSync(join(place, "one"), "utf8")).toBe(name);
    const [one, source] = [statSync(join(place, "two")), statSync(join(path, name, "two"))];
    expect([one.uid, one.gid, one.mode, one.mtimeMs]).toEqual([7, 8, source.mode, source.mtimeMs]);
    expect(statSync(place).mtimeMs).toBe(statSync(join(path, name)).mtimeMs);
  }
  expect(readdirSync(join(target, "1/1")).toSorted()).toEqual(["linked", "one", "two"]);
  expect(statSync(join(target, "1/1/linked")).ino).toBe(statSync(join(target, "0/0/one")).ino);
});
