import { BerthError } from "#base/errors.ts";
import { parseDotenv } from "../source/parse-dotenv.ts";

export interface FileReader {
  /** Undefined when there is no such file. */
  readText(path: string): string | undefined;
}

/**
 * `known` with the variables of environment files added; the later file wins over the earlier, `known` over both.
 * `not-found` when a file is missing.
 */
export function readEnvironment(
  files: readonly string[],
  known: ReadonlyMap<string, string>,
  reader: FileReader,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of files) {
    const text = reader.readText(file);
    if (text === undefined) throw new BerthError("not-found", `couldn't find env file: ${file}`);
    for (const [name, value] of parseDotenv(text, file, (other) => known.get(other) ?? found.get(other)))
      found.set(name, value);
  }
  return new Map([...found, ...known]);
}
