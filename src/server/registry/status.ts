import { isBerthError, messageOf, type ErrorKind } from "#base/errors.ts";
import type { WebReply } from "#host/web/web-server.ts";
import { ChunkOutOfOrder, ManifestTooLarge, RegistryFailure } from "#registry/failure.ts";
import { errorBody, type RegistryErrorCode, type RegistryErrorEntry } from "#spec/oci/distribution.ts";

/** HTTP status of each code: with {@link codeOf} the only place of this face that knows the numbers. */
const statusOf: Readonly<Record<RegistryErrorCode, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  TAG_INVALID: 400,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
};

/** The code for failures that have none of their own. */
const codeOf: Readonly<Record<ErrorKind, RegistryErrorCode>> = {
  "invalid-parameter": "UNSUPPORTED",
  "not-found": "NAME_UNKNOWN",
  conflict: "UNSUPPORTED",
  "already-exists": "UNSUPPORTED",
  "not-modified": "UNSUPPORTED",
  unauthorized: "UNAUTHORIZED",
  forbidden: "DENIED",
  "not-implemented": "UNSUPPORTED",
  unavailable: "UNAVAILABLE",
  deadline: "UNAVAILABLE",
  cancelled: "BLOB_UPLOAD_INVALID",
  "data-loss": "UNKNOWN",
  "resource-exhausted": "UNAVAILABLE",
  internal: "UNKNOWN",
};

/** The answer to a request that failed. */
export function failureReply(error: unknown): WebReply {
  if (!(error instanceof RegistryFailure)) {
    const code = isBerthError(error) ? codeOf[error.kind] : "UNKNOWN";
    const message = isBerthError(error) ? error.message : "internal error";
    // Not 503: trying again soon does not help.
    if (isBerthError(error, "resource-exhausted")) return errorReply(507, [{ code, message }]);
    return errorReply(statusOf[code], [{ code, message }]);
  }
  if (error instanceof ChunkOutOfOrder) {
    const headers = { Range: uploadRange(error.offset), "Docker-Upload-UUID": error.uploadId };
    return errorReply(statusOf[error.code], error.entries, headers);
  }
  if (error.code === "TOOMANYREQUESTS") return errorReply(429, error.entries, { "Retry-After": "60" });
  return errorReply(error instanceof ManifestTooLarge ? 413 : statusOf[error.code], error.entries);
}

export function errorReply(
  status: number,
  entries: readonly RegistryErrorEntry[],
  headers: Readonly<Record<string, string>> = {},
): WebReply {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: errorBody(entries) };
}

/** Is it the registry's fault? Then it belongs into the log with all that is known. */
export function isUnexpected(error: unknown): boolean {
  return !isBerthError(error) || statusOf[error instanceof RegistryFailure ? error.code : codeOf[error.kind]] >= 500;
}

export function describe(error: unknown): string {
  return error instanceof Error && !isBerthError(error) ? (error.stack ?? error.message) : messageOf(error);
}

/** How much of an upload is there: the last byte's number, 0 also for none. */
export function uploadRange(sizeBytes: number): string {
  return `0-${Math.max(0, sizeBytes - 1)}`;
}
