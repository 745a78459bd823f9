import type { Invocation } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";

/** A failure of `run` or `create` before the container runs: named after the program, with a word about help. */
export function withHelp(error: unknown, { io, commandPath }: Invocation, exitCode: number): ExitError {
  if (error instanceof ExitError) return error;
  const message = shownMessage(error);
  return new ExitError(exitCode, `${io.programName}: ${message}\n\nRun '${commandPath} --help' for more information`);
}
