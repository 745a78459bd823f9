import { expect, test } from "bun:test";
import { Demultiplexer, encodeFrame, FrameDecoder } from "./stdcopy.ts";

test("frames cut anywhere come out whole, in order", () => {
  const bytes = Buffer.concat([
    encodeFrame("stdout", Buffer.from("hello")),
    encodeFrame("stderr", Buffer.from("")),
    encodeFrame("stderr", Buffer.from("no")),
  ]);
  for (let cut = 1; cut <= bytes.length; cut += 1) {
    const decoder = new FrameDecoder();
    const seen = { stdin: "", stdout: "", stderr: "", systemerr: "" };
    for (let at = 0; at < bytes.length; at += cut) {
      for (const { stream, payload } of decoder.push(bytes.subarray(at, at + cut)))
        seen[stream] += Buffer.from(payload).toString();
    }
    expect(seen).toEqual({ stdin: "", stdout: "hello", stderr: "no", systemerr: "" });
  }
});

test("bytes that are no frame are refused", () => {
  expect(() => [...new FrameDecoder().push(Buffer.from("plain text"))]).toThrow("Unrecognized input header: 112");
});

test("demultiplexing joins neighbours of one stream, however the bytes are cut", () => {
  const frames = [
    encodeFrame("stdout", Buffer.from("one\n")),
    encodeFrame("stdout", Buffer.from("x".repeat(300))),
    encodeFrame("stderr", Buffer.from("bad\n")),
    encodeFrame("stdout", new Uint8Array()),
    encodeFrame("stdout", Buffer.from("two\n")),
  ];
  const all = Buffer.concat(frames);
  const wanted = [`stdout:one\n${"x".repeat(300)}`, "stderr:bad\n", "stdout:two\n"];
  const pieces: string[] = [];
  new Demultiplexer().push(all, (stream, bytes) => pieces.push(`${stream}:${Buffer.from(bytes).toString()}`));
  expect(pieces).toEqual(wanted);
  for (const size of [1, 3, 7, 8, 9, 100]) {
    const text = { stdin: "", stdout: "", stderr: "", systemerr: "" };
    const cut = new Demultiplexer();
    for (let at = 0; at < all.byteLength; at += size) {
      cut.push(all.subarray(at, at + size), (stream, bytes) => (text[stream] += Buffer.from(bytes).toString()));
    }
    expect([text.stdout, text.stderr]).toEqual([`one\n${"x".repeat(300)}two\n`, "bad\n"]);
  }
  expect(() => new Demultiplexer().push(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 1), () => {})).toThrow(
    "Unrecognized input header: 9",
  );
});
