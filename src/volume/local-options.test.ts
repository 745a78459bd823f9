import { expect, test } from "bun:test";
import { parseLocalOptions } from "./local-options.ts";

test("what to mount and how large, or nothing", () => {
  const nothing = { mount: undefined, sizeBytes: undefined };
  expect(parseLocalOptions("v", {})).toEqual(nothing);
  expect(parseLocalOptions("v", { type: "", device: "", o: "" })).toEqual(nothing);
  const mount = { type: "tmpfs", device: "tmpfs", o: "" };
  expect(parseLocalOptions("v", { type: "tmpfs", device: "tmpfs" })).toEqual({ ...nothing, mount });
  expect(parseLocalOptions("v", { size: "1.5g" })).toEqual({ ...nothing, sizeBytes: 1.5 * 2 ** 30 });
});

for (const [options, message] of [
  [{ bogus: "1" }, 'create v: invalid option: "bogus"'],
  [{ constructor: "1" }, 'create v: invalid option: "constructor"'],
  [{ TYPE: "tmpfs", device: "x" }, 'create v: invalid option: "TYPE"'],
  [{ type: "tmpfs" }, 'create v: missing required option: "device"'],
  [{ o: "size=1" }, 'create v: missing required option: "device"'],
  [{ device: "/d" }, 'create v: missing required option: "type"'],
  [{ size: "bogus" }, "create v: invalid size: 'bogus'"],
  [{ size: "" }, "create v: invalid size: ''"],
  [{ size: "-1" }, "create v: invalid size: '-1'"],
] as const)
  test(message, () => expect(() => parseLocalOptions("v", options)).toThrow(message));
