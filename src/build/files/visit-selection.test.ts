import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compileIgnore } from "#base/ignore-patterns.ts";
import { digestSelections, knownDigest } from "./digest-task.ts";
import { withTree } from "./open-tree.ts";
import { visitSelection } from "./visit-selection.ts";

const root = mkdtempSync(join(tmpdir(), "berth-visit-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

for (const path of ["a/1.txt", "a/2.txt", "a/b/3.txt", "a/b/c/4.log", "z.txt", "vendor/keep/x", "vendor/drop/y"]) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), path);
}
symlinkSync("a/b", join(root, "link"));
symlinkSync("/etc/passwd", join(root, "outward"));

async function visited(
  path: string,
  options: { parents?: boolean; excludes?: string[]; ignore?: string[] } = {},
): Promise<string[]> {
  const { parents = false, excludes = [], ignore = [] } = options;
  const found: string[] = [];
  await withTree({ kind: "folder", path: root, excludes: ignore, lasting: false }, (tree) => {
    if (tree === undefined) return;
    const excluded = excludes.length === 0 ? undefined : compileIgnore(excludes);
    visitSelection(
      tree,
      { path, excluded, parents, required: true },
      {
        source: (file) => found.push(file.path),
        folder: ({ files, folders }) => found.push(...[...files, ...folders].map((file) => file.path)),
      },
    );
  });
  return found;
}

test("a file by its name, a folder by what is in it, in the order of names", async () => {
  expect(await visited("/z.txt")).toEqual(["z.txt"]);
  expect(await visited("/a")).toEqual(["", "1.txt", "2.txt", "b", "b/3.txt", "b/c", "b/c/4.log"]);
});

test("wildcards, also for any number of folders", async () => {
  expect(await visited("/a/*.txt")).toEqual(["1.txt", "2.txt"]);
  expect(await visited("/**/*.txt", { parents: true })).toContain("a/b/3.txt");
});

test("--parents keeps the folders, from the pivot on", async () => {
  expect(await visited("/a/b/3.txt", { parents: true })).toEqual(["a", "a/b", "a/b/3.txt"]);
  expect(await visited("/a/./b/3.txt", { parents: true })).toEqual(["b", "b/3.txt"]);
});

test("a link that is named is followed inside the tree, one that leads outside is not there", async () => {
  expect(await visited("/link")).toEqual(["", "3.txt", "c", "c/4.log"]);
  await expect(visited("/outward")).rejects.toThrow("file not found in build context or excluded by .dockerignore");
});

test("what is ignored is not there, but for its exceptions", async () => {
  expect(await visited("/vendor", { ignore: ["vendor", "!vendor/keep"] })).toEqual(["", "keep", "keep/x"]);
  expect(await visited("/a", { excludes: ["**/*.log"] })).not.toContain("b/c/4.log");
  await expect(visited("/z.txt", { ignore: ["*.txt"] })).rejects.toMatchObject({ kind: "not-found" });
});

test("the digest follows names, modes and contents, not times; what was read is not read again", async () => {
  const cachePath = join(root, "..", `berth-visit-cache-${process.pid}`);
  const digest = (cached = false): Promise<string> =>
    digestSelections({
      tree: { kind: "folder", path: root, excludes: [], lasting: true },
      selections: [{ path: "/a", excludes: [], parents: false, required: true }],
      cachePath: cached ? cachePath : undefined,
      nowMs: Date.now() + 60_000,
    });
  try {
    const before = await digest(true);
    writeFileSync(join(root, "z.txt"), "elsewhere");
    expect(await digest(true)).toBe(before);
    writeFileSync(join(root, "a/1.txt"), "changed");
    const after = await digest(true);
    expect(after).not.toBe(before);
    expect(await digest()).toBe(after);
    writeFileSync(join(root, "a/1.txt"), "a/1.txt");
    expect(await digest()).toBe(before);
  } finally {
    for (const path of [cachePath, `${cachePath}.files`]) rmSync(path, { force: true });
  }
});

