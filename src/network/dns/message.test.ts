import { describe, expect, test } from "bun:test";
import {
  encodeAnswer,
  encodeName,
  parseAnswer,
  parseQuery,
  rcodes,
  recordTypes,
  udpLimit,
  withId,
  type Query,
} from "./message.ts";

/** Hex written in words. */
const bytes = (words: string): Uint8Array => Uint8Array.fromHex(words.replaceAll(" ", ""));
const question = "03576562 00 0001 0001"; // "Web", A, IN
const plain = bytes(`1234 0100 0001 0000 0000 0000 ${question}`);
const withEdns = bytes(`1234 0100 0001 0000 0000 0001 ${question} 00 0029 04d0 00 00 8000 0000`);

function queryOf(message: Uint8Array): Query {
  const parsed = parseQuery(message);
  if (parsed.kind !== "query") throw new Error(parsed.kind);
  return parsed.query;
}

describe("questions", () => {
  test("are read as they are meant and kept as they came", () => {
    expect(queryOf(plain)).toEqual({
      id: 0x1234,
      recursionDesired: true,
      name: "web",
      type: recordTypes.a,
      internet: true,
      question: bytes(question),
      edns: undefined,
    });
    expect(udpLimit(queryOf(plain))).toBe(512);
    expect(queryOf(withEdns).edns).toEqual({ udpBytes: 1232, version: 0 });
    expect(udpLimit(queryOf(withEdns))).toBe(1232);
  });

  test("a dot inside a label is not one between labels", () => {
    expect(queryOf(bytes("0000 0000 0001 0000 0000 0000 03612e62 00 0001 0001")).name).toBe("a\\.b");
  });

  test.each([
    ["two questions", "1234 0100 0002 0000 0000 0000"],
    ["no question", "1234 0100 0000 0000 0000 0000"],
    ["a name that is cut", "1234 0100 0001 0000 0000 0000 0361"],
    ["a pointer", "1234 0100 0001 0000 0000 0000 c00c 0001 0001"],
    ["a record that is cut", "1234 0100 0001 0000 0000 0001 00 0001 0001 00 0029"],
    ["a name too long", `1234 0100 0001 0000 0000 0000 ${"3f".padEnd(128, "61").repeat(4)} 00 0001 0001`],
  ])("%s: FORMERR", (_, words) => {
    expect(parseQuery(bytes(words))).toEqual({
      kind: "bad",
      answer: bytes("1234 8181 0000 0000 0000 0000"),
    });
  });

  test("another operation: NOTIMP; an answer: nothing", () => {
    expect(parseQuery(bytes("1234 2800 0001 0000 0000 0000"))).toEqual({
      kind: "bad",
      answer: bytes("1234 a884 0000 0000 0000 0000"),
    });
    expect(parseQuery(bytes("1234 8000 0001 0000 0000 0000")).kind).toBe("noise");
    expect(parseQuery(bytes("1234 01")).kind).toBe("noise");
  });

  test("no bytes make it throw, read past the end or answer with more than it was sent", () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed % below;
    };
    const kinds = new Set<string>();
    for (let round = 0; round < 50_000; round++) {
      const base =
        round % 3 === 0 ? crypto.getRandomValues(new Uint8Array(random(80))) : (round % 2 ? plain : withEdns).slice();
      for (let change = random(4); change > 0 && base.length > 0; change--) base[random(base.length)] = random(256);
      const message = base.subarray(0, random(4) === 0 ? random(base.length + 1) : base.length);
      const parsed = parseQuery(message);
      kinds.add(parsed.kind);
      if (parsed.kind === "bad") expect(parsed.answer).toHaveLength(12);
      if (parsed.kind !== "query") continue;
      expect(parsed.query.question.length).toBeLessThanOrEqual(message.length - 12);
      const answer = encodeAnswer(parsed.query, rcodes.noError, [], 512);
      expect(parseAnswer(answer, parsed.query, parsed.query.id)).toEqual({ rcode: 0, truncated: false });
    }
    expect(kinds).toEqual(new Set(["query", "bad", "noise"]));
  });
});

describe("answers", () => {
  const record = (last: number) => ({ type: recordTypes.a, ttlSeconds: 600, data: Uint8Array.of(10, 0, 0, last) });

  test("stand behind the question and point to its name", () => {
    expect(encodeAnswer(queryOf(plain), rcodes.noError, [record(1)], 512)).toEqual(
      bytes(`1234 8180 0001 0001 0000 0000 ${question} c00c 0001 0001 00000258 0004 0a000001`),
    );
    expect(encodeAnswer(queryOf(withEdns), rcodes.badVers, [], 512)).toEqual(
      bytes(`1234 8180 0001 0000 0000 0001 ${question} 00 0029 1000 01 00 0000 0000`),
    );
  });

  test("that do not fit are cut at a record, and say so", () => {
    const records = Array.from({ length: 100 }, (_, index) => record(index));
    const answer = encodeAnswer(queryOf(plain), rcodes.noError, records, 512);
    expect(answer.length).toBeLessThanOrEqual(512);
    expect(parseAnswer(answer, queryOf(plain), 0x1234)).toEqual({ rcode: 0, truncated: true });
    expect(new DataView(answer.buffer).getUint16(6)).toBe(30);
  });

  test("of others count under the id and question that were sent only", () => {
    const answer = encodeAnswer(queryOf(plain), rcodes.nxDomain, [], 512);
    expect(parseAnswer(answer, queryOf(plain), 0x1234)).toEqual({ rcode: 3, truncated: false });
    expect(parseAnswer(withId(answer, 7), queryOf(plain), 0x1234)).toBeUndefined();
    expect(parseAnswer(plain, queryOf(plain), 0x1234)).toBeUndefined();
    const other = bytes(`1234 8180 0001 0000 0000 0000 03776562 00 001c 0001`);
    expect(parseAnswer(other, queryOf(plain), 0x1234)).toBeUndefined();
    expect(parseAnswer(bytes("1234 8181 0000 0000 0000 0000"), queryOf(plain), 0x1234)?.rcode).toBe(1);
  });
});

test("names that cannot be are not written", () => {
  expect(encodeName("a.b")).toEqual(bytes("0161 0162 00"));
  expect(encodeName("a..b")).toBeUndefined();
  expect(encodeName("a".repeat(64))).toBeUndefined();
  expect(encodeName("abcdefg.".repeat(32))).toBeUndefined();
});
