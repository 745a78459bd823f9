import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emulatorNames, findEmulator } from "./emulator-program.ts";

const scratch = mkdtempSync(join(tmpdir(), "emulator-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A 64-bit ELF header with one program header of this type behind it, elf(5). */
function program(name: string, type: number): string {
  const bytes = Buffer.alloc(64 + 56);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(type, 64);
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  chmodSync(path, 0o755);
  return path;
}

test("a program that needs libraries is told from one that does not", () => {
  const [whole, linked] = [program("whole", 1), program("linked", 3)];
  expect(findEmulator("arm64", whole)).toEqual({ path: whole, isStatic: true });
  expect(findEmulator("arm64", linked)).toEqual({ path: linked, isStatic: false });
  writeFileSync(join(scratch, "text"), "#!/bin/sh\n");
  for (const name of ["text", "missing", "whole/below", "."]) {
    expect(findEmulator("arm64", join(scratch, name))).toBeUndefined();
  }
});

test("qemu's names are looked for in PATH, static ones first", () => {
  expect(emulatorNames("arm64")).toEqual(["qemu-aarch64-static", "qemu-aarch64"]);
  expect(emulatorNames("s390x")).toEqual(["qemu-s390x-static", "qemu-s390x"]);
  const before = process.env["PATH"];
  try {
    process.env["PATH"] = `relative:${scratch}:${before ?? ""}`;
    const linked = program("qemu-mips64el-static", 3);
    expect(findEmulator("mips64le", undefined)?.path).toBe(linked);
    const whole = program("qemu-mips64el", 1);
    expect(findEmulator("mips64le", undefined)).toEqual({ path: whole, isStatic: true });
  } finally {
    process.env["PATH"] = before;
  }
});
