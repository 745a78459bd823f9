import type { Instruction, Label } from "./bpf.ts";

/** The numbers from `start` up to the next segment's start, which have one outcome. */
export interface Segment<Leaf> {
  readonly start: number;
  readonly leaf: Leaf;
}

/** Single numbers a comparison each finds, among others that have one outcome. */
interface Group<Leaf> {
  readonly start: number;
  readonly usual: Leaf;
  readonly exceptions: readonly Segment<Leaf>[];
}

/** So many exceptions are asked for in a row at most: a search is to be short as well as small. */
const maxExceptions = 4;

/**
 * Code that goes from a number in A to its segment's label, in as few instructions as there can be: the kernel translates a
 * filter for every process that installs it, at a cost by the instruction. A binary search over groups, in which a number
 * that is alone among others costs one comparison instead of two:
 *
 *   nr >= start of a group …                         jge
 *   nr == exception ─▶ its label … else the usual    jeq
 *
 * `segments` ascend, the first is that of all numbers below the second's start; `target` is asked for labels that the caller
 * places behind the code.
 */
export function searchFor<Leaf>(segments: readonly Segment<Leaf>[], target: (leaf: Leaf) => Label): Instruction[] {
  const groups = grouped(segments);
  const out: Instruction[] = [];
  const labelOf = (from: number, to: number): { readonly label: Label; readonly isThere: boolean } => {
    const [group, ...more] = groups.slice(from, to);
    return group !== undefined && more.length === 0 && group.exceptions.length === 0
      ? { label: target(group.usual), isThere: true }
      : { label: Symbol("numbers"), isThere: false };
  };
  const place = (from: number, to: number): void => {
    const [group] = groups.slice(from, to);
    if (group === undefined) return;
    if (to - from === 1) {
      place1(group);
      return;
    }
    const middle = (from + to) >> 1;
    const [below, above] = [labelOf(from, middle), labelOf(middle, to)];
    out.push({ op: "jge", k: groups[middle]?.start ?? 0, yes: above.label, no: below.label });
    if (!below.isThere) {
      out.push({ op: "label", label: below.label });
      place(from, middle);
    }
    if (!above.isThere) {
      out.push({ op: "label", label: above.label });
      place(middle, to);
    }
  };
  const place1 = ({ usual, exceptions }: Group<Leaf>): void => {
    exceptions.forEach(({ start, leaf }, index) => {
      const isLast = index === exceptions.length - 1;
      const no = isLast ? target(usual) : Symbol("other number");
      out.push({ op: "jeq", k: start, yes: target(leaf), no });
      if (!isLast) out.push({ op: "label", label: no });
    });
    if (exceptions.length === 0) out.push({ op: "jump", to: target(usual) });
  };
  place(0, groups.length);
  return out;
}

/** The cheapest way to cut the segments into groups, found from the end. */
function grouped<Leaf>(segments: readonly Segment<Leaf>[]): readonly Group<Leaf>[] {
  const cheapest: { readonly cost: number; readonly groups: readonly Group<Leaf>[] }[] = [];
  cheapest[segments.length] = { cost: 0, groups: [] };
  for (let from = segments.length - 1; from >= 0; from--) {
    for (let to = from + 1; to <= segments.length && to - from <= 2 * maxExceptions + 1; to++) {
      const group = groupOf(segments, from, to);
      const rest = cheapest[to];
      if (group === undefined || rest === undefined) continue;
      const cost = group.exceptions.length + (rest.groups.length > 0 ? 1 : 0) + rest.cost;
      if (cost < (cheapest[from]?.cost ?? Infinity)) cheapest[from] = { cost, groups: [group, ...rest.groups] };
    }
  }
  return cheapest[0]?.groups ?? [];
}

/** undefined when these have more than one outcome beside single numbers, or too many of those. */
function groupOf<Leaf>(segments: readonly Segment<Leaf>[], from: number, to: number): Group<Leaf> | undefined {
  const isOne = (index: number): boolean => segments[index + 1]?.start === (segments[index]?.start ?? 0) + 1;
  const part = segments.slice(from, to);
  const [first] = part;
  if (first === undefined) return undefined;
  const { leaf: usual } = part.find((_, index) => !isOne(from + index)) ?? first;
  const isException = ({ leaf }: Segment<Leaf>): boolean => leaf !== usual;
  if (part.some((segment, index) => isException(segment) && !isOne(from + index))) return undefined;
  const exceptions = part.filter(isException);
  return exceptions.length > maxExceptions ? undefined : { start: first.start, usual, exceptions };
}
