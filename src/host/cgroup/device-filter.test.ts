import { describe, expect, test } from "bun:test";
import type { DeviceRule } from "#spec/oci/runtime.ts";
import { deviceProgram, foldDeviceRules } from "./device-filter.ts";

/** Runs the few eBPF instructions that device programs consist of. */
function run(program: Uint8Array, type: number, access: number, major: number, minor: number): number {
  const context = [type | (access << 16), major, minor];
  const view = new DataView(program.buffer);
  const registers = new Int32Array(11);
  const reg = (index: number): number => registers[index] ?? 0;
  for (let pc = 0; pc < program.length / 8; pc++) {
    const code = view.getUint8(pc * 8);
    const dst = view.getUint8(pc * 8 + 1) & 15;
    const src = view.getUint8(pc * 8 + 1) >> 4;
    const offset = view.getInt16(pc * 8 + 2, true);
    const immediate = view.getInt32(pc * 8 + 4, true);
    if (code === 0x61) registers[dst] = context[offset / 4] ?? 0;
    else if (code === 0xbc) registers[dst] = reg(src);
    else if (code === 0x54) registers[dst] = reg(dst) & immediate;
    else if (code === 0x74) registers[dst] = reg(dst) >>> immediate;
    else if (code === 0xb7) registers[dst] = immediate;
    else if (code === 0x55) pc += reg(dst) !== immediate ? offset : 0;
    else if (code === 0x15) pc += reg(dst) === immediate ? offset : 0;
    else if (code === 0x95) return reg(0);
    else throw new Error(`unknown instruction 0x${code.toString(16)}`);
  }
  throw new Error("ran off the end");
}

const bits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

function allowed(rules: readonly DeviceRule[], type: "b" | "c", access: string, major: number, minor: number): boolean {
  const wanted = access.split("").reduce((sum, letter) => sum | (bits[letter] ?? 0), 0);
  return run(deviceProgram(foldDeviceRules(rules)), type === "b" ? 1 : 2, wanted, major, minor) === 1;
}

describe("device filter", () => {
  const docker: readonly DeviceRule[] = [
    { allow: false, access: "rwm" },
    { allow: true, type: "c", access: "m" },
    { allow: true, type: "b", access: "m" },
    { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
    { allow: true, type: "c", major: 136, access: "rwm" },
    { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
  ];

  test("an allow-list", () => {
    expect(allowed(docker, "c", "rw", 1, 3)).toBe(true);
    expect(allowed(docker, "c", "m", 1, 1)).toBe(true);
    expect(allowed(docker, "c", "r", 1, 1)).toBe(false);
    expect(allowed(docker, "c", "rwm", 136, 7)).toBe(true);
    expect(allowed(docker, "b", "m", 8, 0)).toBe(true);
    expect(allowed(docker, "b", "r", 8, 0)).toBe(false);
    expect(allowed(docker, "c", "rw", 10, 229)).toBe(false);
  });

  test("rights of one device given apart count together, a later denial takes them away", () => {
    const rules: DeviceRule[] = [
      { allow: false },
      { allow: true, type: "c", major: 1, minor: 5, access: "r" },
      { allow: true, type: "c", major: 1, minor: 5, access: "w" },
    ];
    expect(allowed(rules, "c", "rw", 1, 5)).toBe(true);
    rules.push({ allow: false, type: "c", major: 1, minor: 5, access: "w" });
    expect([allowed(rules, "c", "rw", 1, 5), allowed(rules, "c", "r", 1, 5)]).toEqual([false, true]);
  });

  test("a deny-list refuses a request that wants one denied right", () => {
    const rules: readonly DeviceRule[] = [{ allow: true }, { allow: false, type: "b", major: 8, access: "w" }];
    expect([allowed(rules, "b", "r", 8, 1), allowed(rules, "b", "rw", 8, 1), allowed(rules, "c", "rwm", 8, 1)]).toEqual(
      [true, false, true],
    );
  });

  test("without rules everything is allowed", () => {
    expect(allowed([], "b", "rwm", 1, 2)).toBe(true);
  });

  test("unknown access letters are refused", () => {
    expect(() => foldDeviceRules([{ allow: true, type: "c", access: "x" }])).toThrow('device access "x" may only have');
  });
});
