import { BerthError } from "./errors.ts";

/**
 * Go's path/filepath.Match: `*` any run without `/`, `?` one character but `/`, `[a-z]` and `[^a-z]` classes, `\` takes
 * the next character as it is. The whole of `name` must match. `invalid-parameter` for a malformed pattern.
 */
export function globMatch(pattern: string, name: string): boolean {
  return globToRegExp(pattern).test(name);
}

export function globToRegExp(pattern: string): RegExp {
  const characters = Array.from(pattern);
  let source = "";
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const set = parseClass(pattern, characters, at + 1);
      source += set.source;
      at = set.end;
    } else if (character === "\\") {
      at++;
      if (at >= characters.length) throw malformed();
      source += escaped(characters[at] as string);
    } else source += escaped(character);
  }
  return new RegExp(`^${source}$`, "su");
}

/** The class that begins at `start` (after `[`); `end` is the index of its `]`. */
function parseClass(pattern: string, characters: readonly string[], start: number): { source: string; end: number } {
  let at = start;
  const negated = characters[at] === "^";
  if (negated) at++;
  let ranges = "";
  const next = (): string => {
    let character = characters[at++];
    if (character === undefined || character === "-" || character === "]") throw malformed();
    if (character === "\\") character = characters[at++];
    if (character === undefined || at >= characters.length) throw malformed();
    return character;
  };
  for (let first = true; first || characters[at] !== "]"; first = false) {
    const low = next();
    let high = low;
    if (characters[at] === "-") {
      at++;
      high = next();
    }
    if ((low.codePointAt(0) as number) <= (high.codePointAt(0) as number)) ranges += `${inClass(low)}-${inClass(high)}`;
  }
  return { source: `[${negated ? "^" : ""}${ranges}]`, end: at };
}

function escaped(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function inClass(character: string): string {
  return `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
}

function malformed(): BerthError {
  return new BerthError("invalid-parameter", "syntax error in pattern");
}
