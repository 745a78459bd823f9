import { describe, expect, test } from "bun:test";
import { isBerthError } from "#base/errors.ts";
import { byteString } from "./byte-string.ts";
import { TarReader, type TarEntry } from "./tar-reader.ts";

interface Member extends TarEntry {
  readonly content: string;
}

function read(archive: Uint8Array, chunkSize = archive.length): Member[] {
  const members: Member[] = [];
  let entry: TarEntry | undefined;
  let content = "";
  const reader = new TarReader({
    entry(next) {
      entry = next;
      content = "";
    },
    data(chunk, start, end) {
      content += byteString(chunk, start, end);
    },
    entryEnd() {
      if (entry !== undefined) members.push({ ...entry, content });
    },
  });
  for (let at = 0; at < archive.length; at += chunkSize) reader.push(archive.subarray(at, at + chunkSize));
  reader.end();
  return members;
}

function refusal(archive: Uint8Array): string {
  try {
    read(archive);
    return "fine";
  } catch (error) {
    return isBerthError(error) ? `${error.kind}: ${error.message}` : String(error);
  }
}

interface HeaderFields {
  readonly name?: string | Uint8Array;
  readonly mode?: string;
  readonly uid?: string | Uint8Array;
  readonly size?: string | Uint8Array;
  readonly mtime?: string | Uint8Array;
  readonly type?: string;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly major?: string;
}

