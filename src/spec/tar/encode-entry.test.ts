import { expect, test } from "bun:test";
import { encodeEntry, END_OF_ARCHIVE, paddingOf, putPlainEntry } from "./encode-entry.ts";
import { TarReader, type TarEntry } from "./tar-reader.ts";

const plain: TarEntry = {
  type: "file",
  name: "a/b",
  linkName: "",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: undefined,
};

function readBack(bytes: Uint8Array): TarEntry {
  const entries: TarEntry[] = [];
  const reader = new TarReader({ entry: (entry) => void entries.push(entry), data: () => {}, entryEnd: () => {} });
  reader.push(bytes);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) throw new Error(`${entries.length} entries`);
  return entry;
}

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");

test.each<[string, Partial<TarEntry>, number]>([
  ["a plain file", {}, 1],
  ["all mode bits", { mode: 0o7777 }, 1],
  ["a directory", { type: "directory", name: "d/" }, 1],
  ["a device", { type: "block", deviceMajor: 259, deviceMinor: 1_048_575 }, 1],
  ["a fifo", { type: "fifo" }, 1],
  ["a symlink", { type: "symlink", linkName: "../up" }, 1],
  ["a name that fits the prefix", { name: `${"d".repeat(120)}/${"n".repeat(99)}` }, 1],
  ["a long name", { name: "n".repeat(101) }, 3],
  ["a long folder name", { type: "directory", name: `${"d".repeat(150)}/` }, 3],
  ["a name past all fields", { name: `${"d/".repeat(600)}x` }, 5],
  ["a name in UTF-8", { name: latin1("ünï/çödé") }, 3],
  ["a name that is no text", { name: "\xff\xfe" }, 3],
  ["a long link", { type: "hardlink", linkName: "l".repeat(300) }, 3],
  ["a big file", { size: 20 * 2 ** 30 }, 3],
  ["the largest size without a record", { size: 8 ** 11 - 1 }, 1],
  ["a high owner", { uid: 0xffff_fffe, gid: 2_097_152 }, 3],
  ["part of a second", { mtime: { seconds: 5, nanoseconds: 120_000_000 } }, 3],
  ["a time before 1970", { mtime: { seconds: -2, nanoseconds: 500_000_000 } }, 3],
  [
    "attributes",
    {
      xattrs: new Map([
        ["user.b", new Uint8Array([0, 10, 61])],
        ["user.a", new Uint8Array([255])],
      ]),
    },
    3,
  ],
])("%s", (_name, change, blocks) => {
  const entry = { ...plain, ...change };
  const place = new Uint8Array(1536);
  const isPlain = blocks === 1 && entry.type !== "directory";
  expect(putPlainEntry(place, 512, entry)).toBe(isPlain);
  const expected = isPlain ? encodeEntry(entry) : new Uint8Array(512);
  expect(Buffer.concat([new Uint8Array(512), expected, new Uint8Array(512)]).equals(place)).toBe(true);
  const bytes = encodeEntry(entry);
  expect(bytes.length / 512).toBe(blocks);
  const back = readBack(bytes);
  const sorted = entry.xattrs && new Map([...entry.xattrs].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  expect(back).toEqual({ ...entry, xattrs: sorted });
});

test("a record's length counts its own digits at every border", () => {
  for (let length = 80; length < 130; length++) {
    const name = "\xfc".repeat(length);
    expect(readBack(encodeEntry({ ...plain, name })).name).toBe(name);
  }
});

test("a directory's name gets its slash", () => {
  expect(readBack(encodeEntry({ ...plain, type: "directory", name: "d" })).name).toBe("d/");
});

test("the same entry gives the same bytes, whatever the order of its attributes", () => {
  const one = new Map([
    ["user.a", new Uint8Array([1])],
    ["user.b", new Uint8Array([2])],
  ]);
  const other = new Map([...one].toReversed());
  expect(encodeEntry({ ...plain, xattrs: one })).toEqual(encodeEntry({ ...plain, xattrs: other }));
});

test("padding and end", () => {
  expect([0, 1, 511, 512, 513].map(paddingOf)).toEqual([0, 511, 1, 0, 511]);
  expect(END_OF_ARCHIVE.length).toBe(1024);
});
