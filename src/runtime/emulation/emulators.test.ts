import { expect, test } from "bun:test";
import type { BinfmtHandler } from "#host/processes/binfmt.ts";
import { parseBinfmtHandler } from "#host/processes/binfmt.ts";
import type { EmulatorProgram } from "#host/processes/emulator-program.ts";
import { Emulators, type EmulatorsDeps } from "./emulators.ts";

const host = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

function handlers(flags: string): readonly BinfmtHandler[] {
  const magic = "7f454c460201010000000000000000000200b700";
  const text = `enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: ${flags}\noffset 0\nmagic ${magic}\n`;
  return parseBinfmtHandler("qemu-aarch64", text);
}

function emulators(change: Partial<EmulatorsDeps>): Emulators {
  const usual: EmulatorsDeps = {
    ...{ host, kernel: { major: 6, minor: 7 }, handlers: () => [], hasBinfmt: () => true, configured: {} },
    find: () => undefined,
  };
  return new Emulators({ ...usual, ...change });
}

/** Static programs of these architectures. */
const programs =
  (...architectures: readonly string[]) =>
  (architecture: string): EmulatorProgram | undefined =>
    architectures.includes(architecture) ? { path: `/q/${architecture}`, isStatic: true } : undefined;

test("the machine's own programs need no handler, nor do its 32-bit relatives", () => {
  const unread = (): never => {
    throw new Error("not asked for");
  };
  const own = emulators({ handlers: unread });
  for (const architecture of ["amd64", "386"]) expect(own.require({ os: "linux", architecture })).toBeUndefined();
  const other = emulators({ host: arm64, handlers: unread });
  expect(other.require({ os: "linux", architecture: "arm", variant: "v7" })).toBeUndefined();
});

test("a foreign one needs a handler of the machine that works in every root", () => {
  const old = { major: 6, minor: 6 };
  expect(emulators({ kernel: old, handlers: () => handlers("OCF") }).require(arm64)).toBeUndefined();
  expect(() => emulators({ kernel: old }).require(arm64)).toThrow("no handler for its programs is registered");
  expect(() => emulators({ kernel: old, handlers: () => handlers("OC") }).require(arm64)).toThrow(
    "it lacks the flag F",
  );
  expect(() => emulators({}).require({ os: "windows", architecture: "amd64" })).toThrow("cannot run on linux");
  expect(emulators({}).offer({ os: "windows", architecture: "amd64" })).toBeUndefined();
});

test("or handlers of its own, from Linux 6.7 on, with an interpreter of the machine", () => {
  const found = emulators({ find: programs("arm64", "arm", "s390x") });
  const [first, second, ...more] = found.require(arm64)?.registrations ?? [];
  expect(first).toStartWith(":berth-arm64:M::\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00");
  expect(first).toEndWith(":/q/arm64:POCF");
  expect([second?.split(":")[1], more]).toEqual(["berth-arm", []]);
  expect(emulators({ find: programs("arm64") }).require(arm64)?.registrations).toHaveLength(1);
  expect(found.offer({ os: "linux", architecture: "s390x" })?.registrations).toHaveLength(1);
  // The machine's own handlers come first, those that do not work in every root do not count.
  expect(emulators({ find: programs("arm64"), handlers: () => handlers("F") }).require(arm64)).toBeUndefined();
  expect(emulators({ find: programs("arm64"), handlers: () => handlers("OC") }).offer(arm64)).toBeDefined();
});

test("where there is no interpreter it says what to do", () => {
  const missing = emulators({});
  expect(() => missing.require(arm64)).toThrow("and qemu-aarch64-static is not there to emulate them");
  expect(missing.offer(arm64)).toBeUndefined();
  expect(missing.advice(arm64)).toContain("set --emulator arm64=PATH");
  expect(missing.advice(host)).toBeUndefined();
  const linked = emulators({ find: () => ({ path: "/usr/bin/qemu-aarch64", isStatic: false }) });
  expect(() => linked.require(arm64)).toThrow("/usr/bin/qemu-aarch64 is not linked statically");
  expect(() => emulators({ hasBinfmt: () => false }).require(arm64)).toThrow("the kernel has no binfmt_misc");
  const set = emulators({ configured: { arm64: "/set" }, find: (_, path) => ({ path: path ?? "", isStatic: true }) });
  expect(set.require(arm64)?.registrations[0]).toContain(":/set:");
  expect(() => missing.require({ os: "linux", architecture: "wasm" })).toThrow("its programs are not known");
});
