import { isBerthError, messageOf } from "#base/errors.ts";
import { statusOf } from "./status.ts";

/** Status and message with which an error is answered. */
export function errorAnswer(error: unknown): { readonly status: number; readonly message: string } {
  if (!isBerthError(error)) return { status: 500, message: messageOf(error) };
  const message = error.hint === undefined ? messageOf(error) : withHint(error.message, error.hint);
  return { status: statusOf[error.kind], message };
}

/** Docker's messages have no full stop; the hint behind one is a sentence. */
const withHint = (message: string, hint: string): string => `${message}${/[.!?]$/.test(message) ? "" : "."} ${hint}`;
