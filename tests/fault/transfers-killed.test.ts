/**
 * Pushes and pulls while the client, the engine or the registry is killed at any moment: nothing half there is seen on either
 * side and the next try finishes. And prunes, removals, pushes and pulls at once: what is named stays whole.
 *
 * TRANSFER_ROUNDS chooses how many, FAULT_SEED which.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { command, type CommandResult } from "../../tools/lab/command.ts";
import { freePort } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { buildImage, sha256, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";
import { chosen } from "./chance.ts";

setDefaultTimeout(3_600_000);

const rounds = Number(process.env["TRANSFER_ROUNDS"] ?? 10);
const settings = { bridge: "btkill0", bip: "172.31.237.1/24" };

let dir = "";
let port = 0;
let engine: RunningEngine;
/** The one that is killed. */
let registry: RunningBerthRegistry;
/** Where images to push come from, so that they cannot be taken over. */
let source: TinyRegistry;

beforeAll(async () => {
  dir = makeScratch("transfers-killed");
  port = await freePort();
  source = await startTinyRegistry();
  registry = await startBerthRegistry({ dir, port });
  engine = await startBerth({ dir, ...settings });
});

afterAll(async () => {
  await engine?.stop();
  await registry?.daemon.stop();
  await source?.close();
  removeScratch(dir);
});

const argv = (...args: readonly string[]): string[] => [...berthCommand(), ...args];
const run = (...args: readonly string[]): Promise<CommandResult> =>
  command(argv(...args), { env: cliEnvironment(engine.host), timeoutMs: 120_000 });

