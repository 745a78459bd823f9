import { TemplateError, type Position } from "./ast.ts";

export type TokenKind =
  | "word" // identifier or keyword
  | "field" // .Name
  | "variable" // $ or $name
  | "string"
  | "char"
  | "number"
  | "dot"
  | "pipe"
  | "comma"
  | "open" // (
  | "close" // )
  | "declare" // :=
  | "assign"; // =

export interface Token {
  readonly kind: TokenKind;
  /** As it is written, for literals their value. */
  readonly text: string;
  readonly at: Position;
  readonly start: number;
  readonly end: number;
  /** White space stands before it: `a .B` are two operands, `a.B` is one. */
  readonly spaced: boolean;
}

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[]; readonly source: string; readonly at: Position };

/** Cuts a template into text and actions, trim markers applied, comments left out. */
export function lex(name: string, source: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf("{{", at);
    let text = open === -1 ? source.slice(at) : source.slice(at, open);
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, "");
    if (open === -1) {
      if (text !== "") pieces.push({ kind: "text", text });
      break;
    }
    const trimBefore = /^-[ \t\r\n]/.test(source.slice(open + 2, open + 4));
    if (trimBefore) text = text.replace(/[ \t\r\n]+$/, "");
    if (text !== "") pieces.push({ kind: "text", text });
    const start = open + 2 + (trimBefore ? 2 : 0);
    const comment = /^\s*\/\*/.test(source.slice(start));
    if (comment) {
      const end = source.indexOf("*/", start);
      if (end === -1) throw syntaxError(name, source, open, "unclosed comment");
      const closing = /^(\s+-)?\}\}/.exec(source.slice(end + 2).replace(/^(?!\s+-\}\})\s*/, ""));
      if (closing === null) throw syntaxError(name, source, open, "comment ends before closing delimiter");
      const rest = source.slice(end + 2);
      const length = rest.indexOf("}}") + 2;
      trimNext = closing[1] !== undefined;
      at = end + 2 + length;
      continue;
    }
    const action = new ActionLexer(name, source, start);
    const tokens = action.run();
    pieces.push({ kind: "action", tokens, source: source.slice(start, action.end), at: positionOf(source, open) });
    trimNext = action.trimsAfter;
    at = action.next;
  }
  return pieces;
}

class ActionLexer {
  end = 0;
  next = 0;
  trimsAfter = false;
  readonly #name: string;
  readonly #source: string;
  #at: number;

  constructor(name: string, source: string, start: number) {
    this.#name = name;
    this.#source = source;
    this.#at = start;
  }

  run(): readonly Token[] {
    const tokens: Token[] = [];
    for (;;) {
      const space = /^[ \t\r\n]*/.exec(this.#source.slice(this.#at))?.[0] ?? "";
      const rest = this.#source.slice(this.#at + space.length);
      const spaced = space !== "";
      if ((spaced && rest.startsWith("-}}")) || rest.startsWith("}}")) {
        this.trimsAfter = rest.startsWith("-");
        this.end = this.#at;
        this.next = this.#at + space.length + (this.trimsAfter ? 3 : 2);
        return tokens;
      }
      this.#at += space.length;
      if (rest === "") throw this.#error("unclosed action");
      tokens.push(this.#token(rest, spaced));
    }
  }

  #token(rest: string, spaced: boolean): Token {
    const made = (kind: TokenKind, length: number, text = rest.slice(0, length)): Token => {
      const start = this.#at;
      this.#at += length;
      return { kind, text, at: positionOf(this.#source, start), start, end: this.#at, spaced };
    };
    const match = (pattern: RegExp): string | undefined => pattern.exec(rest)?.[0];
    const first = rest[0] ?? "";
    if (rest.startsWith(":=")) return made("declare", 2);
    if (first === "=") return made("assign", 1);
    if (first === "|") return made("pipe", 1);
    if (first === ",") return made("comma", 1);
    if (first === "(") return made("open", 1);
    if (first === ")") return made("close", 1);
    if (first === '"') {
      const text = match(/^"(?:[^"\\\n]|\\.)*"/);
      if (text === undefined) throw this.#error("unterminated quoted string");
      return made("string", text.length, this.#unquote(text));
    }
    if (first === "`") {
      const text = match(/^`[^`]*`/);
      if (text === undefined) throw this.#error("unterminated raw quoted string");
      return made("string", text.length, text.slice(1, -1));
    }
    if (first === "'") {
      const text = match(/^'(?:[^'\\\n]|\\[^\n])[^'\n]*'/);
      if (text === undefined) throw this.#error("unterminated character constant");
      return made(
        "char",
        text.length,
        this.#unquote(`"${text.slice(1, -1).replaceAll('"', '\\"').replaceAll("\\'", "'")}"`),
      );
    }
    const number = match(
      /^[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/,
    );
    if (number !== undefined) {
      const tail = rest[number.length];
      if (tail !== undefined && /[\p{L}\p{N}_]/u.test(tail))
        throw this.#error(`bad number syntax: ${JSON.stringify(match(/^[^\s()|}]+/) ?? number)}`);
      return made("number", number.length);
    }
    const field = match(/^\.[\p{L}_][\p{L}\p{N}_]*/u);
    if (field !== undefined) return made("field", field.length, field.slice(1));
    if (first === ".") return made("dot", 1);
    const variable = match(/^\$(?:[\p{L}_][\p{L}\p{N}_]*)?/u);
    if (variable !== undefined) return made("variable", variable.length);
    const word = match(/^[\p{L}_][\p{L}\p{N}_]*/u);
    if (word !== undefined) {
      const tail = rest[word.length];
      if (tail !== undefined && !/[\s.,|:=()}]/.test(tail)) throw this.#error(`bad character ${unicodeName(tail)}`);
      return made("word", word.length);
    }
    throw this.#error(
      `unexpected ${JSON.stringify(first)} in command`.replace(
        /^unexpected "\\?(.)" in command$/,
        'unexpected "$1" in command',
      ),
    );
  }

  #unquote(quoted: string): string {
    try {
      return unquoteGo(quoted);
    } catch {
      throw this.#error(`invalid syntax`);
    }
  }

  #error(message: string): TemplateError {
    return syntaxError(this.#name, this.#source, this.#at, message);
  }
}

/** A Go interpreted string literal. */
function unquoteGo(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/gsu, (_whole, code: string) => {
      const simple: Readonly<Record<string, string>> = {
        a: "\x07",
        b: "\b",
        f: "\f",
        n: "\n",
        r: "\r",
        t: "\t",
        v: "\v",
        "\\": "\\",
        '"': '"',
        "'": "'",
      };
      const plain = simple[code];
      if (plain !== undefined) return plain;
      if (/^[xuU]/.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
      if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
      throw new Error("invalid syntax");
    });
}

function unicodeName(letter: string): string {
  const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${code} '${letter}'`;
}

function positionOf(source: string, offset: number): Position {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart };
}

function syntaxError(name: string, source: string, offset: number, message: string): TemplateError {
  return new TemplateError(`template: ${name}:${String(positionOf(source, offset).line)}: ${message}`);
}
