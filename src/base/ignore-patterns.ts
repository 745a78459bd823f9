import { normalize } from "node:path/posix";
import { BerthError } from "./errors.ts";
import { globToRegExp } from "./glob.ts";

/**
 * `.dockerignore`. Patterns are Go's filepath.Match, `**` is any number of folders, `!` takes back; the last pattern that
 * matches a path or a folder above it decides. Source: the Dockerfile reference, ".dockerignore file".
 */
export interface IgnoreMatcher {
  /** `path` is relative to the context, separated by `/`, without one in front. */
  excludes(path: string): boolean;
  /** True when an excluded folder has to be entered all the same, for `!` patterns may hold below it. */
  mayHoldExceptions(directory: string): boolean;
  /** There is a `!` pattern. */
  readonly hasExceptions: boolean;
  /** There is a pattern for everything: `*`, `**` or both. */
  readonly excludesEverything: boolean;
}

/** The patterns of a file, cleaned: no comments, no empty lines, no `/` at either end. */
export function parseIgnoreFile(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map(cleanPattern)
    .filter((pattern) => pattern !== "");
}

/** `invalid-parameter` for a pattern that cannot be read. */
export function compileIgnore(lines: readonly string[]): IgnoreMatcher {
  const patterns = lines
    .map(cleanPattern)
    .filter((line) => line !== "")
    .map(compilePattern);
  const exceptions = patterns.filter(({ isException }) => isException);
  return {
    excludes: (path) => {
      const paths = withParents(normalize(path));
      return patterns.reduce(
        (excluded, { isException, regExp }) =>
          excluded === isException && paths.some((candidate) => regExp.test(candidate)) ? !isException : excluded,
        false,
      );
    },
    mayHoldExceptions: (directory) => {
      const below = `${normalize(directory)}/`;
      return exceptions.some(({ literal }) => literal.startsWith(below) || below.startsWith(literal));
    },
    hasExceptions: exceptions.length > 0,
    excludesEverything: patterns.some(({ line }) => ["*", "**", "**/*"].includes(line)),
  };
}

interface IgnorePattern {
  readonly line: string;
  readonly isException: boolean;
  readonly regExp: RegExp;
  /** What stands before the first wildcard. */
  readonly literal: string;
}

function compilePattern(line: string): IgnorePattern {
  const isException = line.startsWith("!");
  const pattern = isException ? line.slice(1) : line;
  if (pattern === "")
    throw new BerthError("invalid-parameter", `illegal exclusion pattern: "!"`, {
      hint: "a `!` in .dockerignore needs a pattern behind it",
    });
  const regExp = new RegExp(`^${sourceOf(pattern)}$`, "su");
  return { line, isException, regExp, literal: /^[^*?[\\]*/.exec(pattern)?.[0] ?? "" };
}

/** Between the `**` a pattern is one of filepath.Match. */
function sourceOf(pattern: string): string {
  return pattern
    .split(/(\*{2,}\/?)/)
    .map((piece, index, pieces) => {
      if (index % 2 === 0) return piece === "" ? "" : globToRegExp(piece).source.slice(1, -1);
      const isLast = index === pieces.length - 2 && pieces.at(-1) === "";
      return isLast ? ".*" : "(?:.*/)?";
    })
    .join("");
}

function cleanPattern(line: string): string {
  const trimmed = line.trim();
  const isException = trimmed.startsWith("!");
  const pattern = isException ? trimmed.slice(1).trim() : trimmed;
  if (pattern === "") return isException ? "!" : "";
  const clean = normalize(pattern).replace(/(?<=.)\/$/, "");
  return (isException ? "!" : "") + (clean.length > 1 ? clean.replace(/^\//, "") : clean);
}

function withParents(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
}
