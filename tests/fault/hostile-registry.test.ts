/** Registries that lie, break off or send what must not be unpacked: refused with Docker's words, nothing kept. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { command, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { buildImage, sha256, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxLayer } from "../../tools/lab/test-images.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";

setDefaultTimeout(180_000);

let dir = "";
let engine: RunningEngine | undefined;
let registry: TinyRegistry | undefined;

const berth = (...args: string[]): Promise<CommandResult> =>
  command([...berthCommand(), ...args], { env: cliEnvironment(engine?.host ?? "") });

function served(): TinyRegistry {
  if (registry === undefined) throw new Error("no registry");
  return registry;
}

/** The digest of the only layer of an image. */
function layerOf(image: BuiltImage): string {
  const manifest = JSON.parse(Buffer.from(image.manifest).toString()) as { layers: { digest: string }[] };
  return manifest.layers[0]?.digest ?? "";
}

/** Serve `bytes` under the address of another blob. */
function serveInstead(digest: string, bytes: Uint8Array, claimedLength = bytes.length): void {
  served().intercept((request, response) => {
    if (request.url?.endsWith(`/blobs/${digest}`) !== true) return false;
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": claimedLength });
    if (claimedLength === bytes.length) response.end(bytes);
    else response.write(bytes, () => response.destroy());
    return true;
  });
}

beforeAll(async () => {
  dir = makeScratch("hostile");
  engine = await startBerth({ dir, bridge: "bhost0", bip: "172.31.250.1/24" });
  registry = await startTinyRegistry();
});

afterAll(async () => {
  await engine?.stop();
  await registry?.close();
  removeScratch(dir);
});

afterEach(async () => {
  served().intercept(undefined);
  expect(await mustRun([...berthCommand(), "images", "-q"], { env: cliEnvironment(engine?.host ?? "") })).toBe("");
  expect(engine?.daemon.running).toBe(true);
});

async function refused(name: string, image: BuiltImage, message: RegExp): Promise<void> {
  served().add(name, "latest", image);
  const result = await berth("pull", `${served().address}/${name}`);
  expect(result.stderr).toMatch(message);
  expect(result.code).toBe(1);
}

test("a layer with other bytes than its digest", async () => {
  const image = buildImage({ layers: [writeTar([{ path: "a", content: "right" }])] });
  const digest = layerOf(image);
  const wrong = Buffer.from(image.blobs.get(digest) ?? []);
  wrong[wrong.length - 5] = (wrong[wrong.length - 5] ?? 0) ^ 1;
  serveInstead(digest, wrong);
  await refused(
    "digest",
    image,
    /filesystem layer verification failed for digest sha256:[0-9a-f]{64}|unexpected commit digest/,
  );
});

test("a layer that breaks off", async () => {
  const image = buildImage({ layers: [await busyboxLayer()] });
  const digest = layerOf(image);
  const bytes = image.blobs.get(digest) ?? new Uint8Array();
  serveInstead(digest, bytes.slice(0, bytes.length >> 1), bytes.length);
  await refused("short", image, /\bEOF\b|short read|connection|verification failed/i);
});

test("a configuration whose diff ids do not match", async () => {
  const image = buildImage({ layers: [writeTar([{ path: "a", content: "x" }])] });
  const other = buildImage({ layers: [writeTar([{ path: "b", content: "y" }])] });
  const manifest = JSON.parse(Buffer.from(image.manifest).toString()) as { layers: unknown };
  manifest.layers = (JSON.parse(Buffer.from(other.manifest).toString()) as { layers: unknown }).layers;
  const bytes = Buffer.from(JSON.stringify(manifest));
  const mixed = { ...image, manifest: bytes, digest: sha256(bytes), blobs: new Map([...image.blobs, ...other.blobs]) };
  await refused("diff-id", mixed, /layer|diff|mismatch|verification/i);
});

for (const [name, layer, message] of [
  ["dotdot", writeTar([{ path: "../../../../tmp/berth-escape", content: "x" }]), /.+/],
  ["not-tar", Buffer.from("this is no archive".repeat(100)), /tar|header|archive/i],
  ["cut-tar", writeTar([{ path: "a", content: "x".repeat(5000) }]).slice(0, 1500), /EOF|tar|archive/i],
] as const) {
  test(`an archive that is ${name}`, async () => {
    const image = buildImage({ layers: [layer] });
    if (name !== "dotdot") {
      await refused(name, image, message);
      return;
    }
    served().add(name, "latest", image);
    await berth("pull", `${served().address}/${name}`);
    expect((await command(["ls", "/tmp/berth-escape"])).code).not.toBe(0);
    await berth("rmi", "-f", `${served().address}/${name}`);
  });
}

test("a manifest that is not JSON, and one of schema 1", async () => {
  for (const [name, body, type, message] of [
    ["no-json", "<html>", "application/vnd.oci.image.manifest.v1+json", /.+/],
    [
      "schema1",
      '{"schemaVersion":1,"name":"x","tag":"latest","fsLayers":[],"history":[]}',
      "application/vnd.docker.distribution.manifest.v1+json",
      /schema ?1|not supported|unsupported|deprecated/i,
    ],
  ] as const) {
    const bytes = Buffer.from(body);
    await refused(name, { mediaType: type, manifest: bytes, digest: sha256(bytes), blobs: new Map() }, message);
  }
});

test("a manifest and a configuration without end", async () => {
  const image = buildImage({ layers: [writeTar([{ path: "a", content: "x" }])] });
  served().intercept((request, response) => {
    if (request.url?.includes("/manifests/") !== true) return false;
    response.writeHead(200, { "content-type": image.mediaType });
    const timer = setInterval(() => response.write(Buffer.alloc(1 << 20, 32)), 1);
    response.once("close", () => clearInterval(timer));
    return true;
  });
  const result = await berth("pull", `${served().address}/endless`);
  expect(result.code).toBe(1);
});

test("a compressed layer that grows beyond what the manifest says is stopped by its digest or its end", async () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  const image = buildImage({ layers: [Buffer.alloc(1024)] });
  serveInstead(layerOf(image), bomb);
  await refused("bomb", image, /verification failed|digest|size|mismatch/i);
});

test("a server error, and a registry that asks for a login", async () => {
  for (const [status, message] of [
    [500, /500|received unexpected HTTP status/],
    [401, /unauthorized|authentication required|no basic auth credentials|access.*denied/i],
  ] as const) {
    served().intercept((_request, response) => {
      response.writeHead(status, status === 401 ? { "www-authenticate": 'Basic realm="lab"' } : {}).end();
      return true;
    });
    const result = await berth("pull", `${served().address}/any`);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(message);
  }
});
