import { isBerthError } from "#base/errors.ts";
import { formatPlatform, type Platform } from "#spec/oci/platform.ts";
import { locateError } from "../dockerfile/dockerfile-error.ts";
import type { Dockerfile } from "../dockerfile/types.ts";
import { expandWord } from "../dockerfile/words/expand-word.ts";

/** Variables outside the stages: the platforms', and ARGs before the first FROM. */
export type GlobalArgs = ReadonlyMap<string, string>;

interface Predefined {
  readonly buildPlatform: Platform;
  readonly targetPlatform: Platform;
  /** Name of the stage that is built; empty is `default`. */
  readonly targetStage: string;
}

/** Source: the Dockerfile reference, "Automatic platform ARGs in the global scope". A build argument replaces each. */
export function predefinedArgs(
  { buildPlatform, targetPlatform, targetStage }: Predefined,
  buildArgs: ReadonlyMap<string, string | undefined>,
): GlobalArgs {
  const values = [
    ["BUILDPLATFORM", formatPlatform(buildPlatform)],
    ["BUILDOS", buildPlatform.os],
    ["BUILDOSVERSION", ""],
    ["BUILDARCH", buildPlatform.architecture],
    ["BUILDVARIANT", buildPlatform.variant ?? ""],
    ["TARGETPLATFORM", formatPlatform(targetPlatform)],
    ["TARGETOS", targetPlatform.os],
    ["TARGETOSVERSION", ""],
    ["TARGETARCH", targetPlatform.architecture],
    ["TARGETVARIANT", targetPlatform.variant ?? ""],
    ["TARGETSTAGE", targetStage === "" ? "default" : targetStage],
  ] as const;
  return new Map(values.map(([name, value]) => [name, buildArgs.get(name) ?? value]));
}

/** The predefined ones and the file's, each of which may use those before it. */
export function globalArgs(
  dockerfile: Dockerfile,
  predefined: GlobalArgs,
  buildArgs: ReadonlyMap<string, string | undefined>,
): GlobalArgs {
  const args = new Map(predefined);
  for (const instruction of dockerfile.args) {
    for (const { key, value } of instruction.args) {
      const given = buildArgs.get(key);
      if (given !== undefined) args.set(key, given);
      else if (value !== undefined) {
        try {
          args.set(key, expandWord(value, (name) => args.get(name), { escape: dockerfile.escape }).text);
        } catch (error) {
          throw locateError(error, dockerfile.source, instruction.range, "convert");
        }
      }
    }
  }
  return args;
}

/** What the arguments are when nobody gives any; undefined when they cannot be read. */
export function defaultArgs(dockerfile: Dockerfile, predefined: GlobalArgs): GlobalArgs | undefined {
  try {
    return globalArgs(dockerfile, predefined, new Map());
  } catch (error) {
    if (isBerthError(error)) return undefined;
    throw error;
  }
}

/** Names that a FROM may use without being warned. */
export function declaredNames(dockerfile: Dockerfile, args: GlobalArgs): ReadonlySet<string> {
  return new Set([...args.keys(), ...dockerfile.args.flatMap(({ args }) => args.map(({ key }) => key))]);
}
