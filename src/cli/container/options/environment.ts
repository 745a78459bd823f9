import { messageOf } from "#base/errors.ts";
import type { CliIo } from "../../cli-io.ts";
import { parseKeyValueLines } from "./key-value-file.ts";

type Io = Pick<CliIo, "readFile" | "env">;

/** Variables of `--env-file` and then `--env`; a bare name takes its value from this process's environment. */
export function environmentOf(files: readonly string[], values: readonly string[], io: Io): readonly string[] {
  const lookup = (name: string): string | undefined => io.env[name];
  const fromFlags = values.map((value) => {
    const known = value.includes("=") ? undefined : lookup(value);
    return known === undefined ? value : `${value}=${known}`;
  });
  return [...linesOf(files, io, "env", lookup), ...fromFlags];
}

/** Labels of `--label-file` and then `--label`. */
export function labelsOf(files: readonly string[], values: readonly string[], io: Io): readonly string[] {
  return [...linesOf(files, io, "label"), ...values];
}

function linesOf(
  files: readonly string[],
  io: Io,
  what: "env" | "label",
  lookup?: (name: string) => string | undefined,
): readonly string[] {
  return files.flatMap((path) => {
    const content = io.readFile(path);
    if (content === undefined) throw new Error(`open ${path}: no such file or directory`);
    try {
      return parseKeyValueLines(content, lookup);
    } catch (error) {
      throw new Error(`invalid ${what} file (${path}): ${messageOf(error)}`, { cause: error });
    }
  });
}
