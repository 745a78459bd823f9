import { locateError, wrong } from "../dockerfile-error.ts";
import type { Directive, Heredoc, SourceFile, SourceRange } from "../types.ts";
import { DirectiveReader } from "./directives.ts";
import { findHeredocMarks, type HeredocMark } from "./heredoc-mark.ts";
import { takesHeredocs } from "./split-line.ts";

/** One instruction, still a text. */
export interface LogicalLine {
  /** Without line ends, comments and the blanks in front. */
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
  readonly range: SourceRange;
  readonly comments: readonly string[];
}

export interface LogicalLines {
  readonly lines: readonly LogicalLine[];
  readonly directives: readonly Directive[];
  readonly escape: string;
  /** Where an instruction went on after an empty line. */
  readonly emptyContinuations: readonly SourceRange[];
}

/**
 * A file's instructions: continued lines joined, comments taken out, heredocs attached. `invalid-parameter` for a heredoc
 * that does not end, a wrong directive, or a file without instructions.
 */
export function readLines(source: SourceFile): LogicalLines {
  const reader = new LineReader(source);
  return reader.read();
}

class LineReader {
  readonly #physical: readonly string[];
  readonly #directives = new DirectiveReader();
  readonly #emptyContinuations: SourceRange[] = [];
  readonly #source: SourceFile;
  #at = 0;

  constructor(source: SourceFile) {
    this.#source = source;
    // The last line needs no end, and an end makes no further line.
    this.#physical = source.text.replace(/^\uFEFF/, "").match(/[^\n]*\n|[^\n]+$/g) ?? [];
  }

  read(): LogicalLines {
    const lines: LogicalLine[] = [];
    let comments: string[] = [];
    while (this.#at < this.#physical.length) {
      const startLine = this.#at + 1;
      const first = withoutEnd(this.#take()).trimStart();
      if (first.startsWith("#")) {
        const isDirective = this.#located(startLine, () => this.#directives.take(first, startLine));
        const comment = first.slice(1).trim();
        if (!isDirective) comments = comment === "" ? [] : [...comments, comment];
        continue;
      }
      this.#directives.take(first, startLine);
      const text = this.#readContinued(first);
      if (text === undefined) continue;
      const heredocs = this.#located(startLine, () => this.#readHeredocs(text));
      lines.push({ text, heredocs, range: { startLine, endLine: this.#at }, comments });
      comments = [];
    }
    if (lines.length === 0) this.#located(Math.max(this.#at, 1), () => nothingToDo());
    const { found, escape } = this.#directives;
    return { lines, directives: found, escape, emptyContinuations: this.#emptyContinuations };
  }

  #take(): string {
    return this.#physical[this.#at++] ?? "";
  }

  /** Undefined for an empty line. */
  #readContinued(first: string): string | undefined {
    let { text, continues } = this.#cutContinuation(first);
    if (!continues && text === "") return undefined;
    let empty = false;
    while (continues && this.#at < this.#physical.length) {
      const line = withoutEnd(this.#take());
      const content = line.trimStart();
      if (content.startsWith("#")) continue;
      if (content === "") {
        empty = true;
        continue;
      }
      const next = this.#cutContinuation(line);
      text += next.text;
      continues = next.continues;
    }
    if (empty) this.#emptyContinuations.push({ startLine: this.#at, endLine: this.#at });
    return text;
  }

  /** The escape character at a line's end continues it, unless it is itself escaped. */
  #cutContinuation(line: string): { readonly text: string; readonly continues: boolean } {
    const { escape } = this.#directives;
    const kept = line.replace(/[ \t]+$/, "");
    const continues = kept.endsWith(escape) && !kept.endsWith(escape + escape);
    return continues ? { text: kept.slice(0, -1), continues } : { text: line, continues };
  }

  #readHeredocs(text: string): readonly Heredoc[] {
    if (!text.includes("<<") || !takesHeredocs(text, this.#directives.escape)) return [];
    return findHeredocMarks(text).map((mark) => ({ ...mark, content: this.#readHeredoc(mark) }));
  }

  #readHeredoc({ name, stripTabs }: HeredocMark): string {
    let content = "";
    while (this.#at < this.#physical.length) {
      const line = this.#take();
      const bare = withoutEnd(line);
      if ((stripTabs ? bare.replace(/^\t+/, "") : bare) === name) return content;
      content += line;
    }
    throw wrong("unterminated heredoc", `end it with a line that is only ${name}`);
  }

  #located<T>(startLine: number, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw locateError(error, this.#source, { startLine, endLine: Math.max(this.#at, startLine) }, "read");
    }
  }
}

function withoutEnd(line: string): string {
  return line.replace(/[\r\n]+$/, "");
}

function nothingToDo(): never {
  throw wrong("file with no instructions", "begin with FROM");
}
