import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { laterDockerDir } from "../../tools/lab/apt-suite.ts";
import { dockerWithBuildx } from "../../tools/lab/buildx.ts";
import { command, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, startBerth, startDockerd, type RunningEngine } from "../../tools/lab/engines.ts";
import { createNetworkNamespace, type NetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { writeContext, type CorpusCase } from "./corpus.ts";
import type { DockerCommand } from "./image-facts.ts";
import { toolboxImages, type NamedImage } from "./toolbox.ts";

/** Who builds the corpus: this engine, or BuildKit in docker 26.1, by buildx. */
export type CorpusBuilderKind = "berth" | "buildkit";

/** An engine with the images that the corpus begins with. */
export interface CorpusBuilder {
  readonly kind: CorpusBuilderKind;
  readonly docker: DockerCommand;
  /** Scratch. */
  readonly dir: string;
  /** `build` with these arguments. */
  build(args: readonly string[]): Promise<CommandResult>;
  close(): Promise<void>;
}

type Close = () => Promise<void>;

interface Builder {
  readonly engine: RunningEngine;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where it is not the machine's. */
  readonly network?: NetworkNamespace;
}

export async function openCorpusBuilder(kind: CorpusBuilderKind): Promise<CorpusBuilder> {
  const dir = makeScratch("corpus");
  const closers: Close[] = [async () => removeScratch(dir)];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const { engine, argv, env: own, network } = await openers[kind](dir, closers);
    closers.push(() => engine.stop());
    const env = { ...cliEnvironment(engine.host), ...own };
    let files = 0;
    const docker: DockerCommand = {
      run: (...args) => mustRun([...argv, ...args], { env }),
      scratchFile: () => {
        const path = join(dir, `archive-${files++}`);
        return { here: path, there: path };
      },
    };
    await pullToolbox(docker, dir, network);
    return { kind, docker, dir, build: (args) => command([...argv, "build", ...args], { env }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const openers: Readonly<Record<CorpusBuilderKind, (dir: string, closers: Close[]) => Promise<Builder>>> = {
  async berth(dir) {
    const engine = await startBerth({ dir, bridge: "bcorp0", bip: "172.31.240.1/24" });
    return { engine, argv: berthCommand(), env: {} };
  },
  async buildkit(dir, closers) {
    const network = await createNetworkNamespace();
    closers.push(() => network.close());
    const place = { dir, bridge: "bcorp1", bip: "172.31.241.1/24", network };
    const engine = await startDockerd({ ...place, programs: await laterDockerDir() });
    return { engine, network, ...(await dockerWithBuildx(dir)) };
  },
};

/** By a registry, as people get them; it is there no longer than that takes. */
async function pullToolbox(docker: DockerCommand, dir: string, network: NetworkNamespace | undefined): Promise<void> {
  const place = { dir, storage: join(dir, "registry"), port: await freePort() };
  const images = await toolboxImages();
  const outside = await startDebianRegistry(place);
  try {
    for (const [index, { image }] of images.entries())
      await pushImage(outside.address, `toolbox-${index}`, "latest", image);
    if (network === undefined) await pullNamed(docker, outside.address, images);
  } finally {
    await outside.stop();
  }
  if (network === undefined) return;
  const inside = await startDebianRegistry({ ...place, network });
  try {
    await pullNamed(docker, inside.address, images);
  } finally {
    await inside.stop();
  }
}

async function pullNamed(docker: DockerCommand, registry: string, images: readonly NamedImage[]): Promise<void> {
  for (const [index, { names }] of images.entries()) {
    const reference = `${registry}/toolbox-${index}`;
    await docker.run("pull", "-q", reference);
    for (const name of names) await docker.run("tag", reference, name);
  }
}

export const imageOf = ({ name }: CorpusCase): string => `corpus-${name}`;

/** Build a case's image, {@link imageOf} it. */
export async function buildCase(builder: CorpusBuilder, corpusCase: CorpusCase): Promise<CommandResult> {
  const { name, dockerfile, target, buildArgs, labels, secrets } = corpusCase;
  const context = join(builder.dir, `context-${name}`);
  mkdirSync(context);
  writeContext(corpusCase, context);
  const file = join(context, dockerfile);
  // BuildKit would have to fetch it: what docker has built in is taken.
  if (builder.kind === "buildkit") writeFileSync(file, readFileSync(file, "utf8").replace(/^# *syntax *=.*$/im, "#"));
  const secretFlags = [...secrets].flatMap(([id, value]) => {
    const path = join(builder.dir, `${name}-${id}`);
    writeFileSync(path, value);
    return ["--secret", `id=${id},src=${path}`];
  });
  return builder.build([
    ...["-q", "-t", imageOf(corpusCase), "-f", file],
    ...(target === "" ? [] : ["--target", target]),
    ...[...buildArgs].flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
    ...[...labels].flatMap(([key, value]) => ["--label", `${key}=${value}`]),
    ...secretFlags,
    context,
  ]);
}
