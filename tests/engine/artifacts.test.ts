/** What registries have beside images: artifacts kept, shown and handed on as they are; what an image's index says about it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { mustRun } from "../../tools/lab/command.ts";
import { cliEnvironment, dockerCli } from "../../tools/lab/engines.ts";
import { buildAttestation, buildImage, buildIndex, goArchitecture, sha256 } from "../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

const TYPE = "application/vnd.example.model.v1";

let engine: BusyboxEngine;
let registry: RunningBerthRegistry;
let scratch = "";

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bartif0", bip: "172.31.241.1/24" });
  scratch = makeScratch("artifacts");
  registry = await startBerthRegistry({ dir: scratch });
}, 180_000);

afterAll(async () => {
  await engine?.close();
  await registry?.daemon.stop();
  removeScratch(scratch);
});

/** An artifact of files of any kind, one of which looks like a layer. */
function buildArtifact() {
  const files = [
    randomBytes(3 << 20),
    Buffer.from('{"weights":1}'),
    Buffer.alloc(0),
    writeTar([{ path: "a", content: "a" }]),
  ];
  const types = ["application/octet-stream", "application/json", "text/plain", "application/vnd.example.tar"];
  const config = Buffer.from("{}");
  const describe = (mediaType: string, bytes: Uint8Array) => ({ mediaType, digest: sha256(bytes), size: bytes.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: TYPE,
      config: describe("application/vnd.oci.empty.v1+json", config),
      layers: files.map((bytes, at) => describe(types[at] ?? "", bytes)),
      annotations: { "org.opencontainers.image.created": "2024-05-06T07:08:09Z" },
    }),
  );
  return {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    manifest,
    digest: sha256(manifest),
    blobs: new Map([config, ...files].map((bytes) => [sha256(bytes), new Uint8Array(bytes)])),
    size: manifest.length + config.length + files.reduce((sum, { length }) => sum + length, 0),
  };
}

const digestAt = async (name: string): Promise<string | null> => {
  const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
  return (await fetch(`http://${registry.address}/v2/${name}`, { method: "HEAD", headers })).headers.get(
    "docker-content-digest",
  );
};

