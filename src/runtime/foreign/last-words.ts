import { readTextFileMaybe } from "#host/files/files.ts";

const maxLogBytes = 1 << 20;

/**
 * What a foreign runtime said last of what went wrong, by its log (`--log-format json`: one object a line, `level` and
 * `msg`); undefined when it said nothing.
 */
export function lastWords(logPath: string): string | undefined {
  return lastError(readTextFileMaybe(logPath, maxLogBytes) ?? "");
}

export function lastError(log: string): string | undefined {
  const entries = log.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as { readonly level?: unknown; readonly msg?: unknown } | null];
    } catch {
      // An empty line, one half written, or text of a library.
      return [];
    }
  });
  const told = entries.findLast((entry) => entry?.level === "error" || entry?.level === "fatal")?.msg;
  return typeof told === "string" ? told.trim() : undefined;
}
