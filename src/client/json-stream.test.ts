import { describe, expect, test } from "bun:test";
import { jsonValues } from "./json-stream.ts";

async function* pieces(text: string, cut: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
}

const read = (text: string, cut: number): Promise<unknown[]> => Array.fromAsync(jsonValues(pieces(text, cut)));

describe.each([1, 2, 7, 1000])("cut every %d bytes", (cut) => {
  test("objects with and without separators", async () => {
    const text = '{"a":"}{\\"\\\\"}\r\n{"b":{"c":[{}]}}{"d":"é€"}\n\u001e{"e":1}\n';
    expect(await read(text, cut)).toEqual([{ a: '}{"\\' }, { b: { c: [{}] } }, { d: "é€" }, { e: 1 }]);
  });

  test("nothing at all", async () => {
    expect(await read(" \r\n", cut)).toEqual([]);
  });

  test("a broken tail is told after what was whole", async () => {
    expect(read('{"a":1}{"b"', cut)).rejects.toMatchObject({ kind: "data-loss" });
  });
});
