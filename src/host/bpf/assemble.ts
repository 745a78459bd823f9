/**
 * eBPF in 64-bit little-endian words (Linux Documentation/bpf/standardization/instruction-set.rst), as far as programs of
 * ours need it. Jumps name a place that comes later; there are no loops.
 */
export type Line = Uint8Array | Jump | Place;

interface Jump {
  readonly code: number;
  readonly dst: Register;
  readonly src: Register;
  readonly immediate: number;
  readonly to: string;
}

interface Place {
  readonly place: string;
}

/** r0: results; r1 to r5: arguments, lost in calls; r6 to r9: kept; r10: end of the stack. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** One instruction as bytes. */
export function instruction(code: number, dst: number, src: number, offset: number, immediate: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  bytes[0] = code;
  bytes[1] = dst | (src << 4);
  view.setInt16(2, offset, true);
  view.setInt32(4, immediate, true);
  return bytes;
}

export const load32 = (dst: Register, src: Register, offset: number): Line => instruction(0x61, dst, src, offset, 0);
export const load64 = (dst: Register, src: Register, offset: number): Line => instruction(0x79, dst, src, offset, 0);
export const store32 = (dst: Register, offset: number, src: Register): Line => instruction(0x63, dst, src, offset, 0);
export const storeWord = (dst: Register, offset: number, word: number): Line => instruction(0x62, dst, 0, offset, word);
export const copy = (dst: Register, src: Register): Line => instruction(0xbf, dst, src, 0, 0);
export const set = (dst: Register, value: number): Line => instruction(0xb7, dst, 0, 0, value);
export const add = (dst: Register, value: number): Line => instruction(0x07, dst, 0, 0, value);
export const and32 = (dst: Register, mask: number): Line => instruction(0x54, dst, 0, 0, mask);
/** A helper function of the kernel, by its number in linux/bpf.h. */
export const call = (helper: number): Line => instruction(0x85, 0, 0, 0, helper);
export const exit: Line = instruction(0x95, 0, 0, 0, 0);
export const place = (name: string): Line => ({ place: name });

export const jumpIfEqual = (dst: Register, word: number, to: string): Line => jump(0x16, dst, 0, word, to);
export const jumpUnlessEqual = (dst: Register, word: number, to: string): Line => jump(0x56, dst, 0, word, to);
/** Compare all 64 bits. */
export const jumpUnlessSame = (dst: Register, src: Register, to: string): Line => jump(0x5d, dst, src, 0, to);
/** What a helper function answers: an address or none. */
export const jumpIfNull = (dst: Register, to: string): Line => jump(0x15, dst, 0, 0, to);
export const jumpIfFound = (dst: Register, to: string): Line => jump(0x55, dst, 0, 0, to);

export function set64(dst: Register, value: bigint): Line {
  return wide(dst, 0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
}

/** The address of a map, by its descriptor. */
export function setMap(dst: Register, fd: number): Line {
  const PSEUDO_MAP_FD = 1;
  return wide(dst, PSEUDO_MAP_FD, fd, 0);
}

/** The program's bytes. */
export function assemble(lines: readonly Line[]): Uint8Array {
  const places = new Map<string, number>();
  let length = 0;
  for (const line of lines) {
    if ("place" in line) places.set(line.place, length);
    else length += line instanceof Uint8Array ? line.length / 8 : 1;
  }
  const program = new Uint8Array(length * 8);
  let at = 0;
  for (const line of lines) {
    if ("place" in line) continue;
    const bytes = line instanceof Uint8Array ? line : resolved(line, (places.get(line.to) ?? -1) - at - 1);
    program.set(bytes, at * 8);
    at += bytes.length / 8;
  }
  return program;
}

function resolved({ code, dst, src, immediate, to }: Jump, distance: number): Uint8Array {
  if (distance < 0) throw new RangeError(`an eBPF program jumps to ${to}, which does not come later`);
  return instruction(code, dst, src, distance, immediate);
}

function jump(code: number, dst: Register, src: Register, immediate: number, to: string): Jump {
  return { code, dst, src, immediate, to };
}

function wide(dst: Register, src: number, low: number, high: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(instruction(0x18, dst, src, 0, low));
  bytes.set(instruction(0, 0, 0, 0, high), 8);
  return bytes;
}