async function ok(...args: readonly string[]): Promise<string> {
  const result = await run(...args);
  if (result.code !== 0) throw new Error(`${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

const newImage = (): BuiltImage =>
  buildImage({
    layers: Array.from({ length: 3 }, (_, at) => writeTar([{ path: `file${at}`, content: randomBytes(1_500_000) }])),
    compression: "none",
  });

const idOf = ({ manifest }: BuiltImage): string =>
  (JSON.parse(Buffer.from(manifest).toString()) as { config: { digest: string } }).config.digest;

/** If the tag is there, so is everything that it needs. */
async function expectNothingHalf(repository: string, image: BuiltImage): Promise<void> {
  const base = `http://${registry.address}/v2/${repository}`;
  const manifest = await fetch(`${base}/manifests/1`);
  const bytes = await manifest.bytes();
  if (manifest.status === 404) return;
  expect([manifest.status, sha256(bytes)]).toEqual([200, image.digest]);
  for (const digest of image.blobs.keys()) {
    const blob = await fetch(`${base}/blobs/${digest}`);
    expect([blob.status, sha256(await blob.bytes())]).toEqual([200, digest]);
  }
}

test("client, engine or registry killed at any moment of pushes and pulls", async () => {
  for (let round = 0; round < rounds; round += 1) {
    const verb = round % 2 === 0 ? "pull" : "push";
    const victim = (["client", "engine", "registry"] as const)[chosen(`${round} victim`, 3)];
    const image = newImage();
    const repository = `r${round}`;
    const name = `${registry.address}/${repository}:1`;
    if (verb === "pull") await pushImage(registry.address, repository, "1", image);
    else {
      source.add(repository, "1", image);
      await ok("pull", "-q", `${source.address}/${repository}:1`);
      await ok("tag", `${source.address}/${repository}:1`, name);
    }
    const client = Bun.spawn(argv(verb, "-q", name), {
      env: { ...process.env, ...cliEnvironment(engine.host) },
      stdout: "ignore",
      stderr: "ignore",
    });
    await Bun.sleep(chosen(`${round} moment`, 200));
    if (victim === "client") client.kill("SIGKILL");
    else if (victim === "engine") {
      await engine.daemon.kill();
      engine = await startBerth({ dir, ...settings });
    } else {
      await registry.daemon.kill();
      registry = await startBerthRegistry({ dir, port });
    }
    await client.exited;
    const where = `round ${round}, ${verb}, ${victim} killed`;
    expect([where, await ok("system", "check")]).toEqual([where, expect.stringContaining(": 0 problems")]);
    const seen = await run("inspect", "-f", "{{.Id}}", name);
    if (verb === "push" || seen.code === 0) expect([where, seen.stdout.trim()]).toEqual([where, idOf(image)]);
    await expectNothingHalf(repository, image);

    await ok(verb, "-q", name);
    await ok("rmi", name, ...(verb === "push" ? [`${source.address}/${repository}:1`] : []));
    await ok("pull", "-q", name);
    expect([where, (await ok("inspect", "-f", "{{.Id}}", name)).trim()]).toEqual([where, idOf(image)]);
    await ok("rmi", name);
    expect([where, await ok("images", "-aq")]).toEqual([where, ""]);
  }
  for (const bucket of readdirSync(join(registry.root, "blobs/sha256"))) {
    const folder = join(registry.root, "blobs/sha256", bucket);
    for (const hex of readdirSync(folder)) expect(sha256(readFileSync(join(folder, hex)))).toBe(`sha256:${hex}`);
  }
  expect(await registry.admin(["scrub"])).toContain(" 0 damaged");
});

test("prunes, removals, pushes and pulls at once lose nothing that is named", async () => {
  const layers = Array.from({ length: 4 }, (_, at) =>
    writeTar([{ path: `shared${at}`, content: randomBytes(200_000) }]),
  );
  const images = Array.from({ length: 4 }, (_, at) =>
    buildImage({
      layers: [layers[at], layers[(at + 1) % 4]].flatMap((layer) => layer ?? []),
      config: { Cmd: [String(at)] },
    }),
  );
  for (const [at, image] of images.entries()) await pushImage(registry.address, `shared/${at}`, "1", image);
  /** What it means that somebody else was faster. */
  const overtaken =
    /No such image|does not exist locally|reference does not exist|a prune operation is already running|tag does not exist|is being used/;
  const work = { isDone: false };
  const tolerant = async (...args: readonly string[]): Promise<boolean> => {
    const result = await run(...args);
    if (result.code !== 0 && !overtaken.test(result.stderr)) throw new Error(`${args.join(" ")}: ${result.stderr}`);
    return result.code === 0;
  };
  const transfers = images.map(async (image, at) => {
    const name = `${registry.address}/shared/${at}:1`;
    for (let turn = 0; turn < Math.max(4, rounds / 2); turn += 1) {
      await ok("pull", "-q", name);
      const copy = `${registry.address}/copies/${at}:${turn}`;
      if (!(await tolerant("tag", name, copy))) continue;
      if (await tolerant("push", "-q", copy)) {
        const answer = await fetch(`http://${registry.address}/v2/copies/${at}/manifests/${turn}`);
        expect([answer.status, sha256(await answer.bytes())]).toEqual([200, image.digest]);
      }
      await tolerant("rmi", "-f", copy);
    }
  });
  const cleaning = [
    ["image", "prune", "-af"],
    ["rmi", "-f", `${registry.address}/shared/1:1`],
  ].map(async (args) => {
    while (!work.isDone) {
      await tolerant(...args);
      await Bun.sleep(20);
    }
  });
  await Promise.all(transfers).finally(() => (work.isDone = true));
  await Promise.all(cleaning);
  expect(await ok("system", "check")).toContain(": 0 problems");
  for (const [at, image] of images.entries()) {
    const name = `${registry.address}/shared/${at}:1`;
    await ok("pull", "-q", name);
    expect((await ok("inspect", "-f", "{{.Id}}", name)).trim()).toBe(idOf(image));
    await ok("push", "-q", name);
    await ok("rmi", "-f", name);
  }
  expect(await registry.admin(["scrub"])).toContain(" 0 damaged");
});
