import { expect, test } from "bun:test";
import { JsonFormat } from "./json-format.ts";

interface Seen {
  readonly text: string;
  readonly stream: number;
  readonly partial: boolean;
  readonly timeNs: bigint;
}

function read(text: string): { readonly seen: readonly Seen[]; readonly used: number } {
  const seen: Seen[] = [];
  const used = new JsonFormat().decode(Buffer.from(text), {
    entry(bytes, start, end, stream, partial, time) {
      seen.push({ text: Buffer.from(bytes.subarray(start, end)).toString(), stream, partial, timeNs: time.now() });
      return true;
    },
  });
  return { seen, used };
}

const line = (log: string, stream = "stdout", attrs = ""): string =>
  `{"log":${JSON.stringify(log)},"stream":"${stream}",${attrs}"time":"2026-01-02T03:04:05.5Z"}\n`;
const timeNs = 1_767_323_045_500_000_000n;

test("lines, parts, escapes and attributes", () => {
  const text = [
    line("plain\n"),
    line("part"),
    line('q"b\\ t\t é \u2028 <\n', "stderr", '"attrs":{"log":"x","time":"y"},'),
    line("\n"),
  ].join("");
  expect(read(text).seen).toEqual([
    { text: "plain", stream: 1, partial: false, timeNs },
    { text: "part", stream: 1, partial: true, timeNs },
    { text: 'q"b\\ t\t é \u2028 <', stream: 2, partial: false, timeNs },
    { text: "", stream: 1, partial: false, timeNs },
  ]);
});

test("a backslash before n is no newline", () => {
  expect(read(line("a\\n")).seen[0]).toMatchObject({ text: "a\\n", partial: true });
  expect(read(line("a\\\n")).seen[0]).toMatchObject({ text: "a\\", partial: false });
});

test("other writers' lines are read as JSON, and what is none is passed over", () => {
  const other = '{ "time": "2026-01-02T03:04:05.5Z", "stream": "stderr", "log": "x\\ud83d\\ude00\\n" }\n';
  expect(read(`${other}garbage\n{"log":1}\n{"log":"torn\n${line("y\n")}`).seen).toEqual([
    { text: "x😀", stream: 2, partial: false, timeNs },
    { text: "y", stream: 1, partial: false, timeNs },
  ]);
  expect(read(line("\ud83d\ude00\n")).seen[0]?.text).toBe("😀");
});

test("a line without its end is left for later", () => {
  const whole = line("one\n");
  expect(read(`${whole}{"log":"tw`).used).toBe(Buffer.byteLength(whole));
});

test("any text comes back as it was written", () => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % below;
  const alphabet = ["a", "\\", '"', "n", "\n", "\t", "<", "é", "\u2029", "😀", "\u0001", "{", "}", '","stream":"std'];
  for (let round = 0; round < 2000; round += 1) {
    const log = Array.from({ length: random(12) }, () => alphabet[random(alphabet.length)]).join("");
    const seen = read(line(log)).seen[0];
    expect(`${seen?.text}${seen?.partial === false ? "\n" : ""}`).toBe(log);
  }
});
