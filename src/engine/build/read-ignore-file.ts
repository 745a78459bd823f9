import { isBerthError, BerthError } from "#base/errors.ts";
import { compileIgnore, parseIgnoreFile } from "#base/ignore-patterns.ts";
import type { ContextFolder } from "#build/sources/context-folder.ts";
import { readContextFile } from "./open-context.ts";

/** The lines of the first of a folder's files that is there. `invalid-parameter` with the place of a malformed one. */
export async function readIgnoreFile(folder: ContextFolder, names: readonly string[]): Promise<readonly string[]> {
  for (const name of names) {
    const text = await readContextFile(folder, name);
    if (text === undefined) continue;
    for (const [index, line] of text.split("\n").entries()) check(line, `${name}:${index + 1}`);
    return parseIgnoreFile(text);
  }
  return [];
}

function check(line: string, place: string): void {
  try {
    compileIgnore(parseIgnoreFile(line));
  } catch (error) {
    if (!isBerthError(error)) throw error;
    const why = `${error.message}: ${JSON.stringify(line.trim())}`;
    throw new BerthError("invalid-parameter", `failed to read .dockerignore: ${place}: ${why}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}
