import { describe, expect, test } from "bun:test";
import {
  encodeMessages,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_ERROR,
  parseAcknowledgement,
  parseMessages,
} from "./message.ts";
import { NetlinkWriter } from "./writer.ts";

/** Hex written in words. */
const packed = (words: string): string => words.replaceAll(" ", "");

describe("encodeMessages", () => {
  test("numbers, pads and marks each message", () => {
    const bytes = encodeMessages(
      [
        { type: 16, flags: 0, payload: Uint8Array.of(1, 2, 3), what: "first" },
        { type: 17, flags: NLM_F_ACK, payload: new Uint8Array(0), what: "second" },
      ],
      7,
    );
    expect(bytes.toHex()).toBe(
      packed("13000000 1000 0100 07000000 00000000 01020300 10000000 1100 0500 08000000 00000000"),
    );
  });
});

describe("parseMessages", () => {
  test("reads what encodeMessages wrote", () => {
    const request = { type: 20, flags: 0, payload: Uint8Array.of(9, 8, 7, 6, 5), what: "" };
    const [first, second, ...more] = parseMessages(encodeMessages([request, request], 3));
    expect(more).toEqual([]);
    expect(first).toMatchObject({ type: 20, sequence: 3, payload: request.payload });
    expect(second).toMatchObject({ type: 20, sequence: 4, payload: request.payload });
  });

  test("stops at lengths that do not fit", () => {
    const bytes = encodeMessages([{ type: 20, flags: 0, payload: new Uint8Array(8), what: "" }], 1);
    expect(parseMessages(bytes.subarray(0, 20))).toEqual([]);
    bytes[0] = 4;
    expect(parseMessages(bytes)).toEqual([]);
  });
});

describe("parseAcknowledgement", () => {
  test("zero is success", () => {
    expect(parseAcknowledgement({ type: NLMSG_ERROR, flags: 0, sequence: 1, payload: new Uint8Array(20) })).toEqual({
      errno: 0,
      text: "",
    });
  });

  test("carries the kernel's words behind a request that was left out", () => {
    const payload = new NetlinkWriter()
      .u32(-22 >>> 0)
      .bytes(new Uint8Array(16))
      .attributeString(1, "Invalid prefix")
      .finish();
    const flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
    expect(parseAcknowledgement({ type: NLMSG_ERROR, flags, sequence: 1, payload })).toEqual({
      errno: 22,
      text: "Invalid prefix",
    });
  });

  test("carries them behind a request that was sent back whole", () => {
    const request = encodeMessages([{ type: 16, flags: 0, payload: new Uint8Array(5), what: "" }], 1);
    const payload = new NetlinkWriter()
      .u32(-17 >>> 0)
      .bytes(request)
      .attributeString(1, "there already")
      .finish();
    const acknowledgement = parseAcknowledgement({ type: NLMSG_ERROR, flags: NLM_F_ACK_TLVS, sequence: 1, payload });
    expect(acknowledgement).toEqual({ errno: 17, text: "there already" });
  });
});
