import { BerthError } from "#base/errors.ts";
import { substitute } from "./substitute.ts";

/**
 * An environment file: `KEY=value` lines, `export` before them allowed, `#` comments, values in single quotes as they stand,
 * in double quotes with escapes, both over several lines; variables are substituted outside of single quotes, from what
 * `lookup` knows first and the lines above second (Compose Specification, 05-services.md, env_file).
 *
 * A key without `=` has what `lookup` says, or is left out. `invalid-parameter` "FILE: line N: …".
 */
export function parseDotenv(
  text: string,
  file: string,
  lookup: (name: string) => string | undefined,
): ReadonlyMap<string, string> {
  return new DotenvReader(text.replace(/^\uFEFF/u, "").replaceAll("\r\n", "\n"), file, lookup).read();
}

/** `format: raw`: each line's text after `=` is the value, quotes and all. */
export function parseRawEnvironment(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/u)) {
    const trimmed = line.trimStart();
    const equals = trimmed.indexOf("=");
    if (trimmed === "" || trimmed.startsWith("#") || equals <= 0) continue;
    values.set(trimmed.slice(0, equals), trimmed.slice(equals + 1));
  }
  return values;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", '"': '"', $: "$$" };

class DotenvReader {
  readonly #text: string;
  readonly #file: string;
  readonly #lookup: (name: string) => string | undefined;
  readonly #values = new Map<string, string>();
  #at = 0;

  constructor(text: string, file: string, lookup: (name: string) => string | undefined) {
    this.#text = text;
    this.#file = file;
    this.#lookup = lookup;
  }

  read(): ReadonlyMap<string, string> {
    for (;;) {
      this.#skip(/(?:\s+|#[^\n]*)*/uy);
      if (this.#at >= this.#text.length) return this.#values;
      this.#line();
    }
  }

  #line(): void {
    this.#skip(/export[ \t]+/uy);
    const key = this.#take(/[A-Za-z_][A-Za-z0-9_.\-[\]]*/uy);
    if (key === "")
      throw this.#mistake(`unexpected character ${JSON.stringify(this.#text[this.#at])} in variable name`);
    const separator = this.#take(/[ \t]*[=:][ \t]*/uy);
    if (separator === "") {
      this.#skip(/[ \t]*(?:#[^\n]*)?/uy);
      if (this.#at < this.#text.length && this.#text[this.#at] !== "\n")
        throw this.#mistake(
          `unexpected character ${JSON.stringify(this.#text[this.#at])} in variable name ${JSON.stringify(key)}`,
        );
      const known = this.#lookup(key);
      if (known !== undefined) this.#values.set(key, known);
      return;
    }
    this.#values.set(key, this.#value());
  }

  #value(): string {
    const quote = this.#text[this.#at];
    if (quote === "'" || quote === '"') return this.#quoted(quote);
    const raw = this.#take(/[^\n]*/uy);
    return this.#substituted(raw.replace(/(?:^|\s)#.*$/u, "").trim());
  }

  #quoted(quote: string): string {
    const begin = this.#at++;
    let out = "";
    for (;;) {
      const letter = this.#text[this.#at++];
      if (letter === undefined) {
        this.#at = begin;
        throw this.#mistake("unterminated quoted value");
      }
      if (letter === quote) break;
      const next = this.#text[this.#at];
      if (letter !== "\\" || next === undefined) out += letter;
      else if (quote === "'") {
        // Only the quote itself can be escaped in single quotes.
        out += next === "'" ? "'" : letter;
        if (next === "'") this.#at++;
      } else {
        out += escapes[next] ?? `\\${next}`;
        this.#at++;
      }
    }
    this.#skip(/[ \t]*(?:#[^\n]*)?/uy);
    if (this.#at < this.#text.length && this.#text[this.#at] !== "\n") throw this.#mistake("text after a quoted value");
    return quote === '"' ? this.#substituted(out) : out;
  }

  #substituted(value: string): string {
    try {
      return substitute(value, { value: (name) => this.#lookup(name) ?? this.#values.get(name) });
    } catch (error) {
      throw this.#mistake(error instanceof Error ? error.message : String(error));
    }
  }

  #skip(pattern: RegExp): void {
    this.#take(pattern);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #mistake(message: string): BerthError {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    return new BerthError("invalid-parameter", `failed to read ${this.#file}: line ${line}: ${message}`);
  }
}
