import { BerthError } from "#base/errors.ts";

export const newestApiVersion = "1.51";
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
 * that this engine does not speak: older than `minimum` or newer than all.
 */
export function splitVersion(path: string, minimum: string): { readonly version: ApiVersion; readonly path: string } {
  const match = /^\/v(\d{1,3})\.(\d{1,5})(\/.*)$/.exec(path);
  if (match === null) return { version: newest, path };
  const [, major, minor, rest = "/"] = match;
  const version = { text: `${major}.${minor}`, minor: Number(minor) };
  if (major !== "1" ? Number(major) > 1 : version.minor > newest.minor) {
    throw new BerthError(
      "invalid-parameter",
      `client version ${version.text} is too new. Maximum supported API version is ${newestApiVersion}`,
    );
  }
  if (major !== "1" || version.minor < apiVersion(minimum).minor) {
    throw new BerthError(
      "invalid-parameter",
      `client version ${version.text} is too old. Minimum supported API version is ${minimum}, please upgrade your client to a newer version`,
    );
  }
  return { version, path: rest };
}
