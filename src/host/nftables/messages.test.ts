import { describe, expect, test } from "bun:test";
import type { NetlinkRequest } from "../netlink/message.ts";
import { attributeMap, parseAttributes, readBe32, readString } from "../netlink/attributes.ts";
import {
  addChain,
  addElements,
  addRule,
  addSet,
  addTable,
  beginBatch,
  concatenate,
  deleteRule,
  endBatch,
  type TableName,
} from "./messages.ts";
import { parseRule, parseTableHandle } from "./parse.ts";
import { ctStatus, iifname, ipIn, loadDestinationPort, loadProtocol, oifnamePrefix, verdict } from "./rule.ts";

/** Hex written in words. */
const packed = (words: string): string => words.replaceAll(" ", "");

const table: TableName = { family: "ip", name: "t" };

/** Lines of "type: payload", nested attributes indented; all without the four bytes of struct nfgenmsg. */
function show({ payload }: NetlinkRequest): string {
  return lines(payload.subarray(4), "").join("\n");
}

function lines(bytes: Uint8Array, indent: string): string[] {
  return parseAttributes(bytes).flatMap(({ type, payload }) => {
    const nested = (bytes[payload.byteOffset - bytes.byteOffset - 1] ?? 0) >= 0x80;
    return nested ? [`${indent}${type}:`, ...lines(payload, `${indent}  `)] : [`${indent}${type}: ${payload.toHex()}`];
  });
}

/** Keys and values of a message that adds elements. */
function elementsOf(payload: Uint8Array): readonly { readonly key: Uint8Array; readonly value: Uint8Array }[] {
  const data = (bytes: Uint8Array = new Uint8Array()): Uint8Array => attributeMap(bytes).get(1) ?? new Uint8Array();
  return parseAttributes(attributeMap(payload, 4).get(3) ?? new Uint8Array()).map(({ payload: element }) => {
    const attributes = attributeMap(element);
    return { key: data(attributes.get(1)), value: data(attributes.get(2)) };
  });
}

