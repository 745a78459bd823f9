import { BerthError, type ErrorKind } from "#base/errors.ts";
import type { HttpResponse } from "#host/http/http-client.ts";

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  304: "not-modified",
  400: "invalid-parameter",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  429: "resource-exhausted",
  499: "cancelled",
  501: "not-implemented",
  503: "unavailable",
  504: "deadline",
  507: "resource-exhausted",
};

/** The daemon's refusal as an error: the message is the daemon's own, details carry the HTTP status. */
export function apiError(status: number, message: string): BerthError {
  const kind = KIND_OF_STATUS[status] ?? (status < 500 ? "invalid-parameter" : "internal");
  return new BerthError(kind, message, { details: { status, fromDaemon: true } });
}

/** True when `error` is the daemon's answer and not a failure to reach it. */
export function isDaemonAnswer(error: unknown): error is BerthError {
  return error instanceof BerthError && error.details["fromDaemon"] === true;
}

/** Reads the body of a refused request. Docker's `{"message": …}`, else the text itself. */
export async function readApiError(response: HttpResponse): Promise<BerthError> {
  const text = await response.text();
  const { status, reason } = response;
  if ((response.headers.get("content-type") ?? "").includes("json")) {
    try {
      const body = JSON.parse(text) as { message?: unknown };
      if (typeof body.message === "string" && body.message.trim() !== "") return apiError(status, body.message.trim());
    } catch {
      // not JSON after all: the text is the message
    }
  }
  return apiError(status, text.trim() === "" ? `request returned ${String(status)} ${reason}` : text.trim());
}
