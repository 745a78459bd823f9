import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A file of cases, each an input and what comes of it:
 *
 *     === title or options
 *     input
 *     ---
 *     output
 */
export interface GoldenCase {
  readonly title: string;
  readonly input: string;
  readonly output: string;
}

const path = (name: string): string => join(import.meta.dir, name);

export function readGolden(name: string): readonly GoldenCase[] {
  const [, ...blocks] = readFileSync(path(name), "utf8").split(/^=== ?/m);
  return blocks.map((block) => {
    const [, title = "", input = "", output = ""] = /^([^\n]*)\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(block) ?? [];
    return { title, input, output: output.trimEnd() };
  });
}

export function writeGolden(name: string, cases: readonly GoldenCase[]): void {
  const blocks = cases.map(({ title, input, output }) => `=== ${title}`.trimEnd() + `\n${input}\n---\n${output}\n`);
  writeFileSync(path(name), blocks.join("\n"));
}