test("an artifact is pulled, shown, pushed elsewhere, saved, loaded and removed; nothing runs from it", async () => {
  const artifact = buildArtifact();
  await pushImage(registry.address, "model", "1", artifact);
  const name = `${registry.address}/model:1`;
  const pulled = await engine.ok("pull", name);
  expect(pulled).toContain(`Digest: ${artifact.digest}\nStatus: Downloaded newer image for ${name}\n`);
  expect(await engine.ok("pull", name)).toContain("Image is up to date");
  const [shown] = JSON.parse(await engine.ok("image", "inspect", name)) as Record<string, unknown>[];
  expect(shown).toMatchObject({
    Id: artifact.digest,
    Created: "2024-05-06T07:08:09Z",
    Size: artifact.size,
    Descriptor: { artifactType: TYPE, digest: artifact.digest },
    RootFS: { Layers: [] },
  });
  expect(await engine.ok("images", "--format", "{{.Repository}} {{.ID}} {{.Size}}", name)).toBe(
    `${registry.address}/model ${artifact.digest.slice(7, 19)} 3.15MB\n`,
  );
  const listed = JSON.parse((await engine.api("GET", "/v1.51/images/json?manifests=1")).text) as {
    Id: string;
    Manifests: { Kind: string; Available: boolean; Size: { Content: number } }[];
  }[];
  expect(listed.find(({ Id }) => Id === artifact.digest)?.Manifests).toMatchObject([
    { Kind: "unknown", Available: true, Size: { Content: artifact.size } },
  ]);
  for (const args of [
    ["run", "--rm", name, "true"],
    ["run", "--rm", "--mount", `type=image,source=${name},target=/m`, "busybox", "true"],
    ["image", "ls-files", name],
  ]) {
    const refused = await engine.run(...args);
    expect([args, refused.code === 0, refused.stderr]).toEqual([
      args,
      false,
      expect.stringContaining(`is an artifact of type ${TYPE} and no image`),
    ]);
  }
  const platform = await engine.run("pull", "--platform", "linux/amd64", name);
  expect(platform.stderr).toContain("this is no container image");

  const again = `${registry.address}/again/model:2`;
  await engine.ok("tag", name, again);
  await engine.ok("push", "-q", again);
  expect(await digestAt("again/model/manifests/2")).toBe(artifact.digest);
  expect(await engine.ok("system", "check")).toContain(": 0 problems");

  const archive = `${scratch}/artifact.tar`;
  await engine.ok("save", "-o", archive, name, again, "busybox");
  await engine.ok("rmi", again);
  await engine.ok("rmi", name);
  expect(await engine.ok("images", "-q", name)).toBe("");
  const loaded = (await engine.ok("load", "-i", archive)).trim().split("\n").toSorted();
  expect(loaded).toEqual(
    ["Loaded image: busybox:latest", `Loaded image: ${again}`, `Loaded image: ${name}`].toSorted(),
  );
  expect(await engine.ok("image", "inspect", "-f", "{{.Id}} {{.Size}}", name)).toBe(
    `${artifact.digest} ${artifact.size}\n`,
  );
  await engine.ok("push", "-q", again);
  // Alone, without any image.
  await engine.ok("save", "-o", archive, name);
  await engine.ok("rmi", "-f", artifact.digest);
  await engine.ok("load", "-i", archive);
  await mustRun(["tar", "-C", scratch, "-xf", archive, "manifest.json"]);
  expect(await Bun.file(`${scratch}/manifest.json`).text()).toBe("[]");
  await engine.ok("rmi", name);
  expect(await engine.ok("system", "check")).toContain(": 0 problems");
});

