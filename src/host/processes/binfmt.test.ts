import { expect, test } from "bun:test";
import { handlerFor, handlerRegistration, isKnownArchitecture, parseBinfmtHandler } from "./binfmt.ts";

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

test("a registration takes an architecture's programs, in either byte order, and no others", () => {
  const bytes = (field: string | undefined): string => (field ?? "").replaceAll("\\x", "");
  const parsed = ["arm64", "s390x", "386"].flatMap((architecture) => {
    const [, name = "", kind, offset, magic, mask, interpreter, flags] = handlerRegistration(architecture, "/q").split(
      ":",
    );
    expect([kind, offset]).toEqual(["M", ""]);
    const text = `enabled\ninterpreter ${interpreter}\nflags: ${flags}\noffset 0\nmagic ${bytes(magic)}\nmask ${bytes(mask)}\n`;
    return parseBinfmtHandler(name, text);
  });
  for (const architecture of ["arm64", "s390x", "386"]) {
    const found = handlerFor(parsed, architecture);
    expect([found?.name, found?.interpreter, found?.isFixed]).toEqual([`berth-${architecture}`, "/q", true]);
  }
  for (const architecture of ["amd64", "arm", "riscv64"]) expect(handlerFor(parsed, architecture)).toBeUndefined();
  // A shared object (3) is a program too, since position-independent ones are.
  const [, , , , magic = "", mask = ""] = handlerRegistration("s390x", "/q").split(":");
  expect(bytes(magic).slice(32)).toBe("00020016");
  expect(bytes(mask).slice(32)).toBe("fffeffff");
  expect([isKnownArchitecture("wasm"), isKnownArchitecture("riscv64")]).toEqual([false, true]);
});
