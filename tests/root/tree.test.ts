/** Trees as archives and archives as trees: what goes in comes out, and nothing reaches past the root. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { isBerthError, messageOf } from "#base/errors.ts";
import { O_DIRECTORY, O_RDONLY, S_IFCHR, S_IFIFO } from "#host/kernel/linux.ts";
import { close, getxattr, lsetxattr, mknodat, open, setxattr } from "#host/kernel/syscalls.ts";
import { archive, type ArchiveOptions, type ArchiveRoot } from "#host/tree/tree-archiver.ts";
import { TreeWriter, type TreeWriterOptions } from "#host/tree/tree-writer.ts";
import { TarReader, type TarEntry } from "#spec/tar/tar-reader.ts";
import { writeTar, type TarEntry as WrittenEntry } from "../../tools/lab/tar-writer.ts";

let scratch = "";

beforeAll(() => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  scratch = mkdtempSync(`${tmpdir()}/berth-tree-`);
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const folder = (): string => mkdtempSync(`${scratch}/t-`);

function withDirectory<T>(path: string, work: (fd: number) => T): T {
  const fd = open(path, O_RDONLY | O_DIRECTORY);
  try {
    return work(fd);
  } finally {
    close(fd);
  }
}

function archived(path: string, root: (fd: number) => ArchiveRoot, options?: ArchiveOptions): Buffer {
  return withDirectory(path, (fd) => Buffer.concat(pieces(archive([root(fd)], options))));
}

/** Copies: each piece lasts only until the next. */
function pieces(source: Iterable<Uint8Array>): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (const piece of source) all.push(piece.slice());
  return all;
}

const content = (fd: number): ArchiveRoot => ({ kind: "content", directoryFd: fd });

function members(bytes: Uint8Array): TarEntry[] {
  const entries: TarEntry[] = [];
  const reader = new TarReader({ entry: (entry) => void entries.push(entry), data: () => {}, entryEnd: () => {} });
  reader.push(bytes);
  reader.end();
  return entries;
}

function extract(bytes: Uint8Array, root: string, options?: TreeWriterOptions): readonly string[] {
  return withDirectory(root, (fd) => {
    const writer = new TreeWriter(fd, options);
    try {
      const reader = new TarReader(writer);
      for (let at = 0; at < bytes.length; at += 700_001) reader.push(bytes.subarray(at, at + 700_001));
      reader.end();
      return writer.finish().warnings;
    } finally {
      writer.close();
    }
  });
}

function failure(act: () => unknown): string {
  try {
    act();
    return "none";
  } catch (error) {
    return isBerthError(error) ? `${error.kind}: ${messageOf(error)}` : String(error);
  }
}

/** Everything a file can be. */
function richTree(): string {
  const root = folder();
  mkdirSync(`${root}/d/e`, { recursive: true });
  writeFileSync(`${root}/d/plain`, "plain\n");
  writeFileSync(`${root}/d/owned`, "owned\n");
  chownSync(`${root}/d/owned`, 1234, 3_000_000);
  chmodSync(`${root}/d/owned`, 0o4751);
  utimesSync(`${root}/d/owned`, 5, 5);
  linkSync(`${root}/d/plain`, `${root}/d/e/hard`);
  symlinkSync("/nowhere/at/all", `${root}/d/dangling`);
  writeFileSync(`${root}/d/${"n".repeat(200)}`, "long\n");
  writeFileSync(`${root}/d/ünï çödé`, "unicode\n");
  writeFileSync(`${root}/d/sparse`, "");
  truncateSync(`${root}/d/sparse`, 3_000_001);
  setxattr(`${root}/d/plain`, "trusted.note", Buffer.from("kept\0bytes"));
  setxattr(`${root}/d/e`, "trusted.note", Buffer.from("of a folder"));
  withDirectory(root, (fd) => {
    mknodat(fd, "d/null", S_IFCHR | 0o666, 1, 3);
    mknodat(fd, "d/pipe", S_IFIFO | 0o600, 0, 0);
  });
  chmodSync(`${root}/d`, 0o2775);
  utimesSync(`${root}/d`, 1_600_000_000, 1_600_000_000);
  return root;
}