describe("nf_tables messages", () => {
  test("a batch names its subsystem, and the generation it relies on", () => {
    expect(beginBatch()).toMatchObject({ type: 16, payload: Uint8Array.of(0, 0, 0, 10) });
    expect(beginBatch(258).payload.toHex()).toBe(packed("0000000a 0800010000000102"));
    expect(endBatch()).toMatchObject({ type: 17, payload: Uint8Array.of(0, 0, 0, 10) });
  });

  test("a table", () => {
    expect(addTable(table)).toMatchObject({ type: 0x0a00, flags: 0x400 });
    expect(addTable(table).payload.toHex()).toBe(packed("02000000 0600010074000000 0800020000000000"));
    expect(addTable({ family: "inet", name: "t" }).payload[0]).toBe(1);
  });

  test("a base chain", () => {
    const chain = addChain(table, "c", { type: "nat", hook: "prerouting", priority: -100, policy: "accept" });
    expect(show(chain)).toBe(
      ["1: 7400", "3: 6300", "4:", "  1: 00000000", "  2: ffffff9c", "5: 00000001", "7: 6e617400"].join("\n"),
    );
  });

  test("a rule: names matched by prefix, addresses by subnet, a verdict and a comment", () => {
    const expressions = [...oifnamePrefix("br-"), ...ipIn("saddr", "10.1.2.3/12"), ...verdict("drop")];
    expect(show(addRule(table, { chain: "c", expressions, comment: "me" }))).toMatchSnapshot();
  });

  test("appends, or inserts at the head", () => {
    const rule = { chain: "c", expressions: verdict("accept") };
    expect(addRule(table, rule).flags).toBe(0xc00);
    expect(addRule(table, rule, true).flags).toBe(0x400);
    expect(show(deleteRule(table, "c", 258n))).toBe(["1: 7400", "2: 6300", "3: 0000000000000102"].join("\n"));
  });

  test("a rule of every expression", () => {
    const rule = addRule(table, {
      chain: "c",
      expressions: [
        ...iifname("berth0", "neq"),
        ...ctStatus(32),
        { kind: "fib", address: "daddr", into: 0 },
        loadProtocol(0),
        loadDestinationPort(1),
        { kind: "lookup", set: "m", key: 0, into: 0 },
        { kind: "lookup", set: "v", key: 0, into: "verdict" },
        { kind: "lookup", set: "s", key: 0, invert: true },
        { kind: "immediate", into: 2, value: Uint8Array.of(1, 2, 3, 4) },
        { kind: "setMark", from: 2 },
        { kind: "counter" },
        { kind: "limitOver", rate: 10, burst: 5 },
        { kind: "dnat", family: "ip", address: 0, port: 1 },
        { kind: "snat", family: "ip6", address: 4 },
        { kind: "masquerade" },
        { kind: "redirect", port: 1 },
        { kind: "verdict", verdict: { code: "jump", chain: "other" } },
      ],
    });
    expect(show(rule)).toMatchSnapshot();
  });

  test("a map with concatenated keys tells its parts", () => {
    const map = {
      name: "m",
      key: ["ipv4_addr", "inet_proto", "inet_service"],
      value: ["ipv4_addr", "inet_service"],
    } as const;
    const attributes = attributeMap(addSet(table, map, 3).payload, 4);
    expect(readBe32(attributes.get(3))).toBe(0x88);
    expect(readBe32(attributes.get(4))).toBe((7 << 12) | (12 << 6) | 13);
    expect(readBe32(attributes.get(5))).toBe(12);
    expect(readBe32(attributes.get(6))).toBe((7 << 6) | 13);
    expect(readBe32(attributes.get(7))).toBe(8);
    expect(readBe32(attributes.get(10))).toBe(3);
    expect(show(addSet(table, map, 3))).toEndWith(
      ["9:", "  2:", "    1:", "      1: 00000004", "    1:", "      1: 00000001", "    1:", "      1: 00000002"].join(
        "\n",
      ),
    );
  });

  test("a verdict map", () => {
    const attributes = attributeMap(addSet(table, { name: "v", key: ["ifname"], value: "verdict" }, 1).payload, 4);
    expect(readBe32(attributes.get(6))).toBe(0xffffff00);
    expect(attributes.has(7)).toBe(false);
  });

  test("many elements are spread over messages that fit, and read back", () => {
    const elements = Array.from({ length: 1001 }, (_, index) => ({
      key: concatenate(Uint8Array.of(6), Uint8Array.of(index >> 8, index & 0xff)),
      value: concatenate(Uint8Array.of(172, 17, 0, 2), Uint8Array.of(0, 80)),
    }));
    const messages = addElements(table, "m", elements);
    expect(messages).toHaveLength(3);
    const read = messages.flatMap(({ payload }) => elementsOf(payload));
    expect(read).toEqual(elements);
    expect(addElements(table, "m", [])).toEqual([]);
  });

  test("concatenation pads each part to four bytes", () => {
    expect(concatenate(Uint8Array.of(6), Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3, 4, 5)).toHex()).toBe(
      packed("06000000 01020000 0102030405000000"),
    );
  });
});

describe("reading back", () => {
  test("a rule's comment", () => {
    const { payload } = addRule(table, { chain: "c", expressions: [], comment: "berth:x" });
    expect(parseRule({ type: 0, flags: 0, sequence: 1, payload }).comment).toBe("berth:x");
    expect(readString(attributeMap(payload, 4).get(2))).toBe("c");
  });

  test("a rule without one, a table without handle", () => {
    const { payload } = addRule(table, { chain: "c", expressions: [] });
    expect(parseRule({ type: 0, flags: 0, sequence: 1, payload }).comment).toBe("");
    expect(parseTableHandle({ type: 0, flags: 0, sequence: 1, payload: new Uint8Array(4) })).toBe(0n);
  });
});
