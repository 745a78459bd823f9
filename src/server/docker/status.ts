import type { ErrorKind } from "#base/errors.ts";

/** HTTP status of each kind of failure: the only place of this face that knows the numbers. */
export const statusOf: Readonly<Record<ErrorKind, number>> = {
  "invalid-parameter": 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  "already-exists": 409,
  "not-modified": 304,
  "not-implemented": 501,
  unavailable: 503,
  deadline: 504,
  cancelled: 499,
  "data-loss": 500,
  "resource-exhausted": 500,
  internal: 500,
};
