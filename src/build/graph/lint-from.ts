import { isBerthError } from "#base/errors.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { parsePlatform, type Platform } from "#spec/oci/platform.ts";
import type { Linter } from "../dockerfile/lint/linter.ts";
import { suggest } from "../dockerfile/suggest.ts";
import type { Dockerfile, FromInstruction } from "../dockerfile/types.ts";
import { expandWord, type Expansion } from "../dockerfile/words/expand-word.ts";
import { declaredNames, type GlobalArgs } from "./global-args.ts";

/** UndefinedArgInFrom. */
export function lintFromNames(
  dockerfile: Dockerfile,
  args: GlobalArgs,
  from: FromInstruction,
  unmatched: ReadonlySet<string>,
  linter: Linter,
): void {
  const known = declaredNames(dockerfile, args);
  for (const name of unmatched)
    if (!known.has(name)) linter.report("undefinedArgInFrom", from, [name, suggest(name, known)]);
}

/** RedundantTargetPlatform, FromPlatformFlagConstDisallowed. */
export function lintFromPlatform(
  args: GlobalArgs,
  from: FromInstruction,
  { text, matched, unmatched }: Expansion,
  host: Platform,
  linter: Linter,
): void {
  const isTarget = matched.size === 1 && unmatched.size === 0 && matched.has("TARGETPLATFORM");
  if (isTarget && text === args.get("TARGETPLATFORM")) linter.report("redundantTargetPlatform", from, [from.platform]);
  if (matched.size > 0 || unmatched.size > 0) return;
  const platform = readable(() => parsePlatform(text, host));
  if (platform === undefined) return;
  const stageName = from.stageName ?? "";
  // A stage that is named after its platform is one of several, each for its own.
  if (stageName.includes(platform.os) || stageName.includes(platform.architecture)) return;
  linter.report("fromPlatformFlagConstDisallowed", from, [text]);
}

/** InvalidDefaultArgInFrom: what every FROM says when nobody gives an argument. */
export function lintDefaultBases(dockerfile: Dockerfile, defaults: GlobalArgs | undefined, linter: Linter): void {
  if (defaults === undefined) return;
  for (const { from } of dockerfile.stages) {
    const base = readable(
      () => expandWord(from.base, (name) => defaults.get(name), { escape: dockerfile.escape }).text,
    );
    if (base === undefined) return;
    if (readable(() => parseReference(base)) === undefined) linter.report("invalidDefaultArgInFrom", from, [from.base]);
  }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isBerthError(error)) return undefined;
    throw error;
  }
}
