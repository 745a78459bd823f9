import { wrong } from "../dockerfile-error.ts";
import type { Directive } from "../types.ts";

const KNOWN: ReadonlySet<string> = new Set(["syntax", "escape", "check"]);

/** `name=value` of a comment; undefined when it is no directive that is known. The name comes in lower case. */
export function readDirective(comment: string): { readonly name: string; readonly value: string } | undefined {
  const match = /^\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(comment);
  const name = match?.[1]?.toLowerCase() ?? "";
  return KNOWN.has(name) ? { name, value: match?.[2] ?? "" } : undefined;
}

/**
 * The directives of a file: comments from its first line on, up to the first line that is none. A line that names the
 * interpreter (`#!…`) may stand before them. Source: the Dockerfile reference, "Parser directives".
 */
export class DirectiveReader {
  readonly found: Directive[] = [];
  #over = false;

  /** True when the line, given without its blanks in front, is a directive. `invalid-parameter` for one given twice. */
  take(line: string, lineNumber: number): boolean {
    if (this.#over) return false;
    if (lineNumber === 1 && line.startsWith("#!")) return false;
    const directive = line.startsWith("#") ? readDirective(line.slice(1)) : undefined;
    if (directive === undefined) {
      this.#over = true;
      return false;
    }
    if (this.found.some(({ name }) => name === directive.name))
      throw wrong(`only one ${directive.name} parser directive can be used`);
    if (directive.name === "escape" && directive.value !== "\\" && directive.value !== "`")
      throw wrong(`invalid escape token '${directive.value}' does not match \` or \\`);
    this.found.push({ ...directive, range: { startLine: lineNumber, endLine: lineNumber } });
    return true;
  }

  /** `\` or a backtick. */
  get escape(): string {
    return this.valueOf("escape") ?? "\\";
  }

  valueOf(name: string): string | undefined {
    return this.found.find((directive) => directive.name === name)?.value;
  }
}
