import { expandWord } from "../words/expand-word.ts";

/** `<<NAME` as it stands in an instruction. */
export interface HeredocMark {
  readonly name: string;
  /** False when part of the name is quoted. */
  readonly expand: boolean;
  readonly stripTabs: boolean;
  readonly fd: number | undefined;
}

const nothing = (): undefined => undefined;

/** The heredocs that an instruction announces, in their order. */
export function findHeredocMarks(line: string): readonly HeredocMark[] {
  if (!line.includes("<<")) return [];
  return wordsOf(line).flatMap((word) => parseHeredocMark(word) ?? []);
}

/** Undefined for a word that is no heredoc. */
export function parseHeredocMark(word: string): HeredocMark | undefined {
  const match = /^(\d*)<<(-?)\s*([^<]*)$/.exec(word);
  const [, fd = "", dash, rest = ""] = match ?? [];
  if (match === null || rest === "") return undefined;
  const options = { escape: "\\", keepUnset: true };
  const { words } = expandWord(rest, nothing, options);
  const [name] = words;
  if (words.length !== 1 || name === undefined) return undefined;
  const quoted = expandWord(rest, nothing, { ...options, keepQuotes: true }).words.join("");
  return {
    name,
    expand: quotes(name) === quotes(quoted),
    stripTabs: dash === "-",
    fd: fd === "" ? undefined : Number(fd),
  };
}

/** Words of a line as the shell would cut it. A line that the shell alone can cut, say for an open quote, has none. */
function wordsOf(line: string): readonly string[] {
  try {
    return expandWord(line, nothing, { escape: "\\", keepQuotes: true, keepEscapes: true, keepUnset: true }).words;
  } catch {
    return [];
  }
}

function quotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}
