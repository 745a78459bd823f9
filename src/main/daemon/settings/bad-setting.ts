import { BerthError } from "#base/errors.ts";

export function badSetting(message: string): BerthError {
  return new BerthError("invalid-parameter", message);
}

/** One of a few words, in the words of whoever refuses another. */
export function oneOf<T extends string>(allowed: readonly T[], value: string, complaint: string): T {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw badSetting(complaint);
  return found;
}

export function absolute(path: string, option: string): string {
  if (!path.startsWith("/")) throw badSetting(`--${option} must be an absolute path: ${path}`);
  return path.replace(/(?<=.)\/+$/, "");
}
