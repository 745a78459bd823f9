import { BerthError } from "#base/errors.ts";

/**
 * Read what stands behind the `?`. `invalid-parameter` in Go's words for a bad escape, and for a semicolon, which some
 * servers take for `&`.
 */
export function parseQuery(text: string): Query {
  if (text === "") return nothingAsked;
  const escape = text.includes("%") ? /%(?![0-9a-f]{2}).{0,2}/i.exec(text) : null;
  if (escape !== null) throw new BerthError("invalid-parameter", `invalid URL escape ${JSON.stringify(escape[0])}`);
  if (text.includes(";")) throw new BerthError("invalid-parameter", "invalid semicolon separator in query");
  return new Query(new URLSearchParams(text));
}

/** Query parameters with Docker's reading of them. */
export class Query {
  readonly #values: URLSearchParams;

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  /** "" when it is not given. */
  text(name: string): string {
    return this.#values.get(name) ?? "";
  }

  maybe(name: string): string | undefined {
    return this.#values.get(name) ?? undefined;
  }

  all(name: string): readonly string[] {
    return this.#values.getAll(name);
  }

  /** Everything but "", 0, no, false and none is true. */
  flag(name: string, fallback = false): boolean {
    const value = this.#values.get(name);
    if (value === null) return fallback;
    return !["", "0", "no", "false", "none"].includes(value.trim().toLowerCase());
  }

  /** A decimal integer; undefined when it is not given. `invalid-parameter` in the words of Go's `reader`. */
  integer(name: string, reader: "Atoi" | "ParseInt" = "Atoi"): number | undefined {
    const value = this.#values.get(name);
    if (value === null || value === "") return undefined;
    const wrong = (why: string): BerthError =>
      new BerthError("invalid-parameter", `strconv.${reader}: parsing ${JSON.stringify(value)}: ${why}`);
    if (!/^[+-]?\d+$/.test(value)) throw wrong("invalid syntax");
    if (Math.abs(Number(value)) >= 2 ** 63) throw wrong("value out of range");
    return Number(value);
  }
}

const nothingAsked = new Query(new URLSearchParams());