test("a tree that nobody changes gives the same archive by fewer calls", () => {
  const path = folder();
  const write = (name: string, size: number): void => writeFileSync(`${path}/${name}`, Buffer.alloc(size, name));
  for (const place of ["", "many/", "many/deep/"]) {
    if (place !== "") mkdirSync(`${path}/${place}`);
    for (let index = 0; index < 150; index++) write(`${place}file-${index}`, (index * 211) % 2100);
    for (const size of [0, 1, 511, 512, 513, 65_535, 65_536, 65_537, 700_000]) write(`${place}of-${size}`, size);
    write(`${place}${"n".repeat(120)}`, 700);
    write(`${place}ünï`, 700);
    setxattr(`${path}/${place}file-17`, "user.note", new Uint8Array([1]));
    linkSync(`${path}/${place}file-18`, `${path}/${place}same`);
    symlinkSync("file-1", `${path}/${place}link`);
  }
  const [still, other] = [true, false].map((is) => archived(path, content, { still: is }));
  expect(still?.length).toBeGreaterThan(3_000_000);
  expect(still?.equals(other ?? Buffer.alloc(0))).toBe(true);
});

describe("an archive of a tree", () => {
  test("holds everything, and gives the same tree and the same bytes again", () => {
    const from = richTree();
    const bytes = archived(from, content);
    const to = folder();
    expect(extract(bytes, to)).toEqual([]);
    expect(archived(to, content).equals(bytes)).toBe(true);
    const owned = lstatSync(`${to}/d/owned`);
    expect([owned.uid, owned.gid, owned.mode & 0o7777, owned.mtimeMs]).toEqual([1234, 3_000_000, 0o4751, 5000]);
    expect(lstatSync(`${to}/d/e/hard`).ino).toBe(lstatSync(`${to}/d/plain`).ino);
    expect(readlinkSync(`${to}/d/dangling`)).toBe("/nowhere/at/all");
    expect(lstatSync(`${to}/d/null`).rdev).toBe(0x103);
    expect(lstatSync(`${to}/d/pipe`).isFIFO()).toBe(true);
    const sparse = lstatSync(`${to}/d/sparse`);
    expect(sparse.size).toBe(3_000_001);
    expect(sparse.blocks * 512).toBeLessThan(1_000_000);
    expect(Buffer.from(getxattr(`${to}/d/plain`, "trusted.note") ?? []).toString()).toBe("kept\0bytes");
    expect(Buffer.from(getxattr(`${to}/d/e`, "trusted.note") ?? []).toString()).toBe("of a folder");
    expect(lstatSync(`${to}/d`).mtimeMs).toBe(1_600_000_000_000);
  });

  test("names its members in the order of bytes, under the name that was asked for", () => {
    const root = folder();
    mkdirSync(`${root}/d`);
    for (const name of ["b", "a", "B", "é", "a.c"]) writeFileSync(`${root}/d/${name}`, "");
    const names = (as: string): string[] =>
      members(archived(root, (fd) => ({ kind: "entry", directoryFd: fd, name: "d", as }))).map(({ name }) =>
        Buffer.from(name, "latin1").toString(),
      );
    expect(names("x")).toEqual(["x/", "x/B", "x/a", "x/a.c", "x/b", "x/é"]);
    expect(names(".")).toEqual(["./", "./B", "./a", "./a.c", "./b", "./é"]);
    expect(names("/")).toEqual(["/", "/B", "/a", "/a.c", "/b", "/é"]);
  });

  test("comes in pieces of bounded size, however big a file is", () => {
    const root = folder();
    writeFileSync(`${root}/big`, "");
    truncateSync(`${root}/big`, 50_000_000);
    let largest = 0;
    let sum = 0;
    withDirectory(root, (fd) => {
      for (const piece of archive([content(fd)])) {
        largest = Math.max(largest, piece.length);
        sum += piece.length;
      }
    });
    expect(largest).toBeLessThanOrEqual(512 * 1024);
    expect(sum).toBe(512 + 50_000_384 + 1024);
  });

  test("has the marks of an overlay's upper as whiteouts", () => {
    const root = folder();
    mkdirSync(`${root}/d/new`, { recursive: true });
    writeFileSync(`${root}/d/new/f`, "");
    setxattr(`${root}/d/new`, "trusted.overlay.opaque", Buffer.from("y"));
    withDirectory(root, (fd) => mknodat(fd, "d/gone", S_IFCHR, 0, 0));
    const found = members(archived(root, content, { overlayUpper: true }));
    expect(found.map(({ name, type }) => `${type} ${name}`)).toEqual([
      "directory d/",
      "file d/.wh.gone",
      "directory d/new/",
      "file d/new/.wh..wh..opq",
      "file d/new/f",
    ]);
    expect(found.every(({ xattrs }) => xattrs === undefined)).toBe(true);
  });

  test("is cut off when a file gets shorter meanwhile", () => {
    const root = folder();
    writeFileSync(`${root}/f`, "");
    truncateSync(`${root}/f`, 2_000_000);
    const act = (): void =>
      withDirectory(root, (fd) => {
        for (const _ of archive([content(fd)])) truncateSync(`${root}/f`, 600_000);
      });
    expect(failure(act)).toBe("data-loss: f became shorter while it was read");
  });
});