test("an index of artifacts alone is pulled, shown, pushed, saved, loaded and removed as one", async () => {
  const artifacts = [buildArtifact(), buildArtifact()];
  const entries = artifacts.map(({ mediaType, digest, manifest }) => ({ mediaType, digest, size: manifest.length }));
  const indexOf = (manifests: readonly object[]) => {
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
    return { mediaType, manifest, digest: sha256(manifest) };
  };
  const index = indexOf(entries);
  for (const artifact of artifacts) await pushImage(registry.address, "bundle", "part", artifact);
  await pushManifest(registry.address, "bundle", "1", index);
  const name = `${registry.address}/bundle:1`;
  expect(await engine.ok("pull", name)).toContain(
    `Digest: ${index.digest}\nStatus: Downloaded newer image for ${name}\n`,
  );
  expect(await engine.ok("pull", name)).toContain("Image is up to date");
  const check = async (of: string): Promise<void> => {
    const listed = JSON.parse((await engine.api("GET", "/v1.51/images/json?manifests=1")).text) as {
      Id: string;
      RepoTags: string[];
      Descriptor: { digest: string };
      Manifests: { ID: string; Kind: string; Available: boolean }[];
    }[];
    const shown = listed.filter(({ RepoTags }) => RepoTags.includes(of));
    expect(shown).toHaveLength(1);
    expect(shown[0]?.Descriptor.digest).toBe(index.digest);
    expect(shown[0]?.Manifests.map(({ ID, Kind, Available }) => [ID, Kind, Available])).toEqual(
      artifacts.map(({ digest }) => [digest, "unknown", true]),
    );
    // Neither part has a line of its own.
    expect(listed.filter(({ Id }) => artifacts.some(({ digest }) => digest === Id))).toHaveLength(1);
  };
  await check(name);
  const inspected = JSON.parse(await engine.ok("image", "inspect", name)) as Record<string, unknown>[];
  expect(inspected[0]).toMatchObject({
    RepoDigests: [`${registry.address}/bundle@${index.digest}`],
    Descriptor: { digest: index.digest, mediaType: index.mediaType },
  });
  expect((await engine.run("run", "--rm", name, "true")).stderr).toContain(`is an artifact of type ${TYPE}`);
  expect((await engine.run("pull", "--platform", "linux/amd64", name)).stderr).toContain("no matching manifest");

  const again = `${registry.address}/again/bundle:2`;
  await engine.ok("tag", name, again);
  await engine.ok("push", "-q", again);
  expect(
    (
      await fetch(`http://${registry.address}/v2/again/bundle/manifests/2`, { headers: { accept: index.mediaType } })
    ).headers.get("docker-content-digest"),
  ).toBe(index.digest);
  const archive = `${scratch}/bundle.tar`;
  await engine.ok("save", "-o", archive, name, again, "busybox");
  await engine.ok("rmi", again);
  await engine.ok("rmi", name);
  expect(await engine.ok("system", "check")).toContain(": 0 problems");
  for (const { digest } of artifacts) expect((await engine.run("image", "inspect", digest)).code).toBe(1);
  const loaded = (await engine.ok("load", "-i", archive)).trim().split("\n").toSorted();
  expect(loaded).toEqual(
    ["Loaded image: busybox:latest", `Loaded image: ${again}`, `Loaded image: ${name}`].toSorted(),
  );
  await check(again);
  await engine.ok("push", "-q", again);
  await engine.ok("rmi", again, name);
  expect(await engine.ok("system", "check")).toContain(": 0 problems");

  // What stands beside artifacts and is none decides.
  const image = buildImage({ layers: [writeTar([{ path: "file", content: "mixed" }])], architecture: "s390x" });
  await pushImage(registry.address, "bundle", "image", image);
  const mixed = { mediaType: image.mediaType, digest: image.digest, size: image.manifest.length };
  for (const entry of [mixed, { ...mixed, platform: { os: "linux", architecture: "s390x" } }]) {
    await pushManifest(registry.address, "bundle", "mixed", indexOf([...entries, entry]));
    const refused = await engine.run("pull", `${registry.address}/bundle:mixed`);
    expect(refused.stderr).toContain("no matching manifest for linux/");
  }
  expect(await engine.ok("images", "-q", "bundle")).toBe("");
  expect(await engine.ok("system", "check")).toContain(": 0 problems");
});

test("an artifact that lies about its parts is refused and leaves nothing", async () => {
  const artifact = buildArtifact();
  await pushImage(registry.address, "lie", "1", artifact);
  const name = `${registry.address}/lie:1`;
  await engine.ok("pull", "-q", name);
  const archive = `${scratch}/lie.tar`;
  await engine.ok("save", "-o", archive, name);
  await engine.ok("rmi", name);
  const bytes = Buffer.from(await Bun.file(archive).bytes());
  const at = bytes.indexOf('{"weights":1}');
  bytes.write('{"weights":2}', at);
  await Bun.write(archive, bytes);
  const refused = await engine.run("load", "-i", archive);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("does not hash to its name") as string });
  expect(await engine.ok("images", "-q", name)).toBe("");
});

