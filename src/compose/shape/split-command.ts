import { BerthError } from "#base/errors.ts";

/**
 * A command line as words: split at blanks, quotes and backslashes taken away, nothing expanded. `invalid-parameter` when a
 * quote is not closed.
 */
export function splitCommand(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (quote !== "") {
      if (letter === quote) quote = "";
      else if (letter === "\\" && quote === '"' && /["\\$`]/u.test(text[at + 1] ?? "")) word += text[++at] ?? "";
      else word += letter;
    } else if (/\s/u.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word ??= "";
      if (letter === "'" || letter === '"') quote = letter;
      else if (letter === "\\") word += text[++at] ?? "";
      else word += letter;
    }
  }
  if (quote !== "") throw new BerthError("invalid-parameter", `EOF found when expecting closing quote: ${text}`);
  if (word !== undefined) words.push(word);
  return words;
}
