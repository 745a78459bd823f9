import { BerthError } from "#base/errors.ts";

/** Values of variables, and where a variable that nobody set is told. */
export interface Variables {
  value(name: string): string | undefined;
  onUnset?(name: string): void;
}

/** A variable that a text refers to: for `config --variables`. */
export interface VariableUse {
  readonly name: string;
  readonly required: boolean;
  readonly fallback: string;
  readonly alternate: string;
}

/**
 * Replace `$V`, `${V}`, `${V:-d}`, `${V-d}`, `${V:?e}`, `${V?e}`, `${V:+r}`, `${V+r}` (nested in each other's right side) and
 * `$$` (Compose Specification, 12-interpolation.md). docker-compat: a `$` that begins none of these is one. `invalid-parameter`
 * for braces that hold none of these, and for a required variable without a value.
 */
export function substitute(text: string, variables: Variables): string {
  if (!text.includes("$")) return text;
  return new Substitution(text, variables).whole();
}

/** The variables `text` refers to, in order, those in defaults too. */
export function variableUses(text: string): readonly VariableUse[] {
  const uses: VariableUse[] = [];
  const note = (use: VariableUse): void => void uses.push(use);
  new Substitution(text, { value: () => undefined }, note).whole();
  return uses;
}

const nameStart = /[A-Za-z_]/u;
const namePart = /[A-Za-z0-9_]/u;

class Substitution {
  readonly #text: string;
  readonly #variables: Variables;
  readonly #note: ((use: VariableUse) => void) | undefined;
  #at = 0;

  constructor(text: string, variables: Variables, note?: (use: VariableUse) => void) {
    this.#text = text;
    this.#variables = variables;
    this.#note = note;
  }

  whole(): string {
    return this.#until(undefined, true);
  }

  /** Up to `end`, which is taken; with `live` false what stands there is skipped: nothing is looked up or complained of. */
  #until(end: "}" | undefined, live: boolean): string {
    let out = "";
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === undefined) {
        if (end === undefined) return out;
        throw this.#malformed();
      }
      this.#at++;
      if (letter === end) return out;
      out += letter === "$" ? this.#dollar(live) : letter;
    }
  }

  #dollar(live: boolean): string {
    const next = this.#text[this.#at];
    if (next === "$") {
      this.#at++;
      return "$";
    }
    if (next === "{") {
      this.#at++;
      return this.#braced(live);
    }
    const name = this.#name();
    if (name === "") return "$";
    this.#note?.({ name, required: false, fallback: "", alternate: "" });
    return live ? this.#plain(name) : "";
  }

  #braced(live: boolean): string {
    const name = this.#name();
    if (name === "") throw this.#malformed();
    if (this.#text[this.#at] === "}") {
      this.#at++;
      this.#note?.({ name, required: false, fallback: "", alternate: "" });
      return live ? this.#plain(name) : "";
    }
    const operator = /^:?[-?+]/u.exec(this.#text.slice(this.#at))?.[0];
    if (operator === undefined) throw this.#malformed();
    this.#at += operator.length;
    const found = this.#variables.value(name);
    const set = found !== undefined && (!operator.startsWith(":") || found !== "");
    const sign = operator.at(-1);
    const wanted = sign === "+" ? set : !set;
    const begin = this.#at;
    const right = this.#until("}", live && (wanted || this.#note !== undefined));
    this.#note?.({
      name,
      required: sign === "?",
      fallback: sign === "-" ? this.#text.slice(begin, this.#at - 1) : "",
      alternate: sign === "+" ? this.#text.slice(begin, this.#at - 1) : "",
    });
    if (!live) return "";
    if (sign === "+") return set ? right : "";
    if (set) return found;
    if (sign === "-") return right;
    if (this.#note !== undefined) return "";
    throw new BerthError(
      "invalid-parameter",
      `required variable ${name} is missing a value${right === "" ? "" : `: ${right}`}`,
    );
  }

  #plain(name: string): string {
    const found = this.#variables.value(name);
    if (found === undefined) this.#variables.onUnset?.(name);
    return found ?? "";
  }

  #name(): string {
    const begin = this.#at;
    if (!nameStart.test(this.#text[this.#at] ?? "")) return "";
    while (namePart.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#text.slice(begin, this.#at);
  }

  #malformed(): BerthError {
    return new BerthError(
      "invalid-parameter",
      `invalid interpolation format: ${JSON.stringify(this.#text)}; a $ that is meant is written $$`,
    );
  }
}
