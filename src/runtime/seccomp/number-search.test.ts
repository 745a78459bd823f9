import { describe, expect, test } from "bun:test";
import { evaluate } from "./bpf-machine.suite.ts";
import { assemble, encode, type Instruction, type Label } from "./bpf.ts";
import { searchFor, type Segment } from "./number-search.ts";

/** The search, with a return of each outcome behind it. */
function program(segments: readonly Segment<number>[]): Uint8Array {
  const labels = new Map<number, Label>();
  const search = searchFor(segments, (value) => {
    const label = labels.get(value) ?? Symbol(String(value));
    labels.set(value, label);
    return label;
  });
  const returns = [...labels].flatMap(([value, label]): Instruction[] => [
    { op: "label", label },
    { op: "return", value },
  ]);
  return encode(assemble([{ op: "load", offset: 0 }, ...search, ...returns]));
}

const segmentsOf = (outcomes: readonly number[]): readonly Segment<number>[] =>
  outcomes.flatMap((leaf, start) => (leaf === outcomes[start - 1] ? [] : [{ start, leaf }]));

describe("searchFor", () => {
  test.each([
    ["one outcome", [1]],
    ["two ranges", [1, 1, 2, 2, 2]],
    ["one number among others", [1, 1, 2, 1, 1]],
    ["single numbers side by side", [1, 1, 2, 3, 1, 4, 1, 1]],
    ["more single numbers than are asked for in a row", [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]],
    ["nothing but single numbers", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["ranges and single numbers", Array.from({ length: 300 }, (_, n) => ((n * n) % 7) % 3)],
  ])("finds the outcome of every number: %s", (_, outcomes) => {
    const bytes = program(segmentsOf(outcomes));
    for (let nr = 0; nr < outcomes.length + 3; nr++)
      expect([nr, evaluate(bytes, { auditArch: 0, nr })]).toEqual([nr, outcomes[nr] ?? outcomes.at(-1) ?? 0]);
  });

  test("a number that is alone among others costs one comparison", () => {
    const many = Array.from({ length: 300 }, (_, n) => Number(n % 10 === 5));
    expect(program(segmentsOf(many)).length / 8).toBeLessThan(45);
  });
});
