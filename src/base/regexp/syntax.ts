import { BerthError } from "../errors.ts";

/** One code point, or none of them: `undefined` stands for an edge of the text. */
export type Accepts = (codePoint: number) => boolean;

export type Node =
  | { readonly kind: "one"; readonly accepts: Accepts }
  | { readonly kind: "assert"; readonly holds: (before: number | undefined, after: number | undefined) => boolean }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "choice"; readonly branches: readonly Node[] }
  /** `most` undefined = without end. */
  | { readonly kind: "repeat"; readonly part: Node; readonly least: number; readonly most: number | undefined };

/** Go's limit for a counted repetition. */
const MAX_COUNT = 1000;
const MAX_DEPTH = 250;

const isDigit: Accepts = (c) => c >= 0x30 && c <= 0x39;
const isWord: Accepts = (c) => isDigit(c) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x5f;
const isSpace: Accepts = (c) => c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0c || c === 0x0d;
const not =
  (accepts: Accepts): Accepts =>
  (c) =>
    !accepts(c);
const isWordEdge = (before: number | undefined, after: number | undefined): boolean =>
  (before !== undefined && isWord(before)) !== (after !== undefined && isWord(after));

const classes: Readonly<Record<string, Accepts>> = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isSpace,
  S: not(isSpace),
};
const controls: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 };
const named: Readonly<Record<string, Accepts>> = {
  digit: isDigit,
  space: (c) => isSpace(c) || c === 0x0b,
  word: isWord,
  alnum: (c) => isWord(c) && c !== 0x5f,
  alpha: (c) => isWord(c) && c !== 0x5f && !isDigit(c),
  lower: (c) => c >= 0x61 && c <= 0x7a,
  upper: (c) => c >= 0x41 && c <= 0x5a,
  xdigit: (c) => isDigit(c) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66),
};

/**
 * The part of RE2's syntax (github.com/google/re2/wiki/Syntax) that people type: literals, `.`, classes, groups without
 * capture, `|`, repetitions (greedy or not: the same to a yes or no), `^ $ \A \z \b \B` and a leading `(?i)`.
 * `invalid-parameter` for everything else.
 */
export function parseRegexp(source: string): Node {
  const fold = source.startsWith("(?i)");
  return new Parser(fold ? source.slice(4) : source, fold).parse();
}

class Parser {
  readonly #letters: readonly string[];
  readonly #fold: boolean;
  #at = 0;
  #depth = 0;

  constructor(source: string, fold: boolean) {
    this.#letters = Array.from(source);
    this.#fold = fold;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#letters.length) throw this.#mistake("unexpected )");
    return node;
  }

