import { BerthError } from "#base/errors.ts";

export const newestApiVersion = "1.56";
export const oldestApiVersion = "1.24";

/** `1.41` as numbers, so that 1.9 comes before 1.24. */
export interface ApiVersion {
  readonly text: string;
  readonly minor: number;
}

export const apiVersion = (text: string): ApiVersion => ({ text, minor: Number(text.slice(text.indexOf(".") + 1)) });
const newest = apiVersion(newestApiVersion);

/**
 * Take `/v1.NN` off a path; without it the newest version is meant. `invalid-parameter` in Docker's words for a version
 * that this engine does not speak: older than `minimum` or newer than all. docker-compat: any digits and dots are a
 * version, and count part by part.
 */
export function splitVersion(path: string, minimum: string): { readonly version: ApiVersion; readonly path: string } {
  const [, text, rest = "/"] = /^\/v([0-9.]{1,40})(\/.*)$/.exec(path) ?? [];
  if (text === undefined) return { version: newest, path };
  const [major = 0, minor = 0, ...more] = text.split(".").map(Number);
  const compare = (other: ApiVersion): number => major - 1 || minor - other.minor;
  if (compare(newest) > 0 || (compare(newest) === 0 && more.some((part) => part > 0))) {
    throw new BerthError(
      "invalid-parameter",
      `client version ${text} is too new. Maximum supported API version is ${newestApiVersion}`,
    );
  }
  if (compare(apiVersion(minimum)) < 0) {
    throw new BerthError(
      "invalid-parameter",
      `client version ${text} is too old. Minimum supported API version is ${minimum}, please upgrade your client to a newer version`,
    );
  }
  return { version: { text, minor }, path: rest };
}
