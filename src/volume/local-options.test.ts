import { expect, test } from "bun:test";
import { parseLocalOptions } from "./local-options.ts";

test("what to mount, or nothing", () => {
  expect(parseLocalOptions("v", {})).toBeUndefined();
  expect(parseLocalOptions("v", { type: "tmpfs", device: "tmpfs" })).toEqual({ type: "tmpfs", device: "tmpfs", o: "" });
});

for (const [options, message] of [
  [{ bogus: "1" }, 'create v: invalid option: "bogus"'],
  [{ constructor: "1" }, 'create v: invalid option: "constructor"'],
  [{ type: "tmpfs" }, 'create v: missing required option: "device"'],
  [{ o: "size=1" }, 'create v: missing required option: "device"'],
  [{ device: "/d" }, 'create v: missing required option: "type"'],
] as const)
  test(message, () => expect(() => parseLocalOptions("v", options)).toThrow(message));
