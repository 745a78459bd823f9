import { expect, test } from "bun:test";
import { join } from "node:path";
import { parseDockerfile } from "#build/dockerfile/parse-dockerfile.ts";
import { expandWord } from "#build/dockerfile/words/expand-word.ts";
import { check, convert } from "#build/graph/convert.ts";
import type { ConvertOptions } from "#build/graph/options.ts";
import { parsePlatform } from "#spec/oci/platform.ts";
import { describeConversion, describeError, describeInstructions, describeWarnings } from "./describe.ts";
import { readGolden, writeGolden, type GoldenCase } from "../../build/golden-file.ts";
import { resolveGolden } from "./images.ts";

/**
 * Dockerfiles and what becomes of them, against the .txt files here. `UPDATE_GOLDEN=1 bun test tests/golden` writes them
 * anew; the difference is then read by a person. The answers were compared with BuildKit's front end 1.26: its messages, config,
 * history, findings and graph are the same but for what docs/differences.md names.
 */
const host = { os: "linux", architecture: "amd64" };

/** Options of a case: `target=x platform=linux/arm64 arg:NAME=value label:NAME=value ignore:pattern`. */
function optionsOf(title: string): ConvertOptions {
  const words = title.split(" ").filter((word) => word.includes("=") || word.startsWith("ignore:"));
  const value = (name: string): string | undefined => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const pairs = (prefix: string): ReadonlyMap<string, string> =>
    new Map(
      words
        .filter((word) => word.startsWith(`${prefix}:`))
        .map((word) => {
          const [name = "", ...rest] = word.slice(prefix.length + 1).split("=");
          return [name, rest.join("=")];
        }),
    );
  const platforms = value("platform")?.split(",") ?? [];
  return {
    target: value("target") ?? "",
    buildArgs: pairs("arg"),
    labels: pairs("label"),
    platforms: platforms.map((platform) => parsePlatform(platform, host)),
    buildPlatform: host,
    noCache: false,
    network: "default",
    context: { type: "local", ignoreLines: [...pairs("ignore").keys()] },
    contexts: new Map(
      [...pairs("context")].map(([name, type]) => [
        name,
        type === "local" ? { type: "local", ignoreLines: [] } : { type: "image", reference: type },
      ]),
    ),
    dialect: value("dialect") === "classic" ? "classic" : "buildkit",
  };
}

const parse = (text: string): ReturnType<typeof parseDockerfile> => parseDockerfile({ name: "Dockerfile", text });

const suites: Readonly<Record<string, (golden: GoldenCase) => string | Promise<string>>> = {
  "instructions.txt": ({ input }) => describeInstructions(parse(input)),
  "errors.txt": async ({ title, input }) => {
    try {
      await convert(parse(input), optionsOf(title), resolveGolden);
      return "no error";
    } catch (error) {
      return describeError(error);
    }
  },
  "graphs.txt": async ({ title, input }) =>
    describeConversion(await convert(parse(input), optionsOf(title), resolveGolden)),
  "checks.txt": async ({ title, input }) => describeWarnings(await check(parse(input), optionsOf(title), resolveGolden)).join("\n"),
  "words.txt": ({ input }) =>
    input
      .split("\n")
      .map((line) => describeWord(line))
      .join("\n"),
};

const variables: Readonly<Record<string, string>> = {
  a: "foo",
  empty: "",
  path: "a/b/c.tar.gz",
  blanks: "x y  z",
  star: "a*b?c\\d",
  umlaut: "äöü",
};

function describeWord(line: string): string {
  try {
    const { text, words, unmatched } = expandWord(line, (name) => variables[name], { escape: "\\" });
    const unset = unmatched.size === 0 ? "" : ` unset ${[...unmatched].join(" ")}`;
    return `${line}  →  ${JSON.stringify(text)} ${words.length}${unset}`;
  } catch (error) {
    return `${line}  →  ${describeError(error)}`;
  }
}

for (const [file, describe] of Object.entries(suites)) {
  test(`dockerfile/${file}`, async () => {
    const cases = readGolden(join(import.meta.dir, file));
    expect(cases.length).toBeGreaterThan(0);
    const now: GoldenCase[] = [];
    for (const golden of cases) now.push({ ...golden, output: await describe(golden) });
    if (process.env["UPDATE_GOLDEN"] === "1") writeGolden(join(import.meta.dir, file), now);
    else for (const [index, golden] of cases.entries()) expect(now[index]).toEqual(golden);
  });
}
