import { invalid } from "#base/errors.ts";
import type { Seccomp, SeccompAction, SeccompArg, SeccompFlag } from "#spec/oci/runtime.ts";
import { abisOf, x32Bit, type Abi, type Machine } from "./abi.ts";
import { assemble, encode, maxInstructions, type Instruction, type Label } from "./bpf.ts";
import { searchFor, type Segment } from "./number-search.ts";

export interface Filter {
  /** struct sock_filter array. */
  readonly program: Uint8Array;
  /** SECCOMP_FILTER_FLAG_* bits for seccomp(2). */
  readonly flags: number;
  /** True when some action is SCMP_ACT_NOTIFY: a listener descriptor is made. */
  readonly notifies: boolean;
}

/** Offsets in struct seccomp_data. */
const offset = { nr: 0, arch: 4, argument: (index: number) => 16 + 8 * index } as const;

const enosys = 38;
const eperm = 1;

const flagBits: Readonly<Record<SeccompFlag, number>> = {
  // The filter is installed by a process of one thread: nothing to synchronise.
  SECCOMP_FILTER_FLAG_TSYNC: 0,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 0x20,
};
const newListenerFlag = 8;

/** SECCOMP_RET_* value of an OCI action; seccomp(2). */
function returnValue(action: SeccompAction, errnoRet: number | undefined): number {
  const data = (errnoRet ?? eperm) & 0xffff;
  switch (action) {
    case "SCMP_ACT_KILL":
    case "SCMP_ACT_KILL_THREAD":
      return 0;
    case "SCMP_ACT_KILL_PROCESS":
      return 0x80000000;
    case "SCMP_ACT_TRAP":
      return 0x00030000;
    case "SCMP_ACT_ERRNO":
      return 0x00050000 | data;
    case "SCMP_ACT_NOTIFY":
      return 0x7fc00000;
    case "SCMP_ACT_TRACE":
      return 0x7ff00000 | data;
    case "SCMP_ACT_LOG":
      return 0x7ffc0000;
    case "SCMP_ACT_ALLOW":
      return 0x7fff0000;
    default:
      throw invalid(`invalid seccomp action ${JSON.stringify(action)}`);
  }
}

/** Alternatives of one system call number, tried in order; the last one has no conditions when `fallback` is not reached. */
interface Rule {
  readonly conditions: readonly SeccompArg[];
  readonly value: number;
}

/**
 * Compile an OCI seccomp configuration (config-linux.md, "Seccomp") for one machine, with the meaning it has in runc with
 * libseccomp:
 *
 *   arch known? ─no─▶ kill thread        nr > newest one the profile names ─▶ ERRNO(ENOSYS), unless the default permits
 *   nr ─ binary search over ranges ─▶ action | argument conditions in order ─▶ action, else the default action
 *
 * The machine's own ABI is always included. Names that no ABI knows are skipped (they are newer than this table or another
 * architecture's). Of several rules for a call one without conditions wins. On i386 a socket or SysV IPC call without
 * conditions also stands for its multiplexed form (socketcall, ipc); one with conditions does not, because pointers
 * cannot be looked into.
 */
export function compileFilter(config: Seccomp, machine: Machine): Filter {
  const defaultValue = returnValue(config.defaultAction, config.defaultErrnoRet);
  if (config.defaultAction === "SCMP_ACT_NOTIFY") throw invalid("SCMP_ACT_NOTIFY cannot be used as default action");
  let flags = 0;
  for (const flag of config.flags ?? []) {
    const bits = flagBits[flag];
    if (bits === undefined) throw invalid(`seccomp flag ${JSON.stringify(flag)} is not known`);
    flags |= bits;
  }
  const notifies = (config.syscalls ?? []).some(({ action }) => action === "SCMP_ACT_NOTIFY");
  if (notifies) flags |= newListenerFlag;

  const [native, ...others] = abisOf[machine];
  const wanted = new Set(config.architectures ?? []);
  const abis = [native, ...others.filter(({ arch }) => wanted.has(arch))];
  const program = assemble(filterFor(abis, config, defaultValue));
  if (program.length > maxInstructions) {
    throw invalid(
      `the seccomp profile needs ${String(program.length)} BPF instructions, the kernel takes ${String(maxInstructions)}`,
    );
  }
  return { program: encode(program), flags, notifies };
}

