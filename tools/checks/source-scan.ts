/**
 * A small scanner for TypeScript source: enough to know what a file imports, exports and names, without a compiler.
 * It skips comments and the text of strings and templates, so that words inside them never count as code.
 */
export interface Token {
  readonly kind: "word" | "string" | "punctuation";
  /** The word, the string's value without quotes, or one punctuation character. */
  readonly text: string;
  readonly line: number;
}

export interface ImportEdge {
  readonly specifier: string;
  readonly line: number;
  /** `import type`, `export type … from` or a type position `import("x")`. They count like any other edge. */
  readonly typeOnly: boolean;
}

const wordStart = /[\p{ID_Start}$_#]/u;
const wordPart = /[\p{ID_Continue}$]/u;
/** After one of these words a slash starts a regular expression, after any other word it divides. */
const wordsBeforeRegex = new Set(
  "return typeof instanceof in of new delete void throw case do else yield await default extends".split(" "),
);

/** Split `source` into tokens. Never throws: what cannot be understood becomes punctuation. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** Depth of braces at which each open `${` of a template ends. */
  const templateStack: number[] = [];
  let braces = 0;
  let at = 0;
  let line = 1;

  const push = (kind: Token["kind"], text: string, startLine: number): void => {
    tokens.push({ kind, text, line: startLine });
  };

  const skipTemplate = (): void => {
    while (at < source.length) {
      const c = source[at];
      if (c === "\\") {
        if (source[at + 1] === "\n") line++;
        at += 2;
      } else if (c === "`") {
        at++;
        return;
      } else if (c === "$" && source[at + 1] === "{") {
        at += 2;
        templateStack.push(braces);
        braces++;
        return;
      } else {
        if (c === "\n") line++;
        at++;
      }
    }
  };

  const regexAllowed = (): boolean => {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.kind === "string") return false;
    if (last.kind === "word") return wordsBeforeRegex.has(last.text);
    return !(last.text === ")" || last.text === "]" || last.text === "}");
  };

  const skipRegex = (): void => {
    let inClass = false;
    at++;
    while (at < source.length && source[at] !== "\n") {
      const c = source[at];
      if (c === "\\") at++;
      else if (c === "[") inClass = true;
      else if (c === "]") inClass = false;
      else if (c === "/" && !inClass) break;
      at++;
    }
    at++;
    while (at < source.length && /[a-z]/.test(source[at] ?? "")) at++;
    push("string", "", line);
  };

  while (at < source.length) {
    const c = source[at] ?? "";
    if (c === "\n") {
      line++;
      at++;
    } else if (/\s/.test(c)) {
      at++;
    } else if (c === "/" && source[at + 1] === "/") {
      while (at < source.length && source[at] !== "\n") at++;
    } else if (c === "/" && source[at + 1] === "*") {
      const end = source.indexOf("*/", at + 2);
      const stop = end < 0 ? source.length : end + 2;
      for (; at < stop; at++) if (source[at] === "\n") line++;
    } else if (c === '"' || c === "'") {
      const startLine = line;
      let text = "";
      at++;
      while (at < source.length && source[at] !== c && source[at] !== "\n") {
        if (source[at] === "\\") at++;
        text += source[at] ?? "";
        at++;
      }
      at++;
      push("string", text, startLine);
    } else if (c === "`") {
      at++;
      push("string", "", line);
      skipTemplate();
    } else if (c === "/" && regexAllowed()) {
      skipRegex();
    } else if (wordStart.test(c)) {
      const start = at;
      at++;
      while (at < source.length && wordPart.test(source[at] ?? "")) at++;
      push("word", source.slice(start, at), line);
    } else if (/[0-9]/.test(c)) {
      const start = at;
      while (at < source.length && /[0-9a-zA-Z_.]/.test(source[at] ?? "")) at++;
      push("word", source.slice(start, at), line);
    } else {
      at++;
      if (c === "{") braces++;
      if (c === "}") {
        braces--;
        if (templateStack.at(-1) === braces) {
          templateStack.pop();
          skipTemplate();
          continue;
        }
      }
      push("punctuation", c, line);
    }
  }
  return tokens;
}

/** Every module a token list imports or re-exports, static, dynamic, `require`, and in type positions. */
export function importsOf(tokens: readonly Token[]): ImportEdge[] {
  const edges: ImportEdge[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token?.kind !== "word" || isMember(tokens, i)) continue;
    if (token.text === "import" || token.text === "require") {
      const next = tokens[i + 1];
      const argument = tokens[i + 2];
      if (next?.text === "(" && next.kind === "punctuation") {
        if (argument?.kind === "string" && argument.text !== "") {
          edges.push({ specifier: argument.text, line: token.line, typeOnly: false });
        }
        continue;
      }
      if (token.text === "import" && next?.kind === "string") {
        edges.push({ specifier: next.text, line: token.line, typeOnly: false });
        continue;
      }
    }
    if (token.text !== "import" && token.text !== "export") continue;
    const from = clauseSource(tokens, i + 1);
    if (from !== undefined) {
      edges.push({ specifier: from, line: token.line, typeOnly: tokens[i + 1]?.text === "type" });
    }
  }
  return edges;
}

/** Lines where the file exports a default. */
export function defaultExportsOf(tokens: readonly Token[]): number[] {
  const lines: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token?.kind !== "word" || token.text !== "export" || isMember(tokens, i)) continue;
    if (tokens[i + 1]?.text === "default" && tokens[i + 1]?.kind === "word") lines.push(token.line);
  }
  return lines;
}

/** Lines where the identifier `name` is used as a free name (not `x.name`, not a property key). */
export function usesOf(tokens: readonly Token[], name: string): number[] {
  const lines: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token?.kind !== "word" || token.text !== name || isMember(tokens, i)) continue;
    if (tokens[i + 1]?.text === ":" && tokens[i + 1]?.kind === "punctuation") continue;
    lines.push(token.line);
  }
  return lines;
}

function isMember(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  const spread = tokens[index - 2]?.text === "." && tokens[index - 3]?.text === ".";
  return before?.kind === "punctuation" && before.text === "." && !spread;
}

/** The string after `from` of an import or export clause that starts at `index`; undefined when it is a declaration. */
function clauseSource(tokens: readonly Token[], index: number): string | undefined {
  let depth = 0;
  for (let i = index; i < tokens.length; i++) {
    const token = tokens[i];
    if (token === undefined) return undefined;
    if (token.kind === "word") {
      if (token.text === "from" && depth === 0 && tokens[i + 1]?.kind === "string") return tokens[i + 1]?.text;
      continue;
    }
    if (token.kind === "string") {
      if (depth === 0) return undefined;
      continue;
    }
    if (token.text === "{") depth++;
    else if (token.text === "}") depth--;
    else if (token.text !== "," && token.text !== "*") return undefined;
  }
  return undefined;
}
