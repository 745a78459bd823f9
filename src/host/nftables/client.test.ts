import { expect, test } from "bun:test";
import { encodeMessages, NLM_F_ACK, parseMessages } from "../netlink/message.ts";
import { NetlinkSocket, type NetlinkTransport } from "../netlink/socket.ts";
import { NetlinkWriter } from "../netlink/writer.ts";
import { attributeMap, readBe32 } from "../netlink/attributes.ts";
import { NfTablesClient } from "./client.ts";
import { addTable } from "./messages.ts";

/** Counts generations as the kernel does. */
class FakeTables implements NetlinkTransport {
  generation: number;
  #answers: Uint8Array[] = [];

  constructor(generation: number) {
    this.generation = generation;
  }

  send(bytes: Uint8Array): void {
    const messages = parseMessages(bytes);
    const [first] = messages;
    if (first?.type === 0x0a10) {
      const payload = new NetlinkWriter().u32(0).attributeBe32(1, this.generation).finish();
      this.#answer(0x0a0f, first.sequence, payload);
      return;
    }
    const expected = attributeMap(first?.payload ?? new Uint8Array(0), 4).get(1);
    if (expected !== undefined && readBe32(expected) !== this.generation) {
      this.#answer(2, first?.sequence ?? 0, new NetlinkWriter().u32(-85 >>> 0).finish());
      return;
    }
    this.generation = (this.generation + 1) >>> 0 || 1;
    for (const message of messages)
      if ((message.flags & NLM_F_ACK) !== 0) this.#answer(2, message.sequence, new Uint8Array(4));
  }

  receive(): Uint8Array | undefined {
    return this.#answers.shift();
  }

  close(): void {}

  #answer(type: number, sequence: number, payload: Uint8Array): void {
    this.#answers.push(encodeMessages([{ type, flags: 0, payload, what: "" }], sequence));
  }
}

const request = addTable({ family: "ip", name: "t" });

test("a change on the condition that nobody else made one", () => {
  const tables = new FakeTables(5);
  const client = new NfTablesClient(new NetlinkSocket(tables));
  expect(client.commitUnlessChanged([request])).toBe(false);
  client.observe();
  expect(client.commitUnlessChanged([request])).toBe(true);
  expect(client.commitUnlessChanged([request])).toBe(true);
  expect(client.unchanged()).toBe(true);
  tables.generation++;
  expect(client.unchanged()).toBe(false);
  expect(client.commitUnlessChanged([request])).toBe(false);
  expect(tables.generation).toBe(8);
});

test("an unconditional change counts as somebody's", () => {
  const client = new NfTablesClient(new NetlinkSocket(new FakeTables(5)));
  client.observe();
  client.commit([request]);
  expect(client.commitUnlessChanged([request])).toBe(false);
});

test("the counter wraps past zero", () => {
  const client = new NfTablesClient(new NetlinkSocket(new FakeTables(0xffffffff)));
  client.observe();
  expect(client.commitUnlessChanged([request])).toBe(true);
  expect(client.unchanged()).toBe(true);
});
