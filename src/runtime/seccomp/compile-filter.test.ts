import { describe, expect, test } from "bun:test";
import type { Seccomp, SeccompArg, SeccompOperator } from "#spec/oci/runtime.ts";
import { abisOf, x32Bit, type Machine } from "./abi.ts";
import { evaluate } from "./bpf-machine.suite.ts";
import { compileFilter } from "./compile-filter.ts";
import { defaultProfile } from "./default-profile.ts";
import { resolveProfile } from "./profile.ts";

const ALLOW = 0x7fff0000;
const KILL = 0;
const errno = (n: number): number => 0x00050000 | n;
const [EPERM, ENOSYS] = [errno(1), errno(38)];

const dockerCapabilities = new Set(
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
    .split(" ")
    .map((name) => `CAP_${name}`),
);

function docker(machine: Machine, capabilities: ReadonlySet<string> = dockerCapabilities): Seccomp {
  const config = resolveProfile(defaultProfile, { machine, kernel: { major: 6, minor: 1 }, capabilities });
  if (config === undefined) throw new Error("the default profile filters nothing");
  return config;
}

/** What the profile says about a call without its arguments, computed in the plainest way. */
function expected(config: Seccomp, name: string): "allow" | "conditional" | "enosys" | "deny" {
  const rules = (config.syscalls ?? []).filter(({ names }) => names.includes(name));
  if (rules.some(({ action, args }) => action === "SCMP_ACT_ALLOW" && (args ?? []).length === 0)) return "allow";
  if (rules.some(({ errnoRet }) => errnoRet === 38)) return "enosys";
  return rules.length > 0 ? "conditional" : "deny";
}

describe.each(["x86_64", "aarch64"] as const)("Docker's default profile on %s", (machine) => {
  const config = docker(machine);
  const { program, flags } = compileFilter(config, machine);

  test("every system call of every ABI gets what the profile says", () => {
    let checked = 0;
    for (const abi of abisOf[machine]) {
      const known = [...abi.numbers].filter(([name]) => expected(config, name) !== "deny").map(([, n]) => n);
      const newest = Math.max(...known.filter((n) => n < abi.privateFrom));
      const byNumber = new Map<number, string[]>();
      for (const [name, number] of abi.numbers) byNumber.set(number, [...(byNumber.get(number) ?? []), name]);
      for (let number = 0; number < newest + 100; number++) {
        const outcomes = (byNumber.get(number) ?? []).map((name) => expected(config, name));
        const result = evaluate(program, {
          auditArch: abi.auditArch,
          nr: number + abi.numberBase,
          args: [AF_ALG, 0, 0, 0, 0, 0],
        });
        checked++;
        if (outcomes.includes("allow")) expect(result).toBe(ALLOW);
        else if (outcomes.includes("enosys") || number > newest) expect(result).toBe(ENOSYS);
        // Argument 0 = 38 is no personality, no socket family and no clone flag set that is refused.
        else if (outcomes.includes("conditional"))
          expect([number, result]).toEqual([number, abi.numbers.get("clone") === number ? ALLOW : EPERM]);
        else expect([number, result]).toEqual([number, EPERM]);
      }
    }
    expect(checked).toBeGreaterThan(800);
  });

  test("other architectures are killed", () => {
    expect(evaluate(program, { auditArch: 0x80000016, nr: 1 })).toBe(KILL);
  });

  test("needs few instructions and no flags", () => {
    expect(program.length / 8).toBeLessThan(400);
    expect(flags).toBe(0);
  });

  test("arguments decide about socket, personality and clone", () => {
    for (const abi of abisOf[machine]) {
      const call = (name: string, ...args: (number | bigint)[]): number =>
        evaluate(program, { auditArch: abi.auditArch, nr: (abi.numbers.get(name) ?? 0) + abi.numberBase, args });
      for (let family = 0; family < 64; family++)
        expect(call("socket", family)).toBe(family === AF_ALG || family === 40 ? EPERM : ALLOW);
      for (const persona of [0, 8, 0x20000, 0x20008, 0xffffffff]) expect(call("personality", persona)).toBe(ALLOW);
      for (const persona of [1, 0x40000, 0xfffffffe]) expect(call("personality", persona)).toBe(EPERM);
      if (abi.wordBits === 64) expect(call("personality", 0x1_0000_0008n)).toBe(EPERM);
      for (let bit = 0; bit < 32; bit++) {
        const flag = 2 ** bit;
        expect([bit, call("clone", flag)]).toEqual([bit, (flag & 0x7e020000) === 0 ? ALLOW : EPERM]);
      }
    }
  });
});

const AF_ALG = 38;
const x64 = 0xc000003e;