test("what is known of a folder never hides a change, nor other lines of .dockerignore", async () => {
  const path = join(root, "..", `berth-visit-folder-${process.pid}`);
  const cachePath = `${path}-cache`;
  const digest = (excludes: string[], cached: boolean): Promise<string> =>
    digestSelections({
      tree: { kind: "folder", path, excludes, lasting: true },
      selections: [{ path: "/", excludes: [], parents: false, required: true }],
      cachePath: cached ? cachePath : undefined,
      nowMs: Date.now() + 60_000,
    });
  const steps: Readonly<Record<string, () => void>> = {
    "nothing yet": () => mkdirSync(join(path, "a/b/c"), { recursive: true }),
    "a new file": () => writeFileSync(join(path, "a/b/c/1"), "one"),
    "other content of the same size": () => writeFileSync(join(path, "a/b/c/1"), "two"),
    "a mode": () => chmodSync(join(path, "a/b/c/1"), 0o755),
    "a folder's mode": () => chmodSync(join(path, "a/b"), 0o700),
    "another name": () => renameSync(join(path, "a/b/c/1"), join(path, "a/b/c/2")),
    "a link": () => symlinkSync("2", join(path, "a/b/c/1")),
    "a link that leads elsewhere": () => {
      rmSync(join(path, "a/b/c/1"));
      symlinkSync("3", join(path, "a/b/c/1"));
    },
    "a file in a folder that was moved": () => renameSync(join(path, "a/b"), join(path, "a/d")),
    "one file less": () => rmSync(join(path, "a/d/c/2")),
  };
  try {
    const seen = new Set<string>();
    for (const [name, change] of Object.entries(steps)) {
      change();
      for (const excludes of [[], ["**/1"], []]) {
        const fresh = await digest(excludes, false);
        expect([name, await digest(excludes, true)]).toEqual([name, fresh]);
        expect([name, await digest(excludes, true)]).toEqual([name, fresh]);
      }
      seen.add(await digest([], true));
    }
    expect(seen.size).toBe(Object.keys(steps).length);
  } finally {
    for (const left of [path, cachePath, `${cachePath}.files`]) rmSync(left, { recursive: true, force: true });
  }
});

test("a large file that is unchanged is not read again, whatever changes beside it", async () => {
  const path = join(root, "..", `berth-visit-large-${process.pid}`);
  const cachePath = `${path}-cache`;
  const bytesRead = (): number => Number(/^rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
  const read = async (): Promise<number> => {
    const before = bytesRead();
    await digestSelections({
      tree: { kind: "folder", path, excludes: [], lasting: true },
      selections: [{ path: "/", excludes: [], parents: false, required: true }],
      cachePath,
      nowMs: Date.now() + 60_000,
    });
    return bytesRead() - before;
  };
  try {
    mkdirSync(path);
    writeFileSync(join(path, "large"), new Uint8Array(32 << 20));
    expect(await read()).toBeGreaterThan(32 << 20);
    expect(await read()).toBeLessThan(1 << 20);
    writeFileSync(join(path, "small"), "new");
    expect(await read()).toBeLessThan(1 << 20);
  } finally {
    for (const left of [path, cachePath, `${cachePath}.files`]) rmSync(left, { recursive: true, force: true });
  }
});

test("what is known, and a little that is not, is told without a helper", async () => {
  const folder = join(root, "told");
  mkdirSync(join(folder, "src/inner"), { recursive: true });
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);
  write("package.json", "{}");
  write("src/a", "a");
  write("src/inner/b", "b");
  write("large", "x".repeat(2 << 20));
  const { signal } = new AbortController();
  // Nothing is younger than a day.
  const nowMs = Date.now() + 86_400_000;
  const input = (...paths: readonly string[]) => ({
    tree: { kind: "folder", path: folder, excludes: ["*.log"], lasting: true } as const,
    selections: paths.map((path) => ({ path, excludes: [], parents: false, required: true })),
    cachePath: join(root, "told.cache"),
    nowMs,
  });
  const both = async (...paths: readonly string[]): Promise<[string | undefined, string]> => [
    await knownDigest(input(...paths), signal),
    await digestSelections(input(...paths)),
  ];
  const [first, digest] = await both("/src", "/package.json");
  expect(first).toBe(digest);
  expect(await both("/src", "/package.json")).toEqual([digest, digest]);
  for (const [path, text] of [
    ["package.json", "{}\n"],
    ["src/inner/b", "c"],
  ] as const) {
    write(path, text);
    const [changed, other] = await both("/src", "/package.json");
    expect([changed, other === digest]).toEqual([other, false]);
  }
  // Too much to read, and too many.
  expect((await both("/large"))[0]).toBeUndefined();
  for (let index = 0; index < 300; index++) write(`src/inner/${index}`, "");
  const [many, all] = await both("/src");
  expect([many, await knownDigest(input("/src"), signal)]).toEqual([undefined, all]);
  expect(await knownDigest(input("/**/b"), signal)).toBeUndefined();
  await expect(knownDigest(input("/nowhere"), signal)).rejects.toThrow("file not found in build context");
  const { cachePath: _, ...rest } = input("/src");
  expect(await knownDigest({ ...rest, cachePath: undefined }, signal)).toBeUndefined();
});
