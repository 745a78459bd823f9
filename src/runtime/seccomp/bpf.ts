/**
 * Classic BPF as seccomp(2) takes it (linux/filter.h): a small assembler with labels. Jumps go forward only; a conditional
 * jump reaches 255 instructions, a farther one gets an unconditional jump put behind it.
 */
export type Label = symbol;

export type Instruction =
  | { readonly op: "label"; readonly label: Label }
  /** A = 32-bit word of seccomp_data at `offset`. */
  | { readonly op: "load"; readonly offset: number }
  | { readonly op: "and"; readonly k: number }
  /** Unsigned comparison of A with `k`. */
  | { readonly op: "jeq" | "jgt" | "jge" | "jset"; readonly k: number; readonly yes: Label; readonly no: Label }
  | { readonly op: "jump"; readonly to: Label }
  | { readonly op: "return"; readonly value: number };

export interface RawInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

const bpf = {
  loadWord: 0x20,
  andK: 0x54,
  ja: 0x05,
  jeq: 0x15,
  jgt: 0x25,
  jge: 0x35,
  jset: 0x45,
  ret: 0x06,
} as const;

/** BPF_MAXINSNS. */
export const maxInstructions = 4096;

/** Resolve labels. `label` instructions take no room; every label must stand after the jumps to it. */
export function assemble(program: readonly Instruction[]): readonly RawInstruction[] {
  // A far side costs one more instruction, which can make other jumps far: repeat until nothing changes.
  const far = new Map<number, { yes: boolean; no: boolean }>();
  for (;;) {
    const { places, starts } = layout(program, far);
    let changed = false;
    program.forEach((instruction, index) => {
      if (!("yes" in instruction)) return;
      const known = far.get(index) ?? { yes: false, no: false };
      const from = (starts[index] ?? 0) + 1;
      const yes = known.yes || at(places, instruction.yes) - from > 255;
      const no = known.no || at(places, instruction.no) - from > 255;
      if (yes !== known.yes || no !== known.no) {
        far.set(index, { yes, no });
        changed = true;
      }
    });
    if (!changed) return emit(program, far, places, starts);
  }
}

type Far = ReadonlyMap<number, { readonly yes: boolean; readonly no: boolean }>;

function layout(program: readonly Instruction[], far: Far): { places: Map<Label, number>; starts: number[] } {
  const places = new Map<Label, number>();
  const starts: number[] = [];
  let position = 0;
  program.forEach((instruction, index) => {
    starts.push(position);
    if (instruction.op === "label") {
      places.set(instruction.label, position);
      return;
    }
    const sides = far.get(index);
    position += 1 + Number(sides?.yes ?? false) + Number(sides?.no ?? false);
  });
  return { places, starts };
}

function at(places: ReadonlyMap<Label, number>, label: Label): number {
  const place = places.get(label);
  if (place === undefined) throw new RangeError(`BPF label ${String(label.description)} is not placed`);
  return place;
}

function emit(
  program: readonly Instruction[],
  far: Far,
  places: ReadonlyMap<Label, number>,
  starts: readonly number[],
): RawInstruction[] {
  const out: RawInstruction[] = [];
  const distance = (label: Label, from: number): number => {
    const skip = at(places, label) - from;
    if (skip < 0) throw new RangeError("BPF jump goes backwards");
    return skip;
  };
  program.forEach((instruction, index) => {
    const start = starts[index] ?? 0;
    switch (instruction.op) {
      case "label":
        return;
      case "load":
        out.push({ code: bpf.loadWord, jt: 0, jf: 0, k: instruction.offset });
        return;
      case "and":
        out.push({ code: bpf.andK, jt: 0, jf: 0, k: instruction.k >>> 0 });
        return;
      case "return":
        out.push({ code: bpf.ret, jt: 0, jf: 0, k: instruction.value >>> 0 });
        return;
      case "jump":
        out.push({ code: bpf.ja, jt: 0, jf: 0, k: distance(instruction.to, start + 1) });
        return;
      case "jeq":
      case "jgt":
      case "jge":
      case "jset": {
        const sides = far.get(index) ?? { yes: false, no: false };
        const trampolineNo = start + 1 + Number(sides.yes);
        out.push({
          code: bpf[instruction.op],
          jt: sides.yes ? 0 : distance(instruction.yes, start + 1),
          jf: sides.no ? trampolineNo - start - 1 : distance(instruction.no, start + 1),
          k: instruction.k >>> 0,
        });
        if (sides.yes) out.push({ code: bpf.ja, jt: 0, jf: 0, k: distance(instruction.yes, start + 2) });
        if (sides.no) out.push({ code: bpf.ja, jt: 0, jf: 0, k: distance(instruction.no, trampolineNo + 1) });
      }
    }
  });
  return out;
}

/** struct sock_filter array, little endian (every machine Berth runs on). */
export function encode(program: readonly RawInstruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  });
  return bytes;
}
