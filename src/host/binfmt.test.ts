import { expect, test } from "bun:test";
import { handlerFor, parseBinfmtHandler } from "./binfmt.ts";

// As Debian's qemu-user-static registers them.
const arm64 = `enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
`;
const s390x = `enabled
interpreter /usr/bin/qemu-s390x-static
flags: 
offset 0
magic 7f454c4602020100000000000000000000020016
mask ffffffffffffff00fffffffffffffffffffeffff
`;
const byEnding = "enabled\ninterpreter /usr/bin/jexec\nflags: \nextension .jar\n";

test("the handler that takes an architecture's programs", () => {
  const handlers = [
    ...parseBinfmtHandler("jar", byEnding),
    ...parseBinfmtHandler("qemu-aarch64", arm64),
    ...parseBinfmtHandler("qemu-s390x", s390x),
  ];
  expect(handlers.map(({ name, isFixed }) => [name, isFixed])).toEqual([
    ["qemu-aarch64", true],
    ["qemu-s390x", false],
  ]);
  expect(handlerFor(handlers, "arm64")?.interpreter).toBe("/usr/libexec/qemu-binfmt/aarch64-binfmt-P");
  expect(handlerFor(handlers, "s390x")?.name).toBe("qemu-s390x");
  expect(handlerFor(handlers, "riscv64")).toBeUndefined();
  expect(handlerFor(handlers, "unheard-of")).toBeUndefined();
});

test("one that is switched off takes nothing", () => {
  expect(parseBinfmtHandler("qemu-aarch64", arm64.replace("enabled", "disabled"))).toEqual([]);
});
