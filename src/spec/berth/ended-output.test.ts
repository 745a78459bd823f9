import { describe, expect, test } from "bun:test";
import { encodeFrame } from "../docker/stdcopy.ts";
import { encodeEnd, EndedOutput } from "./ended-output.ts";

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const frames = [
  encodeFrame("stdout", text("one\n")),
  encodeFrame("stderr", text("")),
  encodeFrame("stdout", text("two")),
];
const message = Buffer.concat([...frames, encodeEnd({ StatusCode: 3, Error: { Message: "ä" } })]);

/** What comes out when the message arrives in pieces of `size` bytes. */
function received(size: number, raw: boolean, bytes: Uint8Array = message): { output: Buffer; end: unknown } {
  const parted = new EndedOutput({ raw });
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(Buffer.from(parted.push(bytes.subarray(at, at + size))));
  return { output: Buffer.concat(pieces), end: parted.end() };
}

describe("output with its end behind it", () => {
  for (const size of [1, 3, 7, 8, 9, 1000]) {
    test(`in pieces of ${size}`, () => {
      const end = { StatusCode: 3, Error: { Message: "ä" } };
      expect(received(size, false)).toEqual({ output: Buffer.concat(frames), end });
      expect(received(size, true)).toEqual({ output: Buffer.from("one\ntwo"), end });
    });
  }

  test("no end where the stream was cut off", () => {
    for (const length of [message.length - 1, Buffer.concat(frames).length, 5, 0])
      expect(received(4, false, message.subarray(0, length)).end).toBeUndefined();
  });
});
