import { BerthError } from "#base/errors.ts";
import type { DeviceRule } from "#spec/oci/runtime.ts";
import { instruction } from "../bpf/assemble.ts";

/**
 * The device allow-list of cgroup v2: an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE that returns 1 to allow, 0 to
 * refuse (linux/bpf.h, struct bpf_cgroup_dev_ctx {access_type = access << 16 | type, major, minor}).
 *
 * Rules are first folded as the kernel's v1 controller folds them (security/device_cgroup.c): a default and exceptions.
 */
export interface DevicePolicy {
  readonly allowByDefault: boolean;
  readonly exceptions: readonly DeviceException[];
}

export interface DeviceException {
  readonly type: "b" | "c";
  /** undefined = every number. */
  readonly major: number | undefined;
  readonly minor: number | undefined;
  /** BPF_DEVCG_ACC_* bits. */
  readonly access: number;
}

const accessBits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const typeNumber = { b: 1, c: 2 } as const;

function bitsOf(access: string | undefined): number {
  let bits = 0;
  for (const letter of access === undefined || access === "" ? "rwm" : access) {
    const bit = accessBits[letter];
    if (bit === undefined)
      throw new BerthError(
        "invalid-parameter",
        `device access ${JSON.stringify(access)} may only have the letters r, w and m`,
      );
    bits |= bit;
  }
  return bits;
}

/** A v2 group without a program allows every device, so that is where folding starts. */
export function foldDeviceRules(rules: readonly DeviceRule[]): DevicePolicy {
  let allowByDefault = true;
  let exceptions: DeviceException[] = [];
  for (const { allow, type, major, minor, access } of rules) {
    if (type === undefined || type === "a") {
      allowByDefault = allow;
      exceptions = [];
      continue;
    }
    const number = (value: number | undefined): number | undefined =>
      value === undefined || value < 0 ? undefined : value;
    const rule = { type, major: number(major), minor: number(minor), access: bitsOf(access) };
    const same = (other: DeviceException): boolean =>
      other.type === rule.type && other.major === rule.major && other.minor === rule.minor;
    const known = exceptions.find(same)?.access ?? 0;
    const bits = allow === allowByDefault ? known & ~rule.access : known | rule.access;
    exceptions = exceptions.filter((other) => !same(other));
    if (bits !== 0) exceptions.push({ ...rule, access: bits });
  }
  return { allowByDefault, exceptions };
}

const [r0, r1, type, access, major, minor, scratch] = [0, 1, 2, 3, 4, 5, 6];
const loadWord = (dst: number, offset: number): Uint8Array => instruction(0x61, dst, r1, offset, 0);
const copy32 = (dst: number, src: number): Uint8Array => instruction(0xbc, dst, src, 0, 0);
const and32 = (dst: number, mask: number): Uint8Array => instruction(0x54, dst, 0, 0, mask);
const shiftRight32 = (dst: number, bits: number): Uint8Array => instruction(0x74, dst, 0, 0, bits);
const setResult = (value: number): Uint8Array => instruction(0xb7, r0, 0, 0, value);
const exit = instruction(0x95, 0, 0, 0, 0);
const jumpUnequal = (dst: number, value: number, offset: number): Uint8Array =>
  instruction(0x55, dst, 0, offset, value);
const jumpEqual = (dst: number, value: number, offset: number): Uint8Array => instruction(0x15, dst, 0, offset, value);

/** The program's instructions. */
export function deviceProgram({ allowByDefault, exceptions }: DevicePolicy): Uint8Array {
  const code: Uint8Array[] = [
    loadWord(type, 0),
    copy32(access, type),
    and32(type, 0xffff),
    shiftRight32(access, 16),
    loadWord(major, 4),
    loadWord(minor, 8),
  ];
  for (const exception of exceptions) {
    // Checks run from the last to the first so that each knows how far it is to the end of the block.
    const decision = [setResult(allowByDefault ? 0 : 1), exit];
    const block: Uint8Array[] = [...decision];
    // Allowing needs all wanted bits in the exception, refusing needs one.
    if (allowByDefault)
      block.unshift(copy32(scratch, access), and32(scratch, exception.access), jumpEqual(scratch, 0, decision.length));
    else if (exception.access !== 7)
      block.unshift(
        copy32(scratch, access),
        and32(scratch, ~exception.access),
        jumpUnequal(scratch, 0, decision.length),
      );
    if (exception.minor !== undefined) block.unshift(jumpUnequal(minor, exception.minor, block.length));
    if (exception.major !== undefined) block.unshift(jumpUnequal(major, exception.major, block.length));
    block.unshift(jumpUnequal(type, typeNumber[exception.type], block.length));
    code.push(...block);
  }
  code.push(setResult(allowByDefault ? 1 : 0), exit);
  const program = new Uint8Array(code.length * 8);
  code.forEach((bytes, index) => program.set(bytes, index * 8));
  return program;
}
