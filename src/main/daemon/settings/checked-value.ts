import { invalid } from "#base/errors.ts";

/** One of a few words, in the words of whoever refuses another. */
export function oneOf<T extends string>(allowed: readonly T[], value: string, complaint: string): T {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw invalid(complaint);
  return found;
}

export function absolute(path: string, option: string): string {
  if (!path.startsWith("/")) throw invalid(`--${option} must be an absolute path: ${path}`);
  return path.replace(/(?<=.)\/+$/, "");
}
