import { expect, test } from "bun:test";
import { sha256Hex } from "#base/sha256.ts";
import { encodeEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import { cutArchive } from "./cut-archive.ts";

type Files = Readonly<Record<string, string>>;

function archiveOf(files: Files, seconds = 1): Uint8Array {
  const parts = Object.entries(files).flatMap(([name, text]) => [
    encodeEntry({
      ...{ type: "file", name, linkName: "", mode: 0o644, uid: 0, gid: 0, size: text.length },
      ...{ mtime: { seconds, nanoseconds: 5 }, deviceMajor: 0, deviceMinor: 0, xattrs: undefined },
    }),
    Buffer.from(text),
    new Uint8Array(paddingOf(text.length)),
  ]);
  return Buffer.concat([...parts, END_OF_ARCHIVE]);
}

function* pieces(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const chunksOf = (bytes: Uint8Array, length = 1000): readonly Buffer[] =>
  Array.from(cutArchive(pieces(bytes, length)), (chunk) => Buffer.from(chunk));
const hashes = (files: Files, seconds?: number): readonly string[] =>
  chunksOf(archiveOf(files, seconds)).map((chunk) => sha256Hex(chunk));

const many: Files = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`src/${index}.ts`, `file ${index}`]));
const big = "x".repeat(3_500_000);

test.each([1, 511, 512, 513, 70_000, 10_000_000])("chunks are the archive, however it comes: %d", (length) => {
  const small = length === 1 ? { a: "b".repeat(9000), c: "", "d/e": "f" } : { ...many, big, end: "e" };
  const archive = archiveOf(small);
  const chunks = chunksOf(archive, length);
  expect(Buffer.concat(chunks).equals(archive)).toBe(true);
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(2 << 20);
  expect(chunks.map((chunk) => chunk.length)).toEqual(chunksOf(archive, 4096).map((chunk) => chunk.length));
});

test("one small file that changes, comes or goes changes one chunk or two", () => {
  const before = new Set(hashes(many));
  expect(before.size).toBeGreaterThan(15);
  const fresh = (files: Files): number => hashes(files).filter((hash) => !before.has(hash)).length;
  expect(fresh({ ...many, "src/250.ts": "changed" })).toBe(1);
  expect(fresh({ "a/new": "file", ...many })).toBeLessThanOrEqual(2);
  const { "src/100.ts": gone, ...rest } = many;
  expect([gone, fresh(rest) <= 2]).toEqual(["file 100", true]);
});

test("a big file's data stays when its header changes, and its beginning when it grows", () => {
  const before = new Set(hashes({ big }));
  // Two of its four chunks of data are equal.
  expect(before.size).toBe(4);
  expect(hashes({ big }, 2).filter((hash) => !before.has(hash))).toHaveLength(1);
  expect(hashes({ big: `${big}more` }).filter((hash) => !before.has(hash)).length).toBeLessThanOrEqual(3);
});

test("what is no archive comes through too", () => {
  const bytes = Buffer.from("no archive at all, and not a whole block");
  expect(Buffer.concat(chunksOf(bytes))).toEqual(bytes);
});
