import { readJsonForm } from "./json-form.ts";

/** An instruction's name, its flags, and what follows them. */
export interface SplitLine {
  /** As it is written. */
  readonly keyword: string;
  /** `--name=value`, quotes off. */
  readonly flags: readonly string[];
  readonly rest: string;
}

/** Source: the Dockerfile reference, "Format". `escape` is `\` or a backtick. */
export function splitLine(line: string, escape: string): SplitLine {
  const trimmed = line.trim();
  const match = /^([^\t\v\f\r ]*)[\t\v\f\r ]+([\s\S]*)$/.exec(trimmed);
  if (match === null) return { keyword: trimmed, flags: [], rest: "" };
  const { flags, rest } = cutFlags(match[2] ?? "", escape);
  return { keyword: match[1] ?? "", flags, rest: rest.trim() };
}

/** ADD, COPY and RUN take heredocs where they are not in JSON form, also behind ONBUILD. */
export function takesHeredocs(line: string, escape: string): boolean {
  const { keyword, rest } = splitLine(line, escape);
  const name = keyword.toLowerCase();
  if (name === "onbuild") return rest !== "" && !/^onbuild\s/i.test(rest) && takesHeredocs(rest, escape);
  if (name !== "add" && name !== "copy" && name !== "run") return false;
  return readJsonForm(rest).form !== "json";
}

/** Words that begin with `--`, up to the first that does not or to `--` alone. */
function cutFlags(text: string, escape: string): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? "")) at++;
    if (!text.startsWith("--", at)) return { flags, rest: text.slice(at) };
    const word = readFlag(text, at, escape);
    at = word.end;
    if (word.text === "--") return { flags, rest: text.slice(at) };
    flags.push(word.text);
  }
}

/** One word, quotes and escapes taken off. */
function readFlag(text: string, start: number, escape: string): { readonly text: string; readonly end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote === "" && /\s/.test(character)) break;
    if (character === quote) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (character === escape) word += text[++at] ?? "";
    else word += character;
  }
  return { text: word, end: at };
}

/** Words of ENV, LABEL and ARG: cut at blanks outside quotes; quotes and escapes stay. */
export function splitQuotedWords(text: string, escape: string): readonly string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  const end = (): void => {
    if (word !== "") words.push(word);
    word = "";
  };
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (quote === "" && /\s/u.test(character)) {
      end();
      continue;
    }
    if (character === escape && quote !== "'") {
      if (at + 1 === characters.length) break;
      word += character + (characters[++at] ?? "");
      continue;
    }
    if (character === quote) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
    word += character;
  }
  end();
  return words;
}

/** Words cut at blanks alone. */
export function splitBlanks(text: string): readonly string[] {
  return text === "" ? [] : text.split(/[\t\v\f\r ]+/);
}
