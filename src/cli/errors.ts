import { isDaemonAnswer } from "#client/api-error.ts";
import { messageOf } from "#base/errors.ts";

/** A command's end with a status of its own; an empty message prints nothing. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message = "") {
    super(message);
    this.name = "ExitError";
    this.exitCode = exitCode;
  }
}

/** docker-compat: who leaves an attach or an exec by the detach keys is told so, and it counts as a failure. */
export function detachedByKeys(): ExitError {
  return new ExitError(1, "read escape sequence");
}

/** What the person reads: the daemon's refusals are marked as such. */
export function shownMessage(error: unknown): string {
  return isDaemonAnswer(error) ? `Error response from daemon: ${error.message}` : messageOf(error);
}
