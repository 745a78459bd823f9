import type { Token } from "./source-scan.ts";

export interface Export {
  readonly name: string;
  readonly line: number;
  /** An interface or a type alias. */
  readonly isType: boolean;
}

export interface NamedImport {
  readonly specifier: string;
  /** What is taken by name; of a whole module, which code reaches by any word, `undefined`. */
  readonly names: readonly string[] | undefined;
}

const declarations = new Set(["const", "let", "function", "class", "enum", "interface", "type"]);
const modifiers = new Set(["async", "declare", "abstract"]);

/** What a file exports by declaration. Of `export const { a, b } = …` nothing, and of clauses what {@link importsByName} tells. */
export function exportsOf(tokens: readonly Token[]): Export[] {
  return tokens.flatMap((token, index) => {
    if (!startsStatement(tokens, index, "export")) return [];
    let at = index + 1;
    while (modifiers.has(tokens[at]?.text ?? "")) at++;
    const keyword = tokens[at]?.text ?? "";
    if (!declarations.has(keyword)) return [];
    at += tokens[at + 1]?.text === "*" ? 2 : 1;
    const name = tokens[at];
    if (name?.kind !== "word") return [];
    return [{ name: name.text, line: token.line, isType: keyword === "interface" || keyword === "type" }];
  });
}

/** What a file takes from others, and what it passes on by `export { … } from`. */
export function importsByName(tokens: readonly Token[]): NamedImport[] {
  return tokens.flatMap((token, index): NamedImport[] => {
    if (!startsStatement(tokens, index, "import") && !startsStatement(tokens, index, "export")) return [];
    if (token.text === "import" && tokens[index + 1]?.text === "(") {
      const specifier = tokens[index + 2];
      return specifier?.kind === "string" ? [{ specifier: specifier.text, names: undefined }] : [];
    }
    let at = index + 1;
    if (tokens[at]?.text === "type") at++;
    if (tokens[at]?.text === "*") {
      const from = tokens.slice(at, at + 4).findIndex(({ text }) => text === "from");
      const specifier = tokens[at + from + 1];
      return from > 0 && specifier?.kind === "string" ? [{ specifier: specifier.text, names: undefined }] : [];
    }
    const clause = readClause(tokens, at);
    return clause === undefined ? [] : [clause];
  });
}

/** `{ a, type B, c as d } from "x"` at `index`. */
function readClause(tokens: readonly Token[], index: number): NamedImport | undefined {
  if (tokens[index]?.text !== "{") return undefined;
  const end = tokens.findIndex(({ text, kind }, at) => at > index && kind === "punctuation" && text === "}");
  const specifier = tokens[end + 2];
  if (tokens[end + 1]?.text !== "from" || specifier?.kind !== "string") return undefined;
  const names: string[] = [];
  let first = true;
  for (let at = index + 1; at < end; at++) {
    const { text = "" } = tokens[at] ?? {};
    const isMark = text === "type" && tokens[at + 1]?.kind === "word" && tokens[at + 1]?.text !== "as";
    if (text === ",") first = true;
    else if (first && !isMark) {
      names.push(text);
      first = false;
    }
  }
  return { specifier: specifier.text, names };
}

function startsStatement(tokens: readonly Token[], index: number, word: string): boolean {
  const token = tokens[index];
  return token?.kind === "word" && token.text === word && tokens[index - 1]?.text !== ".";
}
