import { BerthError } from "#base/errors.ts";

/** A variable's value; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

/**
 * Words of a Dockerfile instruction: split at blanks outside quotes, quotes taken off, variables put in (`$x`, `${x}`,
 * `${x:-word}`, `${x:+word}`). A backslash keeps the next character; single quotes keep everything. Source: the
 * Dockerfile reference, "Environment replacement". `invalid-parameter` for what is not closed.
 */
export function expandWords(text: string, lookup: Lookup): readonly string[] {
  return splitWords(text).map((word) => expandWord(word, lookup));
}

/** {@link expandWords} for a text that stays one word. */
export function expandWord(text: string, lookup: Lookup): string {
  let result = "";
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (quote === "'") {
      if (char === "'") quote = "";
      else result += char;
    } else if (char === "\\") {
      const next = text[at + 1];
      if (quote === '"' && next !== '"' && next !== "$" && next !== "\\") result += char;
      else {
        result += next ?? "";
        at++;
      }
    } else if (char === quote && quote !== "") quote = "";
    else if (quote === "" && (char === "'" || char === '"')) quote = char;
    else if (char === "$") {
      const variable = readVariable(text, at + 1, lookup);
      result += variable.value;
      at = variable.end - 1;
    } else result += char;
  }
  if (quote !== "")
    throw new BerthError(
      "invalid-parameter",
      `unexpected end of statement while looking for matching ${quote === "'" ? "single" : "double"}-quote`,
    );
  return result;
}

/** Split at blanks outside quotes; quotes and escapes stay. */
export function splitWords(text: string): readonly string[] {
  return text.match(/(?:\\.|'[^']*'?|"(?:\\.|[^"\\])*"?|[^\s'"\\]|\\$)+/gs) ?? [];
}

function readVariable(text: string, at: number, lookup: Lookup): { readonly value: string; readonly end: number } {
  if (text[at] !== "{") {
    const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(text.slice(at))?.[0];
    if (name === undefined) return { value: "$", end: at };
    return { value: lookup(name) ?? "", end: at + name.length };
  }
  const match = /^\{([A-Za-z_][A-Za-z0-9_]*|[0-9])(?::([-+?]))?/.exec(text.slice(at));
  if (match === null) throw new BerthError("invalid-parameter", "bad substitution");
  const [whole, name = "", operator] = match;
  const start = at + whole.length;
  const end = closingBrace(text, start);
  const rest = text.slice(start, end);
  if (operator === undefined && rest !== "") {
    throw new BerthError("invalid-parameter", `unsupported modifier (${rest.slice(0, 2)}) in substitution`);
  }
  const value = lookup(name);
  const word = (): string => expandWord(rest, lookup);
  if (operator === "-") return { value: value ? value : word(), end: end + 1 };
  if (operator === "+") return { value: value ? word() : "", end: end + 1 };
  if (operator === "?" && !value)
    throw new BerthError("invalid-parameter", `${name}: ${word() || "is not allowed to be unset"}`);
  return { value: value ?? "", end: end + 1 };
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  throw new BerthError("invalid-parameter", "syntax error: missing '}'");
}
