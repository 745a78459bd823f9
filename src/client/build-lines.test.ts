import { expect, test } from "bun:test";
import { buildMessages, type BuildMessage } from "./build-lines.ts";

async function read(bytes: Uint8Array, pieceBytes: number): Promise<readonly BuildMessage[]> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
  }
  const messages: BuildMessage[] = [];
  for await (const message of buildMessages(pieces())) messages.push(message);
  return messages;
}

const payload = Buffer.from('{"type":"image"}\n\0\n');
const answer = Buffer.concat([
  Buffer.from('{"type":"exporting","text":"é"}\n'),
  Buffer.from(`{"type":"data","output":1,"bytes":${payload.length}}\n`),
  payload,
  Buffer.from('{"type":"data","output":0,"bytes":0}\n{"type":"tagged","name":"x"}\n'),
]);

test.each([1, 3, 7, 1000])("lines and the bytes behind them, however they are cut: %d", async (pieceBytes) => {
  const messages = await read(answer, pieceBytes);
  const data = messages.flatMap((message) => (message.type === "data" ? [message] : []));
  expect(Buffer.concat(data.map(({ chunk }) => chunk))).toEqual(payload);
  expect(data.every(({ output }) => output === 1)).toBe(true);
  expect(messages.filter(({ type }) => type !== "data")).toEqual([
    { type: "exporting", text: "é" },
    { type: "tagged", name: "x" },
  ]);
});

test.each([10, answer.length - 3, 80])("an answer that is cut off after %d bytes is no whole one", async (length) => {
  expect(read(answer.subarray(0, length), 100)).rejects.toThrow("ends too early");
});
