import { expect, test } from "bun:test";
import type { BinfmtHandler } from "#host/binfmt.ts";
import { parseBinfmtHandler } from "#host/binfmt.ts";
import { requireEmulation } from "./require-emulation.ts";

const host = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

function handlers(flags: string): readonly BinfmtHandler[] {
  const magic = "7f454c460201010000000000000000000200b700";
  const text = `enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: ${flags}\noffset 0\nmagic ${magic}\n`;
  return parseBinfmtHandler("qemu-aarch64", text);
}

test("the machine's own programs need no handler, nor do its 32-bit relatives", () => {
  const unread = (): never => {
    throw new Error("not asked for");
  };
  for (const architecture of ["amd64", "386"]) requireEmulation({ os: "linux", architecture }, host, unread);
  requireEmulation({ os: "linux", architecture: "arm", variant: "v7" }, arm64, unread);
});

test("a foreign one needs one that works in every root", () => {
  requireEmulation(arm64, host, () => handlers("OCF"));
  expect(() => requireEmulation(arm64, host, () => [])).toThrow("no handler for its programs is registered");
  expect(() => requireEmulation(arm64, host, () => handlers("OC"))).toThrow("it lacks the flag F");
  expect(() => requireEmulation({ os: "windows", architecture: "amd64" }, host, () => [])).toThrow(
    "cannot run on linux",
  );
});
