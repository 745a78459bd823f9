/**
 * The one error type of the project. Every layer throws it for a failure it can name; anything else that reaches a
 * face is a bug and is answered as `internal`. Numbers (HTTP status, registry code, exit code) are the faces' business:
 * each face has one exhaustive table over {@link ErrorKind}.
 */
export type ErrorKind =
  | "invalid-parameter"
  | "not-found"
  | "conflict"
  | "already-exists"
  | "not-modified"
  | "unauthorized"
  | "forbidden"
  | "not-implemented"
  | "unavailable"
  | "deadline"
  | "cancelled"
  | "data-loss"
  | "resource-exhausted"
  | "internal";

export interface ErrorOptions {
  readonly cause?: unknown;
  /** One sentence that tells the person what to do next; printed after the message where the face allows it. */
  readonly hint?: string;
  /** Program-readable facts about the failure, e.g. the exit code a failed start implies. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export class BerthError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(kind: ErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "BerthError";
    this.kind = kind;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** True when `error` is a {@link BerthError}, of `kind` when one is given. */
export function isBerthError(error: unknown, kind?: ErrorKind): error is BerthError {
  return error instanceof BerthError && (kind === undefined || error.kind === kind);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was asked for is wrong, for the reason that `message` tells. */
export function invalid(message: string): BerthError {
  return new BerthError("invalid-parameter", message);
}

/** Who asked has gone, or said so. docker-compat: Go's words for it. */
export function cancelled(cause?: unknown): BerthError {
  return new BerthError("cancelled", "context canceled", cause === undefined ? {} : { cause });
}