function filterFor(abis: readonly Abi[], config: Seccomp, defaultValue: number): Instruction[] {
  const out: Instruction[] = [{ op: "load", offset: offset.arch }];
  const auditArches = [...new Set(abis.map(({ auditArch }) => auditArch))];
  const foreign = Symbol("foreign architecture");
  for (const auditArch of auditArches) {
    const next = Symbol("next architecture");
    const here = Symbol("architecture");
    out.push(
      { op: "jeq", k: auditArch, yes: here, no: next },
      { op: "label", label: here },
      { op: "load", offset: offset.nr },
    );
    const same = abis.filter((abi) => abi.auditArch === auditArch);
    const plain = same.find(({ numberBase }) => numberBase === 0);
    const x32 = same.find(({ numberBase }) => numberBase === x32Bit);
    if (auditArch === abisOf.x86_64[0].auditArch) {
      const x32Section = Symbol("x32");
      const x64Section = Symbol("x86_64");
      out.push({ op: "jge", k: x32Bit, yes: x32Section, no: x64Section }, { op: "label", label: x64Section });
      if (plain !== undefined) out.push(...sectionFor(plain, config, defaultValue));
      out.push({ op: "label", label: x32Section });
      if (x32 === undefined) {
        // -1 is what a tracer leaves for a call it skipped; other numbers from bit 30 on are x32, which is not allowed.
        const skipped = Symbol("skipped call");
        const refused = Symbol("x32 refused");
        out.push({ op: "jeq", k: 0xffffffff, yes: skipped, no: refused });
        out.push(
          { op: "label", label: skipped },
          { op: "return", value: defaultValue },
          { op: "label", label: refused },
          { op: "return", value: 0 },
        );
      } else out.push(...sectionFor(x32, config, defaultValue));
    } else if (plain !== undefined) out.push(...sectionFor(plain, config, defaultValue));
    out.push({ op: "label", label: next });
  }
  out.push({ op: "label", label: foreign }, { op: "return", value: 0 });
  return out;
}

/** A is the call's number. Code for one ABI that returns in every case. */
function sectionFor(abi: Abi, config: Seccomp, defaultValue: number): Instruction[] {
  const rules = rulesFor(abi, config, defaultValue);
  const segments = segmentsFor(abi, config, rules, defaultValue);
  const ends = new Map<Leaf, Label>();
  const end = (leaf: Leaf): Label => {
    const label = ends.get(leaf) ?? Symbol(`outcome ${ends.size}`);
    ends.set(leaf, label);
    return label;
  };
  const out = searchFor(segments, end);
  for (const { leaf } of segments) {
    if (typeof leaf === "number") continue;
    out.push({ op: "label", label: end(leaf) });
    leaf.forEach((rule, index) => {
      const failed = index === leaf.length - 1 ? end(defaultValue) : Symbol("rule failed");
      out.push(...allOf(rule.conditions, abi, end(rule.value), failed));
      if (index < leaf.length - 1) out.push({ op: "label", label: failed });
    });
  }
  for (const [value, label] of ends)
    if (typeof value === "number") out.push({ op: "label", label }, { op: "return", value });
  return out;
}

/** At least one condition. */
function allOf(conditions: readonly SeccompArg[], abi: Abi, hold: Label, failed: Label): Instruction[] {
  return conditions.flatMap((condition, index) => {
    if (index === conditions.length - 1) return conditionFor(condition, abi, hold, failed);
    const next = Symbol("next condition");
    return [...conditionFor(condition, abi, next, failed), { op: "label" as const, label: next }];
  });
}

/** Number (with the ABI's base) -> its rules: one without conditions, or several with. */
function rulesFor(abi: Abi, config: Seccomp, defaultValue: number): Map<number, readonly Rule[]> {
  const rules = new Map<number, Rule[]>();
  const add = (number: number, rule: Rule): void => {
    const known = rules.get(number) ?? [];
    if (known.some(({ conditions }) => conditions.length === 0)) return;
    rules.set(number, rule.conditions.length === 0 ? [rule] : [...known, rule]);
  };
  for (const call of config.syscalls ?? []) {
    const value = returnValue(call.action, call.errnoRet);
    if (value === defaultValue) continue;
    const alternatives = alternativesOf(call.args ?? []);
    for (const name of call.names) {
      if (name === "") throw invalid("empty string is not a valid syscall");
      if (call.action === "SCMP_ACT_NOTIFY" && (name === "write" || name === "sendmsg")) {
        throw invalid(`SCMP_ACT_NOTIFY cannot be used for the ${name} syscall`);
      }
      for (const conditions of alternatives) {
        const number = abi.numbers.get(name);
        if (number !== undefined) add(number + abi.numberBase, { conditions, value });
        const multiplexed = Object.hasOwn(abi.multiplexed, name) ? abi.multiplexed[name] : undefined;
        if (multiplexed !== undefined && conditions.length === 0) {
          add(multiplexed.number, {
            conditions: [{ index: 0, value: multiplexed.operation, op: "SCMP_CMP_EQ" }],
            value,
          });
        }
      }
    }
  }
  return rules;
}

/** runc's reading: conditions on different arguments must all hold, two on one argument make every condition a rule of its own. */
function alternativesOf(args: readonly SeccompArg[]): readonly (readonly SeccompArg[])[] {
  for (const { index } of args) {
    if (!Number.isInteger(index) || index < 0 || index > 5)
      throw invalid(`seccomp argument index ${String(index)} is not between 0 and 5`);
  }
  const repeated = new Set(args.map(({ index }) => index)).size < args.length;
  return repeated ? args.map((arg) => [arg]) : [args];
}

/** A SECCOMP_RET_* value, or rules that have conditions all. */
type Leaf = number | readonly Rule[];

