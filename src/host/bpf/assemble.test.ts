import { describe, expect, test } from "bun:test";
import { assemble, copy, exit, jumpIfEqual, load32, place, set, set64, setMap } from "./assemble.ts";
import { arrayOfWords } from "./type-format.ts";

const words = (program: Uint8Array): readonly string[] =>
  (program.toHex().match(/.{16}/gu) ?? []).map((word) => word.replace(/(..)(..)(....)(.*)/u, "$1 $2 $3 $4"));

describe("eBPF", () => {
  test("opcode, registers, offset, immediate", () => {
    expect(words(assemble([copy(6, 1), load32(2, 6, 24), set(0, -1), exit]))).toEqual([
      "bf 16 0000 00000000",
      "61 62 1800 00000000",
      "b7 00 0000 ffffffff",
      "95 00 0000 00000000",
    ]);
  });

  test("a number of 64 bits and a map take two places, which jumps count", () => {
    const lines = [jumpIfEqual(1, 7, "end"), set64(1, 0xfedc_ba98_7654_3210n), setMap(2, 9), place("end"), exit];
    expect(words(assemble(lines))).toEqual([
      "16 01 0400 07000000",
      "18 01 0000 10325476",
      "00 00 0000 98badcfe",
      "18 12 0000 09000000",
      "00 00 0000 00000000",
      "95 00 0000 00000000",
    ]);
  });

  test("jumps lead forward, to a place that there is", () => {
    expect(() => assemble([place("start"), jumpIfEqual(1, 7, "start")])).toThrow("start, which does not come later");
    expect(() => assemble([jumpIfEqual(1, 7, "nowhere")])).toThrow("nowhere");
  });
});

test("u32[5] as the kernel reads types", () => {
  const header = ["9feb0100", "18000000", "00000000", "28000000", "28000000", "05000000"];
  const word = ["01000000", "00000001", "04000000", "20000000"];
  const array = ["00000000", "00000003", "00000000", "01000000", "01000000", "05000000"];
  expect(arrayOfWords(5).bytes.toHex()).toBe([...header, ...word, ...array, "0075333200"].join(""));
});
