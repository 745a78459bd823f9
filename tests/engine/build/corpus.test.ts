/**
 * Every Dockerfile of tests/build/corpus, built by the built engine: settings, history and every file of the image against
 * tests/build/corpus-images.txt. `UPDATE_GOLDEN=1` writes that anew.
 *
 * `BERTH_CORPUS_BUILDER=buildkit` builds them by docker 26.1 with buildx, and holds what comes of it against the same file:
 * types, modes, owners, links, attributes and contents are equal but for what tests/build/corpus-differences.ts lists.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import {
  buildCase,
  imageOf,
  openCorpusBuilder,
  type CorpusBuilder,
  type CorpusBuilderKind,
} from "../../build/corpus-builder.ts";
import { differenceOf, expectedDifference, unbuildable } from "../../build/corpus-differences.ts";
import { readCorpus } from "../../build/corpus.ts";
import { readGolden, writeGolden } from "../../build/golden-file.ts";
import { describeFacts, readImageFacts, type ImageFacts } from "../../build/image-facts.ts";

setDefaultTimeout(180_000);

const corpus = readCorpus();
const golden = join(import.meta.dir, "../../build/corpus-images.txt");
const kind: CorpusBuilderKind = process.env["BERTH_CORPUS_BUILDER"] === "buildkit" ? "buildkit" : "berth";
const updates = kind === "berth" && process.env["UPDATE_GOLDEN"] === "1";
const built = new Map<string, string>();
let builder: CorpusBuilder;
let base: ImageFacts;

beforeAll(async () => {
  builder = await openCorpusBuilder(kind);
  base = await readImageFacts(builder.docker, "busybox");
}, 180_000);

afterAll(async () => {
  if (updates) {
    const cases = corpus.map(({ name, title }) => ({ title: name, input: title, output: built.get(name) ?? "" }));
    writeGolden(golden, cases);
  }
  await builder.close();
});

for (const corpusCase of corpus) {
  const { name, secrets } = corpusCase;
  test(name, async () => {
    const result = await buildCase(builder, corpusCase);
    const refusal = kind === "buildkit" ? unbuildable[name] : undefined;
    if (refusal !== undefined) {
      expect(result.stderr).toContain(refusal);
      return;
    }
    if (kind === "berth") expect(result.stderr).toBe("");
    expect([result.code, result.code === 0 ? "" : result.stderr]).toEqual([0, ""]);
    const image = await readImageFacts(builder.docker, imageOf(corpusCase));
    const facts = describeFacts(image, image.files.has("bin/busybox") ? base : undefined);
    for (const value of secrets.values()) expect(facts).not.toContain(value);
    if (updates) {
      built.set(name, facts);
      return;
    }
    const ours = readGolden(golden).find(({ title }) => title === name)?.output ?? "";
    if (kind === "berth") expect(facts).toBe(ours);
    else expect(differenceOf(ours, facts)).toEqual(expectedDifference(name));
  });
}
