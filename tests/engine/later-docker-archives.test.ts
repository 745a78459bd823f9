/** Archives to and from docker 26.1, with its own image store and with containerd's: the same images, digests and platforms. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { laterDockerDir } from "../../tools/lab/apt-suite.ts";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { mustRun } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, dockerCli, startDockerd, type RunningEngine } from "../../tools/lab/engines.ts";
import { buildImage, buildIndex, goArchitecture, type BuiltIndex } from "../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { startPlainDaemon, type StartedDaemon } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

const own = goArchitecture();
const other = own === "amd64" ? "arm64" : "amd64";

let dir = "";
let registry: RunningBerthRegistry;
let ours: StartedDaemon;
let index: BuiltIndex;

const image = (architecture: string, format: "docker" | "oci", compression: "gzip" | "none" | "zstd") =>
  buildImage({
    layers: [
      writeTar([{ path: "shared", content: "shared" }]),
      writeTar([{ path: architecture, content: `${format} ${compression}` }]),
    ],
    architecture,
    format,
    compression,
    config: { Cmd: ["true"], Labels: { format } },
  });

beforeAll(async () => {
  dir = makeScratch("later-archives");
  for (const name of ["ours", "registry"]) mkdirSync(join(dir, name));
  registry = await startBerthRegistry({ dir: join(dir, "registry") });
  ours = await startPlainDaemon({ dir: join(dir, "ours"), args: ["-H", `unix://${dir}/ours/berth.sock`] });
  const platforms = [own, other].map((architecture) => ({ architecture, image: image(architecture, "oci", "gzip") }));
  for (const one of platforms) await pushImage(registry.address, "multi", one.image.digest, one.image);
  index = buildIndex(platforms);
  await pushManifest(registry.address, "multi", "1", index);
  await pushImage(registry.address, "docker", "1", image(own, "docker", "gzip"));
  await pushImage(registry.address, "plain", "1", image(own, "oci", "none"));
});

afterAll(async () => {
  await ours?.process.stop();
  await registry?.daemon.stop();
  removeScratch(dir);
});

const berth = (...args: readonly string[]): Promise<string> =>
  mustRun([...berthCommand(), ...args], { env: cliEnvironment(`unix://${dir}/ours/berth.sock`) });

describe.each([
  ["its own store", false],
  ["containerd's store", true],
])("docker 26.1 with %s", (_name, isContainerd) => {
  let dockerd: RunningEngine | undefined;
  let home = "";

  beforeAll(async () => {
    home = join(dir, isContainerd ? "containerd" : "classic");
    mkdirSync(home);
    const config = join(home, "features.json");
    writeFileSync(config, JSON.stringify({ features: { "containerd-snapshotter": isContainerd } }));
    dockerd = await startDockerd({
      dir: home,
      bridge: isContainerd ? "larchbr1" : "larchbr0",
      bip: isContainerd ? "172.31.80.1/24" : "172.31.79.1/24",
      extraArgs: [
        ...["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--config-file", config],
        ...(isContainerd ? ["--storage-driver", "overlayfs"] : []),
      ],
      programs: await laterDockerDir(),
    });
  });
  afterAll(() => dockerd?.stop());

  const docker = async (...args: readonly string[]): Promise<string> =>
    mustRun([await dockerCli(), ...args], { env: cliEnvironment(dockerd?.host ?? ""), timeoutMs: 90_000 });
  const facts = [
    "image",
    "inspect",
    "-f",
    "{{json .RootFS.Layers}} {{json .Config.Labels}} {{.Architecture}} {{.Created}}",
  ];

  // containerd's store packs plain layers when it loads them, and leaves them out of what it saves.
  const names = (): readonly string[] =>
    ["docker", ...(isContainerd ? [] : ["plain"]), "multi"].map((name) => `${registry.address}/${name}:1`);

  test("what berth saves is loaded, all names of it", async () => {
    for (const name of names()) await berth("pull", "-q", name);
    const archive = join(home, "from-berth.tar");
    await berth("save", "-o", archive, ...names());
    const loaded = (await docker("load", "-i", archive)).trimEnd().split("\n").toSorted();
    expect(loaded).toEqual(
      names()
        .map((name) => `Loaded image: ${name}`)
        .toSorted(),
    );
    for (const name of names()) {
      expect([name, await docker(...facts, name)]).toEqual([name, await berth(...facts, name)]);
      // Its own store has an image's id for an id, containerd's that of the manifest or index.
      const id = isContainerd ? "{{.Descriptor.digest}}" : "{{.Id}}";
      expect([name, await docker("image", "inspect", "-f", "{{.Id}}", name)]).toEqual([
        name,
        await berth("image", "inspect", "-f", id, name),
      ]);
    }
    await docker("rmi", "-f", ...names());
    await berth("rmi", ...names());
  });

  test("what it saves is loaded by berth, with its digests", async () => {
    for (const name of names()) await docker("pull", "-q", name);
    const archive = join(home, "from-docker.tar");
    await docker("save", "-o", archive, ...names());
    const loaded = (await berth("load", "-i", archive)).trimEnd().split("\n").toSorted();
    expect(loaded).toEqual(
      names()
        .map((name) => `Loaded image: ${name}`)
        .toSorted(),
    );
    for (const name of names()) {
      expect([name, await berth(...facts, name)]).toEqual([name, await docker(...facts, name)]);
      const id = isContainerd ? "{{.Descriptor.digest}}" : "{{.Id}}";
      expect([name, await berth("image", "inspect", "-f", id, name)]).toEqual([
        name,
        await docker("image", "inspect", "-f", "{{.Id}}", name),
      ]);
    }
    expect(await berth("system", "check")).toContain(": 0 problems");
    await berth("rmi", ...names());
    await docker("rmi", "-f", ...names());
  });

  test("several platforms in one archive", async () => {
    const name = `${registry.address}/multi:1`;
    for (const platform of [own, other]) await berth("pull", "-q", "--platform", `linux/${platform}`, name);
    const archive = join(home, "platforms.tar");
    await berth("save", "-o", archive, name);
    const tree = await berth("images", "--tree", name);
    await berth("rmi", name);
    await docker("load", "-i", archive);
    // What it kept of them goes back with the very index, where its store keeps one.
    const back = join(home, "platforms-back.tar");
    await docker("save", "-o", back, name);
    await berth("load", "-i", back);
    if (isContainerd) {
      expect((await docker("image", "inspect", "-f", "{{.Id}}", name)).trim()).toBe(index.digest);
      expect(await berth("images", "--tree", name)).toBe(tree);
    } else expect((await berth("image", "inspect", "-f", "{{.Architecture}}", name)).trim()).toBe(own);
    await berth("rmi", name);
    await docker("rmi", "-f", name);
  });
});
