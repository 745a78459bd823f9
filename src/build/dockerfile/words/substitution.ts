import { type BerthError, invalid } from "#base/errors.ts";
import { replacePattern, trimPrefix, trimSuffix } from "./shell-pattern.ts";
import type { ReadMode, WordReader } from "./word-reader.ts";

/** What a `$` that was just read stands for. `$` before anything that is no name stays itself. */
export function readSubstitution(reader: WordReader): string {
  if (reader.peek() === "{") {
    reader.next();
    return readBraces(reader);
  }
  const name = readName(reader);
  if (name === "") return "$";
  return reader.value(name) ?? (reader.options.keepUnset ? `$${name}` : "");
}

function readBraces(reader: WordReader): string {
  const first = reader.peek();
  if (first === undefined) throw invalid("syntax error: missing '}'");
  if (first === "{" || first === "}" || first === ":") throw invalid("syntax error: bad substitution");
  const name = readName(reader);
  const operator = reader.next();
  switch (operator) {
    case undefined:
      throw invalid("syntax error: missing '}'");
    case "}":
      return reader.value(name) ?? (reader.options.keepUnset ? `\${${name}}` : "");
    case "/":
      return readReplacement(reader, name);
    case "#":
    case "%":
      return readTrim(reader, name, operator);
    case ":":
    case "-":
    case "+":
    case "?":
      return readChoice(reader, name, operator);
    default:
      throw unsupported(operator);
  }
}

/** `${x:-word}` and its family. */
function readChoice(reader: WordReader, name: string, first: string): string {
  const emptyIsUnset = first === ":";
  const operator = emptyIsUnset ? reader.next() : first;
  const written = emptyIsUnset ? `:${operator ?? ""}` : first;
  if (operator !== "-" && operator !== "+" && operator !== "?") throw unsupported(written);
  const word = readPart(reader, "}", { keepEscapes: false, pattern: false }, "}");
  const value = reader.value(name);
  if (reader.options.keepUnset && value === undefined) return `\${${name}${written}${word}}`;
  const missing = value === undefined || (emptyIsUnset && value === "");
  if (operator === "+") return missing ? "" : word;
  if (!missing) return value;
  if (operator === "-") return word;
  throw invalid(`${name}: ${word || `is not allowed to be ${value === undefined ? "unset" : "empty"}`}`);
}

/** `${x#pattern}`, `${x%pattern}`; doubled, the longest match goes. */
function readTrim(reader: WordReader, name: string, operator: "#" | "%"): string {
  const word = readPart(reader, "}", { keepEscapes: true, pattern: true }, "}");
  const value = reader.value(name);
  if (reader.options.keepUnset && value === undefined) return `\${${name}${operator}${word}}`;
  const longest = word.startsWith(operator);
  const pattern = longest ? word.slice(1) : word;
  return (operator === "#" ? trimPrefix : trimSuffix)(value ?? "", pattern, longest);
}

/** `${x/pattern/word}`; `${x//pattern/word}` replaces every match. */
function readReplacement(reader: WordReader, name: string): string {
  const all = reader.peek() === "/";
  if (all) reader.next();
  const pattern = readPart(reader, "/", { keepEscapes: true, pattern: true }, "/");
  const word = readPart(reader, "}", { keepEscapes: true, pattern: false }, "}");
  const value = reader.value(name);
  if (reader.options.keepUnset && value === undefined) return `\${${name}/${pattern}/${word}}`;
  return replacePattern(value ?? "", pattern, word, all);
}

function readPart(reader: WordReader, stop: string, mode: ReadMode, missing: string): string {
  try {
    return reader.readUntil(stop, mode).text;
  } catch (error) {
    if (!reader.atEnd) throw error;
    throw invalid(missing === "}" ? "syntax error: missing '}'" : "syntax error: missing '/' in ${}");
  }
}

/** Letters, digits and `_`; or digits alone; or one of the shell's special parameters. */
function readName(reader: WordReader): string {
  const first = reader.peek() ?? "";
  if (/^[@*#?\-$!]$/.test(first)) return reader.next() ?? "";
  const part = /^\p{Nd}$/u.test(first) ? /^\p{Nd}$/u : /^[\p{L}\p{Nd}_]$/u;
  let name = "";
  while (part.test(reader.peek() ?? "")) name += reader.next() ?? "";
  return name;
}

function unsupported(operator: string): BerthError {
  return invalid(`unsupported modifier (${operator}) in substitution`);
}