/** Ranges of numbers with one outcome each, ascending from 0 (or the ABI's base) upward without gaps. */
function segmentsFor(
  abi: Abi,
  config: Seccomp,
  rules: ReadonlyMap<number, readonly Rule[]>,
  defaultValue: number,
): readonly Segment<Leaf>[] {
  const permissive = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].includes(config.defaultAction);
  let newest = -1;
  for (const { names } of config.syscalls ?? []) {
    for (const name of names) {
      const number = abi.numbers.get(name);
      if (number !== undefined && number < abi.privateFrom && number > newest) newest = number;
    }
  }
  const points: Segment<Leaf>[] = [{ start: abi.numberBase, leaf: defaultValue }];
  const sorted = [...rules].toSorted(([a], [b]) => a - b);
  for (const [number, chain] of sorted) {
    const [first] = chain;
    const leaf = chain.length === 1 && first !== undefined && first.conditions.length === 0 ? first.value : chain;
    points.push({ start: number, leaf }, { start: number + 1, leaf: defaultValue });
  }
  if (!permissive && newest >= 0) {
    const unknown = 0x00050000 | enosys;
    points.push({ start: newest + 1 + abi.numberBase, leaf: unknown });
    const privateCalls = sorted.filter(([number]) => number >= abi.privateFrom).map(([number]) => number + 1);
    if (abi.privateFrom < 2 ** 32) points.push({ start: abi.privateFrom, leaf: defaultValue });
    for (const start of privateCalls) points.push({ start, leaf: defaultValue });
  }
  return merge(points);
}

/** Later points override earlier ones at the same start; a specific leaf at a start wins over a default there. */
function merge(points: readonly Segment<Leaf>[]): readonly Segment<Leaf>[] {
  const byStart = new Map<number, Leaf>();
  const first = points[0]?.leaf;
  for (const { start, leaf } of points) {
    const known = byStart.get(start);
    if (known === undefined || known === first) byStart.set(start, leaf);
  }
  const out: Segment<Leaf>[] = [];
  for (const [start, leaf] of [...byStart].toSorted(([a], [b]) => a - b)) {
    if (start > 0xffffffff || out.at(-1)?.leaf === leaf) continue;
    out.push({ start, leaf });
  }
  return out;
}

const word = 0xffffffffn;

/** Code that goes to `holds` or to `failed`. All comparisons are unsigned 64-bit. */
function conditionFor(arg: SeccompArg, abi: Abi, holds: Label, failed: Label): Instruction[] {
  const value = BigInt.asUintN(64, BigInt(arg.value));
  const low = offset.argument(arg.index);
  const high = low + 4;
  const [hi, lo] = [Number(value >> 32n), Number(value & word)];
  const narrow = abi.wordBits === 32;

  const equal = (yes: Label, no: Label): Instruction[] => {
    if (narrow)
      return hi === 0
        ? [
            { op: "load", offset: low },
            { op: "jeq", k: lo, yes, no },
          ]
        : [{ op: "jump", to: no }];
    const same = Symbol("high equal");
    return [
      { op: "load", offset: high },
      { op: "jeq", k: hi, yes: same, no },
      { op: "label", label: same },
      { op: "load", offset: low },
      { op: "jeq", k: lo, yes, no },
    ];
  };
  const above = (compare: "jgt" | "jge", yes: Label, no: Label): Instruction[] => {
    if (narrow)
      return hi === 0
        ? [
            { op: "load", offset: low },
            { op: compare, k: lo, yes, no },
          ]
        : [{ op: "jump", to: no }];
    const notAbove = Symbol("high not above");
    const same = Symbol("high equal");
    return [
      { op: "load", offset: high },
      { op: "jgt", k: hi, yes, no: notAbove },
      { op: "label", label: notAbove },
      { op: "jeq", k: hi, yes: same, no },
      { op: "label", label: same },
      { op: "load", offset: low },
      { op: compare, k: lo, yes, no },
    ];
  };
  switch (arg.op) {
    case "SCMP_CMP_EQ":
      return equal(holds, failed);
    case "SCMP_CMP_NE":
      return equal(failed, holds);
    case "SCMP_CMP_GT":
      return above("jgt", holds, failed);
    case "SCMP_CMP_GE":
      return above("jge", holds, failed);
    case "SCMP_CMP_LE":
      return above("jgt", failed, holds);
    case "SCMP_CMP_LT":
      return above("jge", failed, holds);
    case "SCMP_CMP_MASKED_EQ": {
      const wanted = BigInt.asUintN(64, BigInt(arg.valueTwo ?? 0)) & value;
      const [wantHi, wantLo] = [Number(wanted >> 32n), Number(wanted & word)];
      const same = Symbol("high equal");
      const upper: Instruction[] = narrow
        ? wantHi === 0
          ? []
          : [{ op: "jump", to: failed }]
        : [
            { op: "load", offset: high },
            { op: "and", k: hi },
            { op: "jeq", k: wantHi, yes: same, no: failed },
            { op: "label", label: same },
          ];
      return [
        ...upper,
        { op: "load", offset: low },
        { op: "and", k: lo },
        { op: "jeq", k: wantLo, yes: holds, no: failed },
      ];
    }
    default:
      throw invalid(`invalid seccomp operator ${JSON.stringify(arg.op)}`);
  }
}
