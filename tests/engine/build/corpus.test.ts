/**
 * Every Dockerfile of tests/build/corpus, built by the built engine: settings, history and every file of the image against
 * tests/build/corpus-images.txt. `UPDATE_GOLDEN=1` writes that anew.
 *
 * What stands there is what docker 26.1.5 with BuildKit makes of the 72 it can build, in all types, modes, owners, links and
 * contents; but `arg-traps`, where newer front ends let an ARG see those before it in its line, and the texts of history
 * that docs/differences.md names.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun } from "../../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../../tools/lab/engines.ts";
import { pushImage } from "../../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../../tools/lab/scratch.ts";
import { readCorpus, writeContext, type CorpusCase } from "../../build/corpus.ts";
import { readGolden, writeGolden } from "../../build/golden-file.ts";
import { describeFacts, readImageFacts, type DockerCommand, type ImageFacts } from "../../build/image-facts.ts";
import { toolboxImages } from "../../build/toolbox.ts";

setDefaultTimeout(180_000);

const corpus = readCorpus();
const golden = join(import.meta.dir, "../../build/corpus-images.txt");
const built = new Map<string, string>();
let dir: string;
let registry: RunningRegistry;
let engine: RunningEngine;
let docker: DockerCommand;
let base: ImageFacts;

beforeAll(async () => {
  dir = makeScratch("corpus");
  registry = await startDebianRegistry({ dir, port: await freePort() });
  engine = await startBerth({ dir, bridge: "bcorp0", bip: "172.31.240.1/24" });
  const env = cliEnvironment(engine.host);
  let files = 0;
  docker = {
    run: (...args) => mustRun([...berthCommand(), ...args], { env }),
    scratchFile: () => {
      const path = join(dir, `archive-${files++}`);
      return { here: path, there: path };
    },
  };
  for (const [index, { names, image }] of (await toolboxImages()).entries()) {
    await pushImage(registry.address, `toolbox-${index}`, "latest", image);
    const reference = `${registry.address}/toolbox-${index}`;
    await docker.run("pull", "-q", reference);
    for (const name of names) await docker.run("tag", reference, name);
  }
  base = await readImageFacts(docker, "busybox");
}, 180_000);

afterAll(async () => {
  if (process.env["UPDATE_GOLDEN"] === "1") {
    const cases = corpus.map(({ name, title }) => ({ title: name, input: title, output: built.get(name) ?? "" }));
    writeGolden(golden, cases);
  }
  await engine.stop();
  await registry.stop();
  removeScratch(dir);
});

for (const corpusCase of corpus) {
  test(corpusCase.name, async () => {
    await build(corpusCase);
    const image = await readImageFacts(docker, `corpus-${corpusCase.name}`);
    const facts = describeFacts(image, image.files.has("bin/busybox") ? base : undefined);
    built.set(corpusCase.name, facts);
    for (const value of corpusCase.secrets.values()) expect(facts).not.toContain(value);
    if (process.env["UPDATE_GOLDEN"] === "1") return;
    expect(facts).toBe(readGolden(golden).find(({ title }) => title === corpusCase.name)?.output ?? "");
  });
}

async function build(corpusCase: CorpusCase): Promise<void> {
  const { name, dockerfile, target, buildArgs, labels, secrets } = corpusCase;
  const context = join(dir, `context-${name}`);
  mkdirSync(context);
  writeContext(corpusCase, context);
  const secretFlags = [...secrets].flatMap(([id, value]) => {
    const path = join(dir, `${name}-${id}`);
    writeFileSync(path, value);
    return ["--secret", `id=${id},src=${path}`];
  });
  const result = await command(
    [
      ...berthCommand(),
      ...["build", "-q", "-t", `corpus-${name}`, "-f", join(context, dockerfile)],
      ...(target === "" ? [] : ["--target", target]),
      ...[...buildArgs].flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
      ...[...labels].flatMap(([key, value]) => ["--label", `${key}=${value}`]),
      ...secretFlags,
      context,
    ],
    { env: cliEnvironment(engine.host) },
  );
  expect(result.stderr).toBe("");
  expect(result.code).toBe(0);
}