function header(fields: HeaderFields, checksum?: string): Buffer {
  const block = Buffer.alloc(512);
  const put = (at: number, value: string | Uint8Array | undefined, otherwise: string): void => {
    block.set(typeof value === "object" ? value : Buffer.from(value ?? otherwise, "latin1"), at);
  };
  put(0, fields.name, "file");
  put(100, fields.mode, "0000644\0");
  put(108, fields.uid, "0000000\0");
  put(116, undefined, "0000000\0");
  put(124, fields.size, "00000000000\0");
  put(136, fields.mtime, "00000000000\0");
  put(156, fields.type, "0");
  put(157, fields.link, "");
  put(257, fields.magic, "ustar\0");
  put(263, undefined, "00");
  put(329, fields.major, "0000000\0");
  put(345, fields.prefix, "");
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function body(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const octal = (value: number): string => `${value.toString(8).padStart(11, "0")}\0`;
const end = Buffer.alloc(1024);
const tar = (...blocks: Uint8Array[]): Buffer => Buffer.concat([...blocks, end]);

function pax(...records: (readonly [string, string])[]): Buffer {
  const text = records
    .map(([key, value]) => {
      let length = key.length + Buffer.byteLength(value) + 3;
      while (String(length).length + key.length + Buffer.byteLength(value) + 3 !== length) length++;
      return `${length} ${key}=${value}\n`;
    })
    .join("");
  return Buffer.concat([header({ name: "pax", type: "x", size: octal(Buffer.byteLength(text)) }), body(text)]);
}

describe("what archives may say", () => {
  test("ustar: prefix, old files without magic, old directories by their slash", () => {
    const members = read(
      tar(
        header({ prefix: "some/where", name: "name" }),
        header({ magic: "\0\0\0\0\0\0", type: "\0", name: "old", prefix: "not a prefix", major: "garbage" }),
        header({ type: "\0", name: "dir/" }),
        header({ type: "7", name: "contiguous", size: octal(3) }),
        body("abc"),
      ),
    );
    expect(members.map(({ name, type, content }) => [name, type, content])).toEqual([
      ["some/where/name", "file", ""],
      ["old", "file", ""],
      ["dir/", "directory", ""],
      ["contiguous", "file", "abc"],
    ]);
  });

  test("GNU: long names and links, base-256 numbers, negative times", () => {
    const long = "x".repeat(300);
    const size = Buffer.alloc(12);
    size[0] = 0x80;
    size[11] = 2;
    const [member, link] = read(
      tar(
        header({ name: "././@LongLink", type: "L", size: octal(301), magic: "ustar " }),
        body(`${long}\0`),
        header({
          name: "short",
          size,
          magic: "ustar ",
          mtime: Buffer.alloc(12, 0xff),
          uid: Buffer.from([0x80, 0, 0, 0, 0, 1, 0, 0]),
        }),
        body("hi"),
        header({ type: "K", size: octal(301), magic: "ustar " }),
        body(`${long}\0`),
        header({ name: "l", type: "2", magic: "ustar " }),
      ),
    );
    expect(member).toMatchObject({ name: long, content: "hi", uid: 65536, mtime: { seconds: -1, nanoseconds: 0 } });
    expect(link).toMatchObject({ name: "l", linkName: long, type: "symlink" });
  });

  test("pax: names, sizes, owners, times, attributes; only for the next member", () => {
    const [first, second] = read(
      tar(
        pax(
          ["path", "ü/ñ"],
          ["size", "5"],
          ["uid", "3000000"],
          ["mtime", "-1.25"],
          ["SCHILY.xattr.user.a", "v\0=\n"],
          ["comment", "ignored"],
        ),
        header({ name: "short" }),
        body("12345"),
        header({ name: "plain" }),
      ),
    );
    expect(first).toMatchObject({
      name: Buffer.from("ü/ñ").toString("latin1"),
      size: 5,
      uid: 3_000_000,
      content: "12345",
    });
    expect(first?.mtime).toEqual({ seconds: -2, nanoseconds: 750_000_000 });
    expect(Buffer.from(first?.xattrs?.get("user.a") ?? []).toString()).toBe("v\0=\n");
    expect(second).toMatchObject({ name: "plain", uid: 0, xattrs: undefined });
  });

  test("names that are not UTF-8 keep their bytes", () => {
    expect(read(tar(header({ name: Buffer.from([0xff, 0x41]) })))[0]?.name).toBe("\xffA");
  });

  test("links and directories have no data, whatever their size says", () => {
    const members = read(
      tar(
        header({ name: "l", type: "1", link: "x", size: octal(512) }),
        header({ name: "d", type: "5", size: octal(9) }),
        header({ name: "f" }),
      ),
    );
    expect(members.map((member) => [member.type, member.size])).toEqual([
      ["hardlink", 0],
      ["directory", 0],
      ["file", 0],
    ]);
  });

  test("global headers are passed over; what follows the end is ignored; the end mark may be missing", () => {
    expect(
      read(tar(header({ type: "g", size: octal(20) }), body("20 path=everything\n\n"), header({ name: "f" })))[0]?.name,
    ).toBe("f");
    expect(read(Buffer.concat([tar(header({})), Buffer.from("junk")]))).toHaveLength(1);
    expect(read(header({}))).toHaveLength(1);
    expect(read(Buffer.alloc(0))).toEqual([]);
  });

  test("the same members come out however the bytes are cut", () => {
    const archive = tar(
      pax(["path", "p".repeat(200)]),
      header({ size: octal(1000) }),
      body("y".repeat(1000)),
      header({ name: "last" }),
    );
    const whole = read(archive);
    for (const size of [1, 7, 511, 512, 513, 1024]) expect(read(archive, size)).toEqual(whole);
  });
});

describe("what archives may not say", () => {
  const invalid = "invalid-parameter: archive/tar: invalid tar header";
  test.each<[string, Uint8Array, string]>([
    ["wrong checksum", tar(header({}, "0000000\0")), invalid],
    ["a number that is none", tar(header({ mode: "12x4567\0" })), `${invalid} (mode is no number)`],
    ["a negative size", tar(header({ size: Buffer.alloc(12, 0xff) })), `${invalid} (negative size)`],
    [
      "a size past all disks",
      tar(header({ size: Buffer.concat([Buffer.from([0x80]), Buffer.alloc(11, 0xff)]) })),
      `${invalid} (size is no number)`,
    ],
    [
      "a huge extended header",
      tar(header({ type: "x", size: octal(2 << 20) })),
      `${invalid} (extended header too large)`,
    ],
    [
      "a name longer than the kernel's",
      tar(pax(["path", "x/".repeat(3000)]), header({})),
      `${invalid} (name too long)`,
    ],
    ["an unknown type", tar(header({ type: "V" })), "invalid-parameter: unhandled tar header type 86"],
    [
      "a GNU sparse file",
      tar(header({ type: "S", name: "s" })),
      "not-implemented: sparse file s in the archive is not supported",
    ],
    [
      "a pax sparse file of an older form",
      tar(pax(["GNU.sparse.major", "0"], ["GNU.sparse.name", "s"]), header({})),
      "not-implemented: sparse file s in the archive has a form that is not supported",
    ],
    [
      "a pax record too long",
      tar(header({ type: "x", size: octal(9) }), body("99 a=b\n\n\n"), header({})),
      `${invalid} (malformed extended header)`,
    ],
    [
      "a pax record without =",
      tar(header({ type: "x", size: octal(7) }), body("7 abcd\n"), header({})),
      `${invalid} (malformed extended header)`,
    ],
    ["a pax owner out of range", tar(pax(["uid", "4294967295"]), header({})), `${invalid} (owner out of range)`],
    ["a pax size that is none", tar(pax(["size", "-1"]), header({})), `${invalid} (malformed extended header)`],
    ["a NUL in a pax name", tar(pax(["path", "a\0b"]), header({})), `${invalid} (malformed extended header)`],
    [
      "a member after one zero block",
      Buffer.concat([Buffer.alloc(512), header({})]),
      `${invalid} (a member after the end mark)`,
    ],
    ["an end inside a header", header({}).subarray(0, 100), "invalid-parameter: unexpected EOF"],
    [
      "an end inside the data",
      Buffer.concat([header({ size: octal(600) }), body("x")]),
      "invalid-parameter: unexpected EOF",
    ],
    ["an end after an extended header", tar(pax(["path", "x"])), "invalid-parameter: unexpected EOF"],
  ])("%s", (_name, archive, expected) => {
    expect(refusal(archive)).toBe(expected);
  });

  test("no bytes, however random, do anything but fail or pass", () => {
    let seed = 42;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) >> 16;
    const base = tar(
      pax(["path", "abc"], ["SCHILY.xattr.user.x", "y"]),
      header({ size: octal(700) }),
      body("z".repeat(700)),
      header({ type: "L", size: octal(5) }),
      body("long"),
      header({}),
    );
    for (let round = 0; round < 2000; round++) {
      const mutated = Buffer.from(base);
      for (let change = 0; change < 4; change++) mutated[random() % mutated.length] = random() & 0xff;
      expect(refusal(mutated)).toMatch(/^(fine|invalid-parameter: |not-implemented: )/);
    }
  });
});
