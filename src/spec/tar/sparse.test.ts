import { expect, test } from "bun:test";
import { encodeSparseEntry, END_OF_ARCHIVE, paddingOf } from "./encode-entry.ts";
import { TarReader, type TarEntry } from "./tar-reader.ts";

const entry = (size: number): TarEntry => ({
  type: "file",
  name: "disk.img",
  linkName: "",
  mode: 0o600,
  uid: 0,
  gid: 0,
  size,
  mtime: { seconds: 1, nanoseconds: 0 },
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: undefined,
});

function archiveOf(size: number, ranges: readonly (readonly [number, string])[]): Buffer {
  const { head, dataBytes } = encodeSparseEntry(
    entry(size),
    ranges.map(([start, text]) => ({ start, end: start + text.length })),
  );
  const data = Buffer.from(ranges.map(([, text]) => text).join(""));
  return Buffer.concat([head, data, new Uint8Array(paddingOf(dataBytes)), END_OF_ARCHIVE]);
}

function read(
  archive: Uint8Array,
  pieceBytes: number,
  holes: boolean,
): { readonly entry: TarEntry; readonly body: string } {
  let found: TarEntry | undefined;
  let body = "";
  const reader = new TarReader({
    entry: (read) => void (found = read),
    data: (chunk, start, end) =>
      void (body += Buffer.from(chunk.subarray(start, end)).toString().replaceAll("\0", ".")),
    ...(holes ? { hole: (length: number) => void (body += `<${length}>`) } : {}),
    entryEnd: () => void (body += "$"),
  });
  for (let at = 0; at < archive.length; at += pieceBytes) reader.push(archive.subarray(at, at + pieceBytes));
  reader.end();
  if (found === undefined) throw new Error("no entry");
  return { entry: found, body };
}

const ranges = [
  [2, "ab"],
  [8, "c"],
] as const;

for (const pieceBytes of [1, 511, 512, 10_000]) {
  test(`holes come back as holes, read ${pieceBytes} bytes at a time`, () => {
    const { entry: found, body } = read(archiveOf(12, ranges), pieceBytes, true);
    expect(found).toMatchObject({ name: "disk.img", size: 12 });
    expect(body).toBe("<2>ab<4>c<3>$");
  });
}

test("holes are zeros for who knows none", () => {
  expect(read(archiveOf(12, ranges), 512, false).body).toBe("..ab....c...$");
});

test("a file that is one hole, one with data at its end, and one with more ranges than a block tells", () => {
  expect(read(archiveOf(70_000, []), 512, true).body).toBe("<70000>$");
  expect(read(archiveOf(4, [[2, "zz"]]), 512, true).body).toBe("<2>zz$");
  const many = Array.from({ length: 300 }, (_, index) => [index * 10, "x"] as const);
  expect(read(archiveOf(3000, many), 700, true).body).toBe(`${"x<9>".repeat(300)}$`);
});

test("a map that does not fit the file, or its data, is refused", () => {
  const spoil = (from: string, to: string): Buffer => {
    const archive = archiveOf(12, ranges);
    const at = archive.indexOf(from, 1024);
    archive.write(to, at);
    return archive;
  };
  expect(() => read(spoil("3\n2\n2\n8", "3\n2\n2\n1"), 512, true)).toThrow("invalid sparse file (map)");
  expect(() => read(spoil("3\n2\n2\n8", "3\n2\nx\n8"), 512, true)).toThrow("invalid sparse file (map)");
  expect(() => read(spoil("3\n2\n2\n8\n1\n", "3\n2\n2\n8\n4\n"), 512, true)).toThrow("less data than its map says");
  expect(() => read(spoil("3\n2\n2\n8\n1\n", "3\n2\n1\n8\n1\n"), 512, true)).toThrow("more data than its map says");
});
