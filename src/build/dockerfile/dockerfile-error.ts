import { BerthError, type ErrorKind } from "#base/errors.ts";
import type { SourceFile, SourceRange } from "./types.ts";

/** What a face needs to show where a Dockerfile is wrong: `details` of the errors of this folder and of graph/. */
export interface DockerfileErrorDetails {
  readonly file: string;
  readonly startLine: number;
  readonly endLine: number;
  /** The message without `dockerfile parse error on line N: `. */
  readonly reason: string;
  /** `read`: the text cannot be cut into instructions. `parse`: an instruction is wrong by itself. `convert`: the rest. */
  readonly phase: "read" | "parse" | "convert";
}

/** Says where. An error that already knows stays as it is. */
export function locateError(
  error: unknown,
  source: SourceFile,
  range: SourceRange,
  phase: DockerfileErrorDetails["phase"],
): unknown {
  if (!(error instanceof BerthError) || errorLocation(error) !== undefined) return error;
  const where = error.details["phase"] === "read" ? "read" : phase;
  const prefix = where === "parse" ? `dockerfile parse error on line ${range.startLine}: ` : "";
  const details: DockerfileErrorDetails = { file: source.name, ...range, reason: error.message, phase: where };
  return new BerthError(error.kind, prefix + error.message, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: { ...error.details, ...details },
  });
}

/** Undefined for an error that is not about a place in a Dockerfile. */
export function errorLocation(error: BerthError): DockerfileErrorDetails | undefined {
  const { file, startLine, endLine, reason, phase } = error.details as Partial<DockerfileErrorDetails>;
  if (file === undefined || startLine === undefined || endLine === undefined) return undefined;
  return { file, startLine, endLine, reason: reason ?? error.message, phase: phase ?? "convert" };
}

/** A wrong text of the person's, with a hint on what to do about it where there is one. */
export function wrong(message: string, hint?: string, kind: ErrorKind = "invalid-parameter"): BerthError {
  return new BerthError(kind, message, hint === undefined ? {} : { hint });
}

/** A text that is no instruction of its kind at all; BuildKit shows it without the line in its message. */
export function malformed(message: string, hint?: string): BerthError {
  return new BerthError("invalid-parameter", message, {
    ...(hint === undefined ? {} : { hint }),
    details: { phase: "read" },
  });
}

/**
 * The lines about a place, as BuildKit's client shows them under an error:
 *
 *     Dockerfile:2
 *     --------------------
 *        1 |     FROM scratch
 *        2 | >>> RUNN x
 *     --------------------
 *
 * Empty when the file has no such line.
 */
export function excerpt(source: SourceFile, range: SourceRange): string {
  const lines = source.text.split("\n");
  const first = range.startLine;
  const last = Math.min(Math.max(range.endLine, first), lines.length);
  if (first < 1 || first > lines.length) return "";
  // A single line is shown with two more on either side, several with one.
  const more = first === last ? 2 : 1;
  const from = Math.max(first - more, 1);
  const shown = lines.slice(from - 1, last + more).map((line, index) => {
    const number = from + index;
    const mark = number >= first && number <= last ? ">>>" : "   ";
    return ` ${String(number).padStart(3)} | ${mark} ${line}`;
  });
  const rule = "--------------------";
  return [`${source.name}:${first}`, rule, ...shown, rule, ""].join("\n");
}