describe("extracting into a tree", () => {
  const put = (entries: readonly WrittenEntry[], options?: TreeWriterOptions): { root: string; outcome: string } => {
    const root = folder();
    mkdirSync(`${root}/base/dir`, { recursive: true });
    writeFileSync(`${root}/base/file`, "old");
    writeFileSync(`${root}/secret`, "secret");
    symlinkSync("/secret", `${root}/base/abs`);
    symlinkSync("/", `${root}/base/up`);
    const outcome = failure(() => extract(writeTar(entries), root, { base: "base", ...options }));
    return { root, outcome };
  };

  test.each<[string, WrittenEntry, string]>([
    ["..", { path: "../evil", content: "x" }, 'invalid-parameter: "../evil" is outside of "/base"'],
    [".. in the middle", { path: "a/../../evil", content: "x" }, 'invalid-parameter: "../evil" is outside of "/base"'],
    ["a hard link up", { path: "h", type: "hardlink", link: "../../secret" }, "invalid-parameter: invalid hardlink"],
    ["a symlink up", { path: "s", type: "symlink", link: "../../etc" }, "invalid-parameter: invalid symlink"],
    ["a device that cannot be", { path: "x", type: "block", major: 70_000, minor: 0 }, "invalid-parameter: device"],
  ])("refuses %s", (_name, entry, message) => {
    const { outcome } = put([entry], { refuseLinksOutward: true });
    expect(outcome).toStartWith(message);
  });

  test("stays below the root through every link there is", () => {
    const outside = folder();
    const { root, outcome } = put([
      { path: "out", type: "symlink", link: outside },
      { path: "abs/x", content: "not a folder" },
    ]);
    expect(outcome).toContain("/base/abs: not a directory");
    expect(failure(() => extract(writeTar([{ path: "out/f", content: "x" }]), root, { base: "base" }))).toContain(
      "/base/out",
    );
    expect(lstatSync(outside).nlink).toBe(2);
    extract(writeTar([{ path: "up/through", content: "in the root" }]), root, { base: "base" });
    expect(readFileSync(`${root}/through`, "utf8")).toBe("in the root");
  });

  test("replaces links and files, never what they point to", () => {
    const { root } = put([
      { path: "abs", content: "new" },
      { path: "dir", content: "file now" },
      { path: "file/", type: "directory" },
    ]);
    expect(readFileSync(`${root}/secret`, "utf8")).toBe("secret");
    expect(readFileSync(`${root}/base/abs`, "utf8")).toBe("new");
    expect(readFileSync(`${root}/base/dir`, "utf8")).toBe("file now");
    expect(lstatSync(`${root}/base/file`).isDirectory()).toBe(true);
  });

  test("keeps types when told so", () => {
    expect(put([{ path: "dir", content: "" }], { keepTypes: true }).outcome).toBe(
      'invalid-parameter: cannot overwrite directory "/base/dir" with non-directory "/base"',
    );
    expect(put([{ path: "file/", type: "directory" }], { keepTypes: true }).outcome).toBe(
      'invalid-parameter: cannot overwrite non-directory "/base/file" with directory "/base"',
    );
    expect(put([{ path: "file", content: "" }], { keepTypes: true }).outcome).toBe("none");
  });

  test("makes holes of long zeros and loses no byte around them", () => {
    const root = folder();
    const parts = [0, 70_000, 65_536, 1, 300_000, 131_072].map((length, index) =>
      Buffer.alloc(length, index % 2 === 0 ? 0 : 7),
    );
    for (const order of [parts, parts.toReversed(), [Buffer.alloc(200_000)], [Buffer.alloc(65_536, 1)]]) {
      const whole = Buffer.concat(order);
      extract(writeTar([{ path: "f", content: whole }]), root);
      expect(readFileSync(`${root}/f`).equals(whole)).toBe(true);
    }
  });

  test("gives every member the owner that was asked for", () => {
    const entries: WrittenEntry[] = [
      { path: "n/", type: "directory", uid: 5, gid: 6 },
      { path: "n/f", content: "", uid: 5, gid: 6, mode: 0o4755 },
      { path: "n/s", type: "symlink", link: "f", uid: 5, gid: 6 },
    ];
    const owners = (root: string): string[] =>
      ["n", "n/f", "n/s"].map((name) => {
        const { uid, gid } = lstatSync(`${root}/base/${name}`);
        return `${uid}:${gid}`;
      });
    expect(owners(put(entries).root)).toEqual(["5:6", "5:6", "5:6"]);
    const given = put(entries, { owner: { uid: 7, gid: 8 } }).root;
    expect(owners(given)).toEqual(["7:8", "7:8", "7:8"]);
    expect(lstatSync(`${given}/base/n/f`).mode & 0o7777).toBe(0o4755);
    expect(owners(put(entries, { owner: "caller" }).root)).toEqual(["0:0", "0:0", "0:0"]);
  });

  test("leaves the directory it extracts into as it is", () => {
    const { root, outcome } = put([{ path: "./", type: "directory", mode: 0o700, uid: 9, gid: 9 }]);
    expect(outcome).toBe("none");
    expect([lstatSync(`${root}/base`).uid, lstatSync(`${root}/base`).mode & 0o777]).toEqual([0, 0o755]);
  });

  test("ignores attributes that would steer a mount", () => {
    const root = folder();
    const warnings = extract(
      writeTar([{ path: "d/", type: "directory", xattrs: { "trusted.overlay.opaque": "y" } }]),
      root,
    );
    expect(warnings).toEqual(["dropped extended attribute trusted.overlay.opaque of d/"]);
    lsetxattr(`${root}/d`, "trusted.overlay.opaque", Buffer.from("y"));
    expect(members(archived(root, content))[0]?.xattrs).toBeUndefined();
  });
});

