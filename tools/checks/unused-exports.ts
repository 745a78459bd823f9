import { posix } from "node:path";
import { exportsOf, importsByName } from "./export-scan.ts";
import type { SourceFile } from "./read-sources.ts";
import { tokenize, type Token } from "./source-scan.ts";

/** Files of the program that export what only tests take, each with its reason. */
export interface ForTests {
  readonly path: string;
  readonly reason: string;
}

/**
 * What `sources` (paths from the project's root) export and nobody takes. A test is nobody, unless the file is there for
 * tests or uses by itself what it shows to them. A type that its file uses is part of what the other exports say.
 */
export function unusedExports(sources: readonly SourceFile[], forTests: readonly ForTests[]): string[] {
  const scanned = sources.map(({ path, text }) => ({ path, tokens: tokenize(text) }));
  const taken = { program: new Map<string, Set<string>>(), tests: new Map<string, Set<string>>() };
  for (const { path, tokens } of scanned) {
    const into = isTest(path) ? taken.tests : taken.program;
    for (const { specifier, names } of importsByName(tokens)) {
      const target = resolve(path, specifier);
      const known = into.get(target) ?? new Set();
      for (const name of names ?? words(tokens)) known.add(name);
      into.set(target, known);
    }
  }
  const excepted = new Set(forTests.map(({ path }) => path));
  return scanned.flatMap(({ path, tokens }) => {
    if (path.endsWith(".d.ts")) return [];
    return exportsOf(tokens).flatMap(({ name, line, isType }) => {
      if (taken.program.get(path)?.has(name) === true) return [];
      const isOwn = words(tokens).filter((word) => word === name).length > 1;
      const isTested = taken.tests.get(path)?.has(name) === true;
      if (isTested && (isOwn || isForTests(path) || excepted.has(path))) return [];
      if (isType && isOwn) return [];
      const why = isTested ? "only tests use it" : isOwn ? "nobody imports it: drop the word export" : "nobody uses it";
      return [`${path}:${line}: ${name}: ${why}`];
    });
  });
}

function words(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap(({ kind, text }) => (kind === "word" ? [text] : []));
}

function resolve(from: string, specifier: string): string {
  return specifier.startsWith("#")
    ? `src/${specifier.slice(1)}`
    : posix.normalize(posix.join(posix.dirname(from), specifier));
}

function isTest(path: string): boolean {
  return /^tests\/|\/testing\/|\.(test|suite|fixture)\.ts$/.test(path);
}

/** Tools and benchmarks are programs of their own; what they show to their tests needs no use beside. */
function isForTests(path: string): boolean {
  return isTest(path) || /^(tools|bench)\//.test(path);
}
