import { globMatch } from "#base/glob.ts";

/** Does a `reference` filter hold for a familiar name? With or without its tag or digest. `invalid-parameter` for a bad pattern. */
export function referenceMatches(pattern: string, name: string): boolean {
  const repository = name.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  return globMatch(pattern, name) || globMatch(pattern, repository);
}