describe("with somebody who swaps names meanwhile", () => {
  /** Turns `d` from a directory into a link to `target` and back, as fast as it can, until `stop` is called. */
  function swapper(root: string, target: string): { stop(): Promise<void> } {
    const script = `while :; do mv -T d x; ln -s ${target} d; rm d; mv -T x d; done`;
    const child = spawn("sh", ["-c", script], { cwd: root, stdio: "ignore" });
    return {
      stop: () =>
        new Promise((resolve) => {
          child.on("close", () => resolve());
          child.kill("SIGKILL");
        }),
    };
  }

  test("nothing is written, owned, made or linked outside of the root", async () => {
    const root = folder();
    const outside = folder();
    chmodSync(outside, 0o700);
    writeFileSync(`${outside}/f0`, "theirs");
    mkdirSync(`${root}/d`);
    const swapping = swapper(root, outside);
    const entries = Array.from({ length: 40 }, (_, index): WrittenEntry[] => [
      { path: "d/", type: "directory", mode: 0o755, uid: 4, gid: 4 },
      { path: `d/f${index}`, content: "ours", uid: 4, gid: 4, mode: 0o4777 },
      { path: `d/p${index}`, type: "fifo", mode: 0o777, uid: 4, gid: 4 },
      { path: `d/s${index}`, type: "symlink", link: "x" },
      { path: `d/h${index}`, type: "hardlink", link: `d/f${index}` },
    ]).flat();
    const tar = writeTar(entries);
    const seen = new Set<string>();
    for (let round = 0; round < 60; round++) seen.add(failure(() => extract(tar, root)).slice(0, 30));
    await swapping.stop();
    expect(readdirSync(outside)).toEqual(["f0"]);
    expect(readFileSync(`${outside}/f0`, "utf8")).toBe("theirs");
    const { mode, uid } = lstatSync(outside);
    expect([mode & 0o7777, uid]).toEqual([0o700, 0]);
    expect(seen.size).toBeGreaterThan(0);
  });

  test("nothing from outside gets into an archive", async () => {
    const root = folder();
    const outside = folder();
    mkdirSync(`${root}/d`);
    for (const [at, text] of [
      [`${root}/d`, "ours"],
      [outside, "secret"],
    ] as const) {
      for (let index = 0; index < 20; index++) writeFileSync(`${at}/f${index}`, text);
    }
    const swapping = swapper(root, outside);
    let found = "";
    for (let round = 0; round < 200; round++) found += archived(root, content).toString("latin1");
    await swapping.stop();
    expect(found).toContain("ours");
    expect(found).not.toContain("secret");
  });
});

test("garbage is refused", () => {
  expect(failure(() => extract(Buffer.alloc(600, 1), folder()))).toStartWith("invalid-parameter: archive/tar");
});
