import { BerthError } from "../errors.ts";
import { parseRegexp, type Accepts, type Node } from "./syntax.ts";

const MAX_INSTRUCTIONS = 10_000;

type Instruction =
  | { readonly op: "one"; readonly accepts: Accepts }
  | { readonly op: "assert"; readonly holds: Extract<Node, { readonly kind: "assert" }>["holds"] }
  | { op: "split"; readonly to: number[] }
  | { readonly op: "match" };

/**
 * A regular expression of somebody who must not be able to keep the engine busy: whether it is found in a text takes time
 * in proportion to the lengths of both (Thompson's construction; JavaScript's own matcher may take exponential time).
 * The constructor throws `invalid-parameter` for what is no expression, or one that is too large.
 */
export class LinearRegexp {
  readonly #program: Instruction[] = [];

  constructor(source: string) {
    this.#emit(parseRegexp(source));
    this.#push({ op: "match" });
  }

  /** Is there a match anywhere in the text? */
  test(text: string): boolean {
    const letters = Array.from(text, (letter) => letter.codePointAt(0));
    let threads = new Set<number>();
    for (let at = 0; at <= letters.length; at += 1) {
      const [before, after] = [letters[at - 1], letters[at]];
      // A match may begin here too.
      const here = this.#reached([...threads, 0], before, after);
      if (here === "match") return true;
      threads = new Set();
      if (after === undefined) return false;
      for (const index of here) {
        const instruction = this.#program[index];
        if (instruction?.op === "one" && instruction.accepts(after)) threads.add(index + 1);
      }
    }
    return false;
  }

  /** Follow everything that takes no letter. */
  #reached(
    from: readonly number[],
    before: number | undefined,
    after: number | undefined,
  ): ReadonlySet<number> | "match" {
    const seen = new Set<number>(from);
    const waiting = [...seen];
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      const instruction = this.#program[index] as Instruction;
      if (instruction.op === "match") return "match";
      const next =
        instruction.op === "split"
          ? instruction.to
          : instruction.op === "assert" && instruction.holds(before, after)
            ? [index + 1]
            : [];
      for (const target of next) {
        if (seen.has(target)) continue;
        seen.add(target);
        waiting.push(target);
      }
    }
    return seen;
  }

  #push(instruction: Instruction): number {
    if (this.#program.length >= MAX_INSTRUCTIONS)
      throw new BerthError("invalid-parameter", "error parsing regexp: expression too large");
    return this.#program.push(instruction) - 1;
  }

  /** A split whose targets are told later. */
  #split(): number[] {
    const to: number[] = [];
    this.#push({ op: "split", to });
    return to;
  }

  #emit(node: Node): void {
    switch (node.kind) {
      case "one":
        this.#push({ op: "one", accepts: node.accepts });
        return;
      case "assert":
        this.#push({ op: "assert", holds: node.holds });
        return;
      case "sequence":
        for (const part of node.parts) this.#emit(part);
        return;
      case "choice":
        this.#emitChoice(node.branches);
        return;
      case "repeat":
        this.#emitRepeat(node);
    }
  }

  #emitChoice(branches: readonly Node[]): void {
    const enter = this.#split();
    const leaves: number[][] = [];
    for (const branch of branches) {
      enter.push(this.#program.length);
      this.#emit(branch);
      leaves.push(this.#split());
    }
    for (const leave of leaves) leave.push(this.#program.length);
  }

  #emitRepeat({ part, least, most }: Extract<Node, { readonly kind: "repeat" }>): void {
    for (let count = 0; count < least; count += 1) this.#emit(part);
    if (most === undefined) {
      const loop = this.#program.length;
      const enter = this.#split();
      enter.push(this.#program.length);
      this.#emit(part);
      this.#split().push(loop);
      enter.push(this.#program.length);
      return;
    }
    const skips: number[][] = [];
    for (let count = least; count < most; count += 1) {
      const enter = this.#split();
      enter.push(this.#program.length);
      skips.push(enter);
      this.#emit(part);
    }
    for (const skip of skips) skip.push(this.#program.length);
  }
}