test("attestations of an image, and where it came from, by the API", async () => {
  const image = buildImage({ layers: [writeTar([{ path: "file", content: "attested" }])] });
  const attestation = buildAttestation(image);
  const architecture = goArchitecture();
  const index = buildIndex([{ image, architecture }], "oci", [{ attestation, of: image }]);
  await pushImage(registry.address, "attested", "image", image);
  await pushImage(registry.address, "attested", "attestation", attestation);
  await pushManifest(registry.address, "attested", "1", index);
  const name = `${registry.address}/attested:1`;
  await engine.ok("pull", "-q", name);
  const ask = async (query: string): Promise<unknown> => {
    const { status, text } = await engine.api("GET", `/images/${name}/attestations${query}`);
    return status === 200 ? JSON.parse(text) : `${status} ${text}`;
  };
  const { layers } = JSON.parse(Buffer.from(attestation.manifest).toString()) as {
    layers: { digest: string; annotations: Record<string, string> }[];
  };
  const type = layers[0]?.annotations["in-toto.io/predicate-type"] ?? "";
  expect(type).toStartWith("https://");
  expect(await ask("")).toEqual([{ Descriptor: layers[0], PredicateType: type }]);
  const statement = Buffer.from(attestation.blobs.get(layers[0]?.digest ?? "") ?? []).toString();
  expect(await ask(`?statement=1&type=${encodeURIComponent(type)}`)).toEqual([
    { Descriptor: layers[0], PredicateType: type, Statement: JSON.parse(statement) as unknown },
  ]);
  expect(await ask("?type=https://example.com/other")).toEqual([]);
  const json = (os: string): string => encodeURIComponent(JSON.stringify({ os, architecture }));
  expect(await ask(`?platform=${json("linux")}`)).toHaveLength(1);
  expect(await ask(`?platform=${json("plan9")}`)).toStartWith("404 ");
  expect(await ask(`?platform=${json("linux")}&platform=${json("linux")}`)).toStartWith("400 ");
  expect(await ask("?platform=nonsense")).toStartWith("400 ");
  expect(JSON.parse((await engine.api("GET", "/images/busybox/attestations")).text)).toEqual([]);
  expect((await engine.api("GET", "/images/nothing-here/attestations")).status).toBe(404);

  await engine.ok("tag", name, "elsewhere.example/forged:1");
  const { text } = await engine.api("GET", "/images/json?manifests=1&identity=1&digests=1");
  const images = JSON.parse(text) as {
    RepoTags: string[];
    Manifests: { Kind: string; ImageData?: { Identity?: unknown } }[];
  }[];
  const attested = images.find(({ RepoTags }) => RepoTags.includes(name));
  expect(attested?.Manifests.map(({ Kind, ImageData }) => [Kind, ImageData?.Identity])).toEqual([
    ["image", { Pull: [{ Repository: `${registry.address}/attested` }] }],
    ["attestation", undefined],
  ]);
  expect((await engine.api("GET", "/images/json?identity=1")).status).toBe(400);
  const identityIn = async (version: string): Promise<unknown> =>
    (JSON.parse((await engine.api("GET", `${version}/images/${name}/json`)).text) as { Identity?: unknown }).Identity;
  expect(await identityIn("")).toEqual({ Pull: [{ Repository: `${registry.address}/attested` }] });
  expect(await identityIn("/v1.50")).toBeUndefined();
  const env = cliEnvironment(engine.host);
  expect(await mustRun([await dockerCli(), "image", "inspect", "-f", "{{.RepoTags}}", name], { env })).toContain(name);
  await engine.ok("rmi", "elsewhere.example/forged:1", name);
});

test("the list as each version of the API has it: containers counted, names of what has none", async () => {
  await engine.ok("create", "--name", "counted", "busybox");
  await engine.ok("run", "--name", "changed", "busybox", "touch", "/file");
  const id = (await engine.ok("commit", "changed")).trim();
  const list = async (version: string) =>
    JSON.parse((await engine.api("GET", `${version}/images/json`)).text) as {
      Id: string;
      RepoTags: string[];
      RepoDigests: string[];
      Containers: number;
      Descriptor?: unknown;
    }[];
  const of = async (version: string) => {
    const images = await list(version);
    const busybox = images.find(({ RepoTags }) => RepoTags.includes("busybox:latest"));
    const dangling = images.find((image) => image.Id === id);
    return [busybox?.Containers, dangling?.RepoTags, dangling?.RepoDigests, "Descriptor" in (busybox ?? {})];
  };
  expect(await of("")).toEqual([2, [], [], false]);
  expect(await of("/v1.50")).toEqual([-1, [], [], false]);
  expect(await of("/v1.42")).toEqual([-1, ["<none>:<none>"], ["<none>@<none>"], false]);
  await engine.removeAll();
  await engine.ok("rmi", id);
});
