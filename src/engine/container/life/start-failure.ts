import { BerthError, isBerthError, messageOf, type ErrorKind } from "#base/errors.ts";
import { stepFailureOf } from "#runtime/process-error.ts";

/** Docker's exit codes of containers and execs that could not be started. */
export const exitCannotInvoke = 126;
const exitNotFound = 127;
export const exitUnknownStart = 128;

export interface StartFailure {
  readonly exitCode: number;
  readonly error: BerthError;
}

/**
 * What the failure to make a process means to the person: the exit code, and the message in the form Docker's clients
 * read 126 and 127 out of (docker/cli `runStartContainerErr` looks for these very words).
 */
export function startFailure(cause: unknown, prefix: string): StartFailure {
  const text = messageOf(cause);
  const lower = text.toLowerCase();
  const say = (kind: ErrorKind, exitCode: number, suffix = ""): StartFailure => ({
    exitCode,
    error: new BerthError(kind, `${prefix}${text}${suffix}`, {
      cause,
      details: { exitCode },
      ...(stepFailureOf(cause) === undefined || !isBerthError(cause) || cause.hint === undefined
        ? {}
        : { hint: cause.hint }),
    }),
  });
  if (!isBerthError(cause)) return say("internal", exitUnknownStart);
  if (lower.includes("permission denied") || lower.includes("is a directory"))
    return say("invalid-parameter", exitCannotInvoke);
  if (lower.includes("not a directory")) {
    return say(
      "invalid-parameter",
      exitNotFound,
      ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type",
    );
  }
  if (lower.includes("executable file not found") || lower.includes("no such file or directory")) {
    return say("invalid-parameter", exitNotFound);
  }
  return say(cause.kind, exitUnknownStart);
}

/** How Docker begins to tell of a container's process that could not be made; "" when it did not come to that. */
export function containerStartPrefix(cause: unknown): string {
  return prefix(cause, containerCreate, "runc create failed: unable to start container process: ");
}

/** {@link containerStartPrefix} of an exec's process. */
export function execStartPrefix(cause: unknown): string {
  return prefix(cause, "OCI runtime exec failed: ", "exec failed: unable to start container process: ");
}

const containerCreate = "failed to create task for container: failed to create shim task: OCI runtime create failed: ";

/** A foreign runtime begins with words of its own where ours has runc's. */
function prefix(cause: unknown, always: string, ofRuntime: string): string {
  const failure = stepFailureOf(cause);
  if (failure === undefined) return "";
  return failure.said === undefined ? `${always}${ofRuntime}` : always;
}
