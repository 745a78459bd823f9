import { expect, test } from "bun:test";
import { frame, FrameReader, handshake } from "./websocket.ts";

function masked(code: number, text: string, final = true): Uint8Array {
  const payload = Buffer.from(text);
  const mask = [9, 8, 7, 6];
  const length =
    payload.length < 126 ? [payload.length | 0x80] : [126 | 0x80, payload.length >> 8, payload.length & 0xff];
  const bytes = Uint8Array.from(payload, (byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Uint8Array.from([(final ? 0x80 : 0) | code, ...length, ...mask, ...bytes]);
}

test("the handshake of RFC 6455 section 1.3, and what is none", () => {
  const headers: Record<string, string> = {
    connection: "keep-alive, Upgrade",
    upgrade: "WebSocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
  };
  const shake = (change: Readonly<Record<string, string>>) => handshake((name) => ({ ...headers, ...change })[name]);
  expect(shake({})).toEqual({ accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" });
  expect(shake({ upgrade: "tcp" })).toMatchObject({ refusal: "not websocket protocol" });
  expect(shake({ "sec-websocket-key": "" })).toMatchObject({ refusal: "mismatch challenge/response" });
  expect(shake({ "sec-websocket-version": "8" })).toMatchObject({ refusal: "missing or bad WebSocket Version" });
});

test("frames cut anywhere give their bytes in order", () => {
  const bytes = Buffer.concat([
    masked(2, "ab", false),
    masked(9, "hi"),
    masked(0, "c"),
    masked(1, "x".repeat(300)),
    masked(8, ""),
  ]);
  for (let cut = 1; cut <= bytes.length; cut += 7) {
    const reader = new FrameReader();
    let data = "";
    const others: string[] = [];
    for (let at = 0; at < bytes.length; at += cut) {
      for (const piece of reader.push(bytes.subarray(at, at + cut))) {
        if (piece.kind === "data") data += Buffer.from(piece.bytes).toString();
        else others.push(piece.kind === "ping" ? `ping ${Buffer.from(piece.bytes).toString()}` : "close");
      }
    }
    expect([data, others]).toEqual([`abc${"x".repeat(300)}`, ["ping hi", "close"]]);
  }
});

test("frames no client may send are refused", () => {
  for (const bytes of [
    Uint8Array.of(0x82, 1, 0, 0, 0, 0, 65),
    Uint8Array.of(0xc2, 0x81, 0, 0, 0, 0, 65),
    masked(9, "x".repeat(200)),
  ]) {
    expect(() => [...new FrameReader().push(bytes)]).toThrow(RangeError);
  }
});

test("a server's frames have the shortest length", () => {
  const heads = [5, 126, 70_000].map((length) => [...frame(2, new Uint8Array(length)).subarray(0, 10)]);
  expect(heads.map((head) => head.slice(0, 2))).toEqual([
    [0x82, 5],
    [0x82, 126],
    [0x82, 127],
  ]);
  expect(heads[1]?.slice(2, 4)).toEqual([0, 126]);
  expect(heads[2]?.slice(2, 10)).toEqual([0, 0, 0, 0, 0, 1, 0x11, 0x70]);
});
