import { BerthError } from "#base/errors.ts";

/** A variable's value; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface ExpandOptions {
  /** `\` or a backtick. */
  readonly escape: string;
  /** Quotes stay in the text, though they still quote. */
  readonly keepQuotes?: boolean;
  /** The escape character stays in front of what it escapes. */
  readonly keepEscapes?: boolean;
  /** A variable that is not set stays as it is written. */
  readonly keepUnset?: boolean;
  /** Quotes are characters like others, as in a heredoc. */
  readonly plainQuotes?: boolean;
}

export interface ReadMode {
  readonly keepEscapes: boolean;
  /** The text becomes a pattern: what quotes made literal is escaped. */
  readonly pattern: boolean;
}

/** Reads what follows a `$`. */
export type ReadDollar = (reader: WordReader) => string;

interface Piece {
  readonly text: string;
  /** Blanks in it separate words. */
  readonly splits: boolean;
}

/** Walks over a text once, characters being code points. */
export class WordReader {
  readonly matched = new Set<string>();
  readonly unmatched = new Set<string>();
  readonly options: ExpandOptions;
  readonly #lookup: Lookup;
  readonly #readDollar: ReadDollar;
  readonly #characters: readonly string[];
  #at = 0;

  constructor(source: string, lookup: Lookup, options: ExpandOptions, readDollar: ReadDollar) {
    this.options = options;
    this.#lookup = lookup;
    this.#readDollar = readDollar;
    this.#characters = Array.from(source);
  }

  get atEnd(): boolean {
    return this.#at >= this.#characters.length;
  }

  /** Undefined at the end. */
  peek(): string | undefined {
    return this.#characters[this.#at];
  }

  next(): string | undefined {
    return this.#characters[this.#at++];
  }

  /** A variable's value, which is remembered as asked for. */
  value(name: string): string | undefined {
    const value = this.#lookup(name);
    (value === undefined ? this.unmatched : this.matched).add(name);
    return value;
  }

  /** Read to `stop`, which is taken, or to the end. `invalid-parameter` when `stop` does not come. */
  readUntil(stop: string | undefined, mode: ReadMode): { readonly text: string; readonly words: readonly string[] } {
    const pieces: Piece[] = [];
    while (!this.atEnd) {
      if (stop !== undefined && this.peek() === stop) {
        this.next();
        return joined(pieces);
      }
      pieces.push(this.#readPiece(mode));
    }
    if (stop !== undefined) throw unfinished(stop);
    return joined(pieces);
  }

  #readPiece(mode: ReadMode): Piece {
    const character = this.next() ?? "";
    if (character === "$") return { text: this.#readDollar(this), splits: true };
    if (character === "<") return { text: this.#readHeredocMark(), splits: false };
    if (character === "'" && !this.options.plainQuotes) return { text: this.#readSingleQuoted(mode), splits: false };
    if (character === '"' && !this.options.plainQuotes) return { text: this.#readDoubleQuoted(mode), splits: false };
    if (character !== this.options.escape) return { text: character, splits: true };
    return { text: (mode.keepEscapes ? character : "") + (this.next() ?? ""), splits: false };
  }

  /** Blanks between `<<` and the heredoc's name belong to the word. */
  #readHeredocMark(): string {
    if (this.peek() !== "<") return "<";
    let text = `<${this.next() ?? ""}`;
    while (/^[\t\r ]$/.test(this.peek() ?? "")) text += this.next() ?? "";
    return text;
  }

  #readSingleQuoted({ pattern }: ReadMode): string {
    let text = "";
    for (;;) {
      const character = this.next();
      if (character === undefined) throw unfinished("single-quote");
      if (character === "'") return this.options.keepQuotes ? `'${text}'` : text;
      text += pattern && character === this.options.escape ? character + character : character;
    }
  }

  #readDoubleQuoted({ keepEscapes, pattern }: ReadMode): string {
    const { escape, keepQuotes = false } = this.options;
    let text = "";
    for (;;) {
      const character = this.next();
      if (character === undefined) throw unfinished("double-quote");
      if (character === '"') return keepQuotes ? `"${text}"` : text;
      if (character === "$") text += this.#readDollar(this);
      else if (character !== escape) text += character;
      else if (this.atEnd) continue;
      else if (['"', "$", escape].includes(this.peek() ?? ""))
        text += (keepEscapes ? escape : "") + (this.next() ?? "");
      else text += keepEscapes && (!keepQuotes || pattern) ? escape + escape : escape;
    }
  }
}

function joined(pieces: readonly Piece[]): { readonly text: string; readonly words: readonly string[] } {
  const words: string[] = [];
  let word = "";
  for (const { text, splits } of pieces) {
    if (!splits) {
      word += text;
      continue;
    }
    for (const character of text) {
      if (!/\s/u.test(character)) word += character;
      else if (word !== "") {
        words.push(word);
        word = "";
      }
    }
  }
  if (word !== "") words.push(word);
  return { text: pieces.map(({ text }) => text).join(""), words };
}

function unfinished(what: string): BerthError {
  return new BerthError("invalid-parameter", `unexpected end of statement while looking for matching ${what}`);
}
