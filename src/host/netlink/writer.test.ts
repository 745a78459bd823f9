import { expect, test } from "bun:test";
import { attributeMap, parseAttributes, readBe32, readBe64, readString, readU32 } from "./attributes.ts";
import { NetlinkWriter } from "./writer.ts";

/** Hex written in words. */
const packed = (words: string): string => words.replaceAll(" ", "");

test("attributes are padded, their lengths are not", () => {
  expect(new NetlinkWriter().attributeString(3, "lo").attributeU8(4, 9).finish().toHex()).toBe(
    packed("070003006c6f0000 0500040009000000"),
  );
});

test("nested attributes hold theirs and carry the flag", () => {
  const bytes = new NetlinkWriter()
    .nested(18, (outer) => outer.nested(2, (inner) => inner.attributeU32(1, 5)))
    .finish();
  expect(bytes.toHex()).toBe(packed("10001280 0c000280 08000100 05000000"));
});

test("grows past its first capacity", () => {
  const bytes = new NetlinkWriter(8).attribute(1, new Uint8Array(1000).fill(7)).u16(0x1234).finish();
  expect(bytes.length).toBe(1006);
  expect(parseAttributes(bytes)[0]?.payload).toEqual(new Uint8Array(1000).fill(7));
});

test("refuses an attribute longer than its length field can say", () => {
  expect(() => new NetlinkWriter().attribute(1, new Uint8Array(0x10000))).toThrow(RangeError);
});

test("what was written is read back", () => {
  const bytes = new NetlinkWriter()
    .bytes(Uint8Array.of(1, 2, 3, 4))
    .attributeU32(1, 0xfffffffe)
    .attributeBe32(2, 0xfffffffe)
    .attributeBe64(3, 2n ** 40n)
    .attributeString(4, "veth0")
    .flag(5)
    .finish();
  const attributes = attributeMap(bytes, 4);
  expect(readU32(attributes.get(1))).toBe(0xfffffffe);
  expect(readBe32(attributes.get(2))).toBe(0xfffffffe);
  expect(readBe64(attributes.get(3))).toBe(2n ** 40n);
  expect(readString(attributes.get(4))).toBe("veth0");
  expect(attributes.get(5)).toEqual(new Uint8Array(0));
});

test("absent and short attributes read as zero and empty", () => {
  expect([readU32(undefined), readBe32(Uint8Array.of(1)), readString(undefined)]).toEqual([0, 0, ""]);
  expect(readBe64(undefined)).toBe(0n);
  expect(parseAttributes(Uint8Array.of(9, 0, 1, 0, 1))).toEqual([]);
});
