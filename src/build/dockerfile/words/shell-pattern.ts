import { BerthError } from "#base/errors.ts";

/**
 * Patterns of `${x#pattern}`: `*` is any run of characters, `?` one, `\` makes `*`, `?` and `\` literal. There are no
 * bracket expressions. Source: the Dockerfile reference; POSIX 2.13 without its brackets.
 */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  const whole = compile(pattern, "whole");
  const characters = Array.from(value);
  const length = lengths(characters.length, longest).find((length) => whole.test(characters.slice(0, length).join("")));
  return length === undefined ? value : characters.slice(length).join("");
}

export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  const whole = compile(pattern, "whole");
  const characters = Array.from(value);
  const from = (length: number): number => characters.length - length;
  const length = lengths(characters.length, longest).find((length) =>
    whole.test(characters.slice(from(length)).join("")),
  );
  return length === undefined ? value : characters.slice(0, from(length)).join("");
}

/** The first match, or all of them, each as long as can be, become `word`. */
export function replacePattern(value: string, pattern: string, word: string, all: boolean): string {
  let end = -1;
  return value.replace(compile(pattern, all ? "all" : "first"), (match: string, offset: number) => {
    // Nothing right behind a match is no match of its own.
    if (match === "" && offset === end) return "";
    end = offset + match.length;
    return word;
  });
}

function lengths(longest: number, descending: boolean): readonly number[] {
  return Array.from({ length: longest + 1 }, (_, index) => (descending ? longest - index : index));
}

function compile(pattern: string, scope: "whole" | "first" | "all"): RegExp {
  let source = "";
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*") source += "[^\\n]*";
    else if (character === "?") source += "[^\\n]";
    else if (character !== "\\") source += literal(character);
    else {
      const next = characters[at + 1] ?? "";
      // Inside the braces `}` and `/` had to be escaped; that is no part of the pattern.
      if (next === "}" || next === "/") continue;
      if (next !== "*" && next !== "?" && next !== "\\") {
        const reason = `invalid escape '\\${next}'`;
        throw new BerthError("invalid-parameter", `invalid pattern (${pattern}) in substitution: ${reason}`);
      }
      source += literal(next);
      at++;
    }
  }
  return new RegExp(scope === "whole" ? `^${source}$` : source, scope === "all" ? "gu" : "u");
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
}
