import { expect, test } from "bun:test";
import { ByteReader } from "./byte-reader.ts";

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
const taken = async (reader: ByteReader, length: number): Promise<string> =>
  Buffer.from(await reader.take(length)).toString();

test("so many bytes at a time, however they come, and what is left", async () => {
  const reader = new ByteReader(pieces("ab", "", "cdef", "gh", "i"));
  expect([await taken(reader, 1), await taken(reader, 4), await taken(reader, 0)]).toEqual(["a", "bcde", ""]);
  let rest = "";
  for await (const piece of reader.rest()) rest += Buffer.from(piece).toString();
  expect(rest).toBe("fghi");
});

test("too few are data-loss", async () => {
  expect(new ByteReader(pieces("ab")).take(3)).rejects.toMatchObject({ kind: "data-loss" });
});
