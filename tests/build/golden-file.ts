import { readFileSync, writeFileSync } from "node:fs";

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

export function readGolden(path: string): readonly GoldenCase[] {
  const [, ...blocks] = readFileSync(path, "utf8").split(/^=== ?/m);
  return blocks.map((block) => {
    const [, title = "", input = "", output = ""] = /^([^\n]*)\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(block) ?? [];
    return { title, input, output: output.trimEnd() };
  });
}

export function writeGolden(path: string, cases: readonly GoldenCase[]): void {
  const blocks = cases.map(({ title, input, output }) => `=== ${title}`.trimEnd() + `\n${input}\n---\n${output}\n`);
  writeFileSync(path, blocks.join("\n"));
}
