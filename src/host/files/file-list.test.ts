import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  copyFiles,
  listedFiles,
  listFiles,
  listFolders,
  readFiles,
  type CopyChange,
  type ListedFile,
} from "./file-list.ts";
import { O_DIRECTORY, O_RDONLY, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../kernel/linux.ts";
import { withFd } from "./files.ts";
import { close, fstat, lseek, open, setxattr } from "../kernel/syscalls.ts";

setDefaultTimeout(120_000);
const root = mkdtempSync(join(tmpdir(), "berth-list-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
/** A new folder with so many files, each of which holds its own name. */
function folder(files: number): string {
  const path = join(root, `${folders++}`);
  mkdirSync(path);
  for (let index = 0; index < files; index++) writeFileSync(join(path, `file-${index}`), `file-${index}`);
  return path;
}
/** A new folder with so many long names of one file. */
function names(count: number): string {
  const path = folder(Math.min(count, 1));
  const long = "x".repeat(220);
  for (let index = 1; index < count; index++) linkSync(join(path, "file-0"), join(path, `${long}-${index}`));
  return path;
}
const within = <T>(path: string, work: (fd: number) => T): T => withFd(open(path, O_RDONLY | O_DIRECTORY), work);
const list = (path: string): ListedFile[] => within(path, (fd) => listedFiles(listFiles(fd)));

test("a list has every name with what statx tells, raw names too", () => {
  const path = folder(2000);
  mkdirSync(join(path, "sub"));
  symlinkSync("nowhere", join(path, "link"));
  writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff, 0xfe])]), "raw");
  const files = new Map(list(path).map((file) => [file.name, file.stat]));
  expect(files.size).toBe(2003);
  const typeOf = (name: string): number => (files.get(name)?.mode ?? 0) & S_IFMT;
  expect([typeOf("sub"), typeOf("link"), typeOf("\xff\xfe")]).toEqual([S_IFDIR, S_IFLNK, S_IFREG]);
  const { size, ino, mtimeSeconds, mtimeNanoseconds, ctimeNanoseconds, devMinor } = withFd(
    open(join(path, "file-1999"), O_RDONLY),
    fstat,
  );
  expect(files.get("file-1999")).toMatchObject({
    size,
    ino,
    mtimeSeconds,
    mtimeNanoseconds,
    ctimeNanoseconds,
    devMinor,
  });
});

test("lists differ as soon as a file does", () => {
  const path = folder(3);
  const bytes = (): string => within(path, (fd) => Buffer.from(listFiles(fd)).toString("hex"));
  const before = bytes();
  expect(bytes()).toBe(before);
  utimesSync(join(path, "file-1"), 1, 1);
  expect(bytes()).not.toBe(before);
});

test("lists of several folders are those of each, however much they hold", () => {
  // There is room for about 2,500 of these names at a time.
  const fds = [3, 0, 600, 2800, 0, 5, 1400, 1400, 1].map((count) => open(names(count), O_RDONLY | O_DIRECTORY));
  try {
    const lists = listFolders(fds).map((bytes) => Buffer.from(bytes).toString("hex"));
    expect(lists).toEqual(fds.map((fd) => (lseek(fd, 0, 0), Buffer.from(listFiles(fd)).toString("hex"))));
    expect(listFolders([])).toEqual([]);
  } finally {
    for (const fd of fds) close(fd);
  }
});

test("a folder that cannot be listed is told", () => {
  const path = folder(1);
  const file = open(join(path, "file-0"), O_RDONLY);
  try {
    expect(() => within(path, (fd) => listFolders([fd, file]))).toThrow("not a directory");
  } finally {
    close(file);
  }
});

test("contents come in the order of the files; one that is shorter now or gone is left to others", () => {
  const path = folder(100);
  const files = list(path);
  rmSync(join(path, "file-7"));
  writeFileSync(join(path, "file-8"), "");
  const contents = within(path, (fd) => readFiles(fd, files));
  for (const [index, { name }] of files.entries()) {
    const content = contents[index]?.content;
    const expected = name === "file-7" || name === "file-8" ? undefined : name;
    expect(content === undefined ? undefined : Buffer.from(content).toString()).toBe(expected);
  }
});

test("files with attributes are told apart", () => {
  const path = folder(3);
  setxattr(join(path, "file-1"), "user.note", new Uint8Array([1]));
  const files = list(path);
  const read = within(path, (fd) => readFiles(fd, files));
  expect(files.filter((_, index) => read[index]?.hasAttributes === true).map(({ name }) => name)).toEqual(["file-1"]);
});

test("copies have contents, modes and times; what is in the way stays", () => {
  const [from, to] = [folder(100), folder(0)];
  utimesSync(join(from, "file-3"), 1_000_000, 1_234_567);
  writeFileSync(join(to, "file-4"), "there before");
  const files = list(from);
  const umask = process.umask(0);
  const done = within(from, (source) =>
    within(to, (target) => {
      const change = (): CopyChange => ({ mode: 0o4751, uid: 0, gid: 0 });
      return copyFiles([{ fromFd: source, toFd: target, files, change }])[0] ?? [];
    }),
  );
  process.umask(umask);
  for (const [index, { name }] of files.entries()) {
    expect(done[index]).toBe(name !== "file-4");
    expect(readFileSync(join(to, name), "utf8")).toBe(name === "file-4" ? "there before" : name);
  }
  const copied = statSync(join(to, "file-3"));
  expect([copied.mode & 0o7777, copied.mtimeMs]).toEqual([0o4751, 1_234_567_000]);
});

test("folders that are copied together keep their files apart", () => {
  const change = (): CopyChange => ({ mode: 0o644, uid: 0, gid: 0 });
  const sources = [40, 1, 0, 70].map((count) => folder(count));
  writeFileSync(join(sources[3] ?? "", "file-69"), "another");
  const targets = sources.map(() => folder(0));
  writeFileSync(join(targets[1] ?? "", "file-0"), "there before");
  const fds = [...sources, ...targets].map((path) => open(path, O_RDONLY | O_DIRECTORY));
  try {
    const copies = sources.map((path, index) => ({
      ...{ fromFd: fds[index] ?? -1, toFd: fds[index + sources.length] ?? -1 },
      ...{ files: list(path), change },
    }));
    const copied = copyFiles(copies).map((files) => files.filter(Boolean).length);
    expect(copied).toEqual([40, 0, 0, 70]);
    expect(targets.map((path) => list(path).length)).toEqual([40, 1, 0, 70]);
    expect(readFileSync(join(targets[3] ?? "", "file-69"), "utf8")).toBe("another");
    const [first] = copies;
    if (first === undefined) throw new Error("no folders");
    expect(() => copyFiles(Array.from({ length: 129 }, () => first))).toThrow(TypeError);
  } finally {
    for (const fd of fds) close(fd);
  }
});

test("nothing but a list's records is taken", () => {
  const path = folder(1);
  const [file] = list(path);
  if (file === undefined) throw new Error("the folder is empty");
  const outward = file.record.slice();
  outward.set(Buffer.from("../x\0"), 80);
  for (const record of [outward, file.record.slice(0, 40), new Uint8Array(200)])
    expect(() => within(path, (fd) => readFiles(fd, [{ ...file, record }]))).toThrow(TypeError);
});
