import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parseIgnoreFile } from "#base/ignore-patterns.ts";
import { parseDockerfile } from "#build/dockerfile/parse-dockerfile.ts";
import { check, convert } from "#build/graph/convert.ts";
import type { ConvertOptions, ResolveImage } from "#build/graph/options.ts";
import type { Conversion, Operation } from "#build/graph/types.ts";
import { BerthError } from "#base/errors.ts";
import { fileText, readCorpus, type CorpusCase } from "../../build/corpus.ts";
import { CONFIGURED, ONBUILD, TOOLBOX_NAMES } from "../../build/toolbox.ts";
import { describeWarnings } from "./describe.ts";
import { readGolden, writeGolden } from "../../build/golden-file.ts";

/** The corpus of tests/build as graphs; that it builds is seen by an engine. */
const amd64 = { os: "linux", architecture: "amd64" };
const configs = new Map<string, object>([
  ...TOOLBOX_NAMES.map((name) => [name, { Env: ["PATH=/bin"], Cmd: ["sh"] }] as const),
  ["configured:latest", CONFIGURED],
  ["onbuild-node:latest", ONBUILD],
]);

const resolve: ResolveImage = (reference) => {
  const config = configs.get(reference.replace("docker.io/library/", ""));
  if (config === undefined) return Promise.reject(new BerthError("not-found", `${reference}: not found`));
  const rootfs = { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}`] } as const;
  return Promise.resolve({ digest: `sha256:${"a".repeat(64)}`, config: { ...amd64, config, rootfs } });
};

function optionsOf(corpusCase: CorpusCase): ConvertOptions {
  const { target, buildArgs, labels, dockerfile } = corpusCase;
  const ignore = fileText(corpusCase, `${dockerfile}.dockerignore`) || fileText(corpusCase, ".dockerignore");
  return {
    target,
    buildArgs,
    labels,
    platforms: [],
    buildPlatform: amd64,
    noCache: false,
    network: "default",
    context: { type: "local", ignoreLines: parseIgnoreFile(ignore) },
    contexts: new Map(),
    dialect: "buildkit",
  };
}

const parse = (corpusCase: CorpusCase): ReturnType<typeof parseDockerfile> =>
  parseDockerfile({ name: corpusCase.dockerfile, text: fileText(corpusCase, corpusCase.dockerfile) });

const corpus = readCorpus();
const golden = join(import.meta.dir, "corpus.txt");

describe("corpus", () => {
  test("is large", () => {
    expect(corpus.length).toBeGreaterThanOrEqual(60);
  });

  for (const corpusCase of corpus) {
    test(corpusCase.name, async () => {
      const { graph } = await convert(parse(corpusCase), optionsOf(corpusCase), resolve);
      checkOrder(graph);
      const [result] = graph.results;
      expect(result?.history.every(({ vertex }) => vertex === undefined || graph.vertices[vertex] !== undefined)).toBe(true);
      expect(JSON.stringify(graph)).not.toContain("s3cr3t");
    });
  }

  test("what the build checks say of it", async () => {
    const now = [];
    for (const corpusCase of corpus) {
      // One of them has a base that is not there, in a stage that nothing needs.
      const look = corpusCase.name === "unused-and-broken" ? convert : check;
      const answer = await look(parse(corpusCase), optionsOf(corpusCase), resolve);
      const warnings = "graph" in answer ? answer.warnings : answer;
      now.push({ title: corpusCase.name, input: corpusCase.title, output: describeWarnings(warnings).join("\n") });
    }
    if (process.env["UPDATE_GOLDEN"] === "1") writeGolden(golden, now);
    else expect(now).toEqual([...readGolden(golden)]);
  });
});

/** Every vertex stands behind what it needs, and every one is needed. */
function checkOrder({ vertices, results }: Conversion["graph"]): void {
  const used = new Set<number | undefined>(results.flatMap(({ root, base }) => [root, base]));
  for (const [id, { operation }] of [...vertices.entries()].reverse()) {
    expect(used.has(id)).toBe(true);
    for (const input of inputsOf(operation)) {
      expect(input ?? -1).toBeLessThan(id);
      used.add(input);
    }
  }
}

function inputsOf(operation: Operation): readonly (number | undefined)[] {
  switch (operation.kind) {
    case "exec":
      return [operation.base, ...operation.mounts.map((mount) => ("from" in mount ? mount.from : undefined))];
    case "copy":
      return [operation.base, ...operation.sources.map((source) => (source.type === "tree" ? source.from : undefined))];
    case "mkdir":
      return [operation.base];
    default:
      return [];
  }
}
