import { expect, test } from "bun:test";
import { encodeFrame, FrameDecoder } from "./stdcopy.ts";

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
