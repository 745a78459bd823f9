import { BerthError } from "#base/errors.ts";
import type { Invocation } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";
import { portQuestion } from "../next-step.ts";

/** A failure of `run` or `create` before the container runs: named after the program, with the next step or a word about help. */
export function withHelp(error: unknown, { io, commandPath }: Invocation, exitCode: number): ExitError {
  if (error instanceof ExitError) return error;
  const hint = error instanceof BerthError && io.programName !== "docker" ? error.hint : undefined;
  const step = portQuestion(error, io) ?? hint ?? `Run '${commandPath} --help' for more information`;
  return new ExitError(exitCode, `${io.programName}: ${shownMessage(error)}\n\n${step}`);
}