describe("compileFilter", () => {
  test("capabilities open their calls", () => {
    const config = docker("x86_64", new Set([...dockerCapabilities, "CAP_SYS_ADMIN", "CAP_SYS_TIME"]));
    const { program } = compileFilter(config, "x86_64");
    const numbers = abisOf.x86_64[0].numbers;
    const call = (name: string): number =>
      evaluate(program, { auditArch: x64, nr: numbers.get(name) ?? -1, args: [0x7e020000] });
    for (const name of ["mount", "clone", "clone3", "unshare", "bpf", "clock_settime"]) expect(call(name)).toBe(ALLOW);
    for (const name of ["reboot", "kexec_load", "init_module", "io_uring_setup", "keyctl", "userfaultfd"])
      expect(call(name)).toBe(EPERM);
  });

  test("without the x32 ABI its numbers are killed, a tracer's skipped call is not", () => {
    const config: Seccomp = { ...docker("x86_64"), architectures: ["SCMP_ARCH_X86_64"] };
    const { program } = compileFilter(config, "x86_64");
    expect(evaluate(program, { auditArch: x64, nr: x32Bit + 1 })).toBe(KILL);
    expect(evaluate(program, { auditArch: x64, nr: -1 })).toBe(EPERM);
    expect(evaluate(program, { auditArch: 0x40000003, nr: 4 })).toBe(KILL);
  });

  const operators: Readonly<Record<SeccompOperator, (arg: bigint, value: bigint, two: bigint) => boolean>> = {
    SCMP_CMP_NE: (arg, value) => arg !== value,
    SCMP_CMP_LT: (arg, value) => arg < value,
    SCMP_CMP_LE: (arg, value) => arg <= value,
    SCMP_CMP_EQ: (arg, value) => arg === value,
    SCMP_CMP_GE: (arg, value) => arg >= value,
    SCMP_CMP_GT: (arg, value) => arg > value,
    SCMP_CMP_MASKED_EQ: (arg, value, two) => (arg & value) === (two & value),
  };
  const samples = [
    0n,
    1n,
    2n,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    0x1_00000000n,
    0x1_00000001n,
    0x2_00000000n,
    2n ** 63n,
    2n ** 64n - 1n,
  ];

  test.each(Object.keys(operators) as SeccompOperator[])("%s compares 64 bits without sign", (op) => {
    for (const value of samples) {
      for (const valueTwo of op === "SCMP_CMP_MASKED_EQ" ? samples : [0n]) {
        const config: Seccomp = {
          defaultAction: "SCMP_ACT_ERRNO",
          architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
          syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", args: [{ index: 5, value, valueTwo, op }] }],
        };
        const { program } = compileFilter(config, "x86_64");
        for (const arg of samples) {
          const verdict = operators[op](arg, value, valueTwo) ? ALLOW : EPERM;
          expect(evaluate(program, { auditArch: x64, nr: 0, args: [9, 9, 9, 9, 9, arg] })).toBe(verdict);
          if (arg < 2n ** 32n)
            expect(evaluate(program, { auditArch: 0x40000003, nr: 3, args: [9, 9, 9, 9, 9, arg] })).toBe(verdict);
        }
      }
    }
  });

  const readIf = (args: readonly SeccompArg[]): ((...values: number[]) => number) => {
    const { program } = compileFilter(
      {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["read"], action: "SCMP_ACT_ERRNO", errnoRet: 13, args }],
      },
      "x86_64",
    );
    return (...values) => evaluate(program, { auditArch: x64, nr: 0, args: values });
  };

  test("conditions on different arguments must all hold, on one argument any", () => {
    const both = readIf([
      { index: 0, value: 1, op: "SCMP_CMP_EQ" },
      { index: 1, value: 2, op: "SCMP_CMP_GT" },
    ]);
    expect([both(1, 3), both(1, 2), both(0, 3)]).toEqual([errno(13), ALLOW, ALLOW]);
    const any = readIf([
      { index: 0, value: 1, op: "SCMP_CMP_EQ" },
      { index: 0, value: 2, op: "SCMP_CMP_EQ" },
    ]);
    expect([any(1), any(2), any(3)]).toEqual([errno(13), errno(13), ALLOW]);
  });

  test("all actions have their kernel values", () => {
    const value = (action: Seccomp["defaultAction"]): number =>
      evaluate(
        compileFilter(
          { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["getpid"], action, errnoRet: 7 }] },
          "x86_64",
        ).program,
        { auditArch: x64, nr: 39 },
      );
    expect(value("SCMP_ACT_KILL")).toBe(0);
    expect(value("SCMP_ACT_KILL_PROCESS")).toBe(0x80000000);
    expect(value("SCMP_ACT_TRAP")).toBe(0x30000);
    expect(value("SCMP_ACT_ERRNO")).toBe(errno(7));
    expect(value("SCMP_ACT_TRACE")).toBe(0x7ff00007);
    expect(value("SCMP_ACT_LOG")).toBe(0x7ffc0000);
    expect(value("SCMP_ACT_NOTIFY")).toBe(0x7fc00000);
  });

  test("a permissive default has no ENOSYS for newer calls", () => {
    const { program } = compileFilter(
      { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["getpid"], action: "SCMP_ACT_ERRNO" }] },
      "x86_64",
    );
    expect(evaluate(program, { auditArch: x64, nr: 9999 })).toBe(ALLOW);
  });

  test("a rule without conditions wins over conditional ones, in either order", () => {
    const conditional = {
      names: ["read"],
      action: "SCMP_ACT_KILL" as const,
      args: [{ index: 0, value: 0, op: "SCMP_CMP_EQ" as const }],
    };
    const plain = { names: ["read"], action: "SCMP_ACT_ALLOW" as const };
    for (const syscalls of [
      [conditional, plain],
      [plain, conditional],
    ]) {
      const { program } = compileFilter({ defaultAction: "SCMP_ACT_ERRNO", syscalls }, "x86_64");
      expect(evaluate(program, { auditArch: x64, nr: 0, args: [0] })).toBe(ALLOW);
    }
  });

  test("an i386 socket rule without conditions stands for socketcall too", () => {
    const { program } = compileFilter(
      {
        defaultAction: "SCMP_ACT_ALLOW",
        architectures: ["SCMP_ARCH_X86"],
        syscalls: [{ names: ["bind", "shmget"], action: "SCMP_ACT_ERRNO" }],
      },
      "x86_64",
    );
    const call = (nr: number, operation: number): number =>
      evaluate(program, { auditArch: 0x40000003, nr, args: [operation] });
    expect([call(102, 2), call(102, 1), call(117, 23), call(117, 24), call(361, 0)]).toEqual([
      EPERM,
      ALLOW,
      EPERM,
      ALLOW,
      EPERM,
    ]);
  });

  test("jumps beyond 255 instructions work", () => {
    const many = [...abisOf.x86_64[0].numbers].map(([name, number]) => ({
      names: [name],
      action: "SCMP_ACT_ERRNO" as const,
      errnoRet: (number % 200) + 1,
    }));
    const { program } = compileFilter({ defaultAction: "SCMP_ACT_ALLOW", syscalls: many }, "x86_64");
    for (const [name, number] of abisOf.x86_64[0].numbers) {
      expect([name, evaluate(program, { auditArch: x64, nr: number })]).toEqual([name, errno((number % 200) + 1)]);
    }
  });

  test("mistakes are named", () => {
    const bad =
      (config: Partial<Seccomp>): (() => unknown) =>
      () =>
        compileFilter({ defaultAction: "SCMP_ACT_ALLOW", ...config }, "x86_64");
    expect(bad({ defaultAction: "SCMP_ACT_NOTIFY" })).toThrow("SCMP_ACT_NOTIFY cannot be used as default action");
    expect(bad({ defaultAction: "X" as never })).toThrow('invalid seccomp action "X"');
    expect(bad({ flags: ["Y" as never] })).toThrow('seccomp flag "Y" is not known');
    expect(bad({ syscalls: [{ names: ["write"], action: "SCMP_ACT_NOTIFY" }] })).toThrow(
      "cannot be used for the write syscall",
    );
    expect(
      bad({
        syscalls: [{ names: ["read"], action: "SCMP_ACT_KILL", args: [{ index: 6, value: 0, op: "SCMP_CMP_EQ" }] }],
      }),
    ).toThrow("argument index 6");
  });
});

test("one profile under the same facts is resolved to the same object, and under others to another", () => {
  const of = (...capabilities: string[]) =>
    resolveProfile(defaultProfile, {
      machine: "x86_64",
      kernel: { major: 6, minor: 1 },
      capabilities: new Set(capabilities),
    });
  const plain = of("CAP_CHOWN");
  expect(of("CAP_CHOWN")).toBe(plain);
  const names = (config: typeof plain): string[] => (config?.syscalls ?? []).flatMap((rule) => [...rule.names]);
  expect(names(of("CAP_CHOWN", "CAP_SYSLOG"))).toEqual([...names(plain), "syslog"]);
  for (let round = 0; round < 40; round++) of(`CAP_${String(round)}`);
  expect(of("CAP_CHOWN")).toEqual(plain);
});