  #choice(): Node {
    if (++this.#depth > MAX_DEPTH) throw this.#mistake("expression nests too deeply");
    const branches = [this.#sequence()];
    while (this.#take("|")) branches.push(this.#sequence());
    this.#depth -= 1;
    return branches.length === 1 ? (branches[0] as Node) : { kind: "choice", branches };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#letters.length && !["|", ")"].includes(this.#peek())) parts.push(this.#repeated());
    return { kind: "sequence", parts };
  }

  #repeated(): Node {
    let part = this.#atom();
    for (;;) {
      const bounds = this.#bounds();
      if (bounds === undefined) return part;
      this.#take("?");
      part = { kind: "repeat", part, ...bounds };
    }
  }

  #bounds(): { readonly least: number; readonly most: number | undefined } | undefined {
    if (this.#take("*")) return { least: 0, most: undefined };
    if (this.#take("+")) return { least: 1, most: undefined };
    if (this.#take("?")) return { least: 0, most: 1 };
    const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/u.exec(this.#letters.slice(this.#at, this.#at + 12).join(""));
    if (counted === null) return undefined;
    this.#at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] === undefined ? least : counted[3] === "" ? undefined : Number(counted[3]);
    if (least > MAX_COUNT || (most ?? 0) > MAX_COUNT || (most !== undefined && most < least))
      throw this.#mistake("invalid repeat count");
    return { least, most };
  }

  #atom(): Node {
    const letter = this.#next();
    switch (letter) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "one", accepts: this.#class() };
      case ".":
        return { kind: "one", accepts: (c) => c !== 0x0a };
      case "^":
        return { kind: "assert", holds: (before) => before === undefined };
      case "$":
        return { kind: "assert", holds: (_before, after) => after === undefined };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw this.#mistake(`missing argument to repetition operator: ${letter}`);
      default:
        return { kind: "one", accepts: this.#literal(letter) };
    }
  }

  #group(): Node {
    if (this.#take("?")) {
      const name = /^(?::|P?<\w+>)/u.exec(this.#letters.slice(this.#at, this.#at + 64).join(""));
      if (name === null) throw this.#mistake("invalid or unsupported Perl syntax");
      this.#at += name[0].length;
    }
    const node = this.#choice();
    if (!this.#take(")")) throw this.#mistake("missing closing )");
    return node;
  }

  #escape(): Node {
    const letter = this.#next();
    if (letter === "b") return { kind: "assert", holds: isWordEdge };
    if (letter === "B") return { kind: "assert", holds: (before, after) => !isWordEdge(before, after) };
    if (letter === "A") return { kind: "assert", holds: (before) => before === undefined };
    if (letter === "z") return { kind: "assert", holds: (_before, after) => after === undefined };
    return { kind: "one", accepts: classes[letter] ?? this.#literal(this.#escaped(letter)) };
  }

  /** The letter that `\x` stands for. */
  #escaped(letter: string): string {
    const control = controls[letter];
    if (control !== undefined) return String.fromCodePoint(control);
    if (letter === "" || /[0-9A-Za-z]/u.test(letter)) throw this.#mistake(`invalid escape sequence: \\${letter}`);
    return letter;
  }

  #class(): Accepts {
    const negated = this.#take("^");
    const members: Accepts[] = [];
    for (let first = true; first || this.#peek() !== "]"; first = false) {
      if (this.#at >= this.#letters.length) throw this.#mistake("missing closing ]");
      members.push(this.#member());
    }
    this.#at += 1;
    const any: Accepts = (c) => members.some((accepts) => accepts(c));
    return negated ? not(any) : any;
  }

  #member(): Accepts {
    const name = /^\[:(\w+):\]/u.exec(this.#letters.slice(this.#at, this.#at + 12).join(""));
    if (name !== null) {
      const accepts = named[name[1] ?? ""];
      if (accepts === undefined) throw this.#mistake("invalid character class range");
      this.#at += name[0].length;
      return accepts;
    }
    const low = this.#classLetter();
    if (typeof low === "function") return low;
    if (this.#peek() !== "-" || ["]", ""].includes(this.#letters[this.#at + 1] ?? "")) return this.#literal(low);
    this.#at += 1;
    const high = this.#classLetter();
    const [from = 0, to = 0] = [low.codePointAt(0), typeof high === "string" ? high.codePointAt(0) : -1];
    if (to < from) throw this.#mistake("invalid character class range");
    return this.#folded((c) => c >= from && c <= to);
  }

  #classLetter(): string | Accepts {
    const letter = this.#next();
    if (letter !== "\\") return letter;
    const escaped = this.#next();
    return classes[escaped] ?? this.#escaped(escaped);
  }

  #literal(letter: string): Accepts {
    const wanted = letter.codePointAt(0);
    return this.#folded((c) => c === wanted);
  }

  /** With `(?i)` either case will do. */
  #folded(accepts: Accepts): Accepts {
    if (!this.#fold) return accepts;
    const other = (c: number, to: "toLowerCase" | "toUpperCase"): number =>
      String.fromCodePoint(c)[to]().codePointAt(0) ?? c;
    return (c) => accepts(c) || accepts(other(c, "toLowerCase")) || accepts(other(c, "toUpperCase"));
  }

  #peek(): string {
    return this.#letters[this.#at] ?? "";
  }

  #next(): string {
    const letter = this.#peek();
    this.#at += 1;
    return letter;
  }

  #take(letter: string): boolean {
    if (this.#peek() !== letter) return false;
    this.#at += 1;
    return true;
  }

  #mistake(what: string): BerthError {
    return new BerthError("invalid-parameter", `error parsing regexp: ${what}`);
  }
}
