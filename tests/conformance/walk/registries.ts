import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { startBerthRegistry } from "../../../tools/lab/berth-registry.ts";
import { startDebianRegistry } from "../../../tools/lab/debian-registry.ts";
import { buildImage, buildIndex, sha256, type BuiltImage } from "../../../tools/lab/image-writer.ts";
import type { NetworkNamespace } from "../../../tools/lab/network-namespace.ts";
import { pushImage, pushManifest } from "../../../tools/lab/registry-push.ts";
import { writeTar } from "../../../tools/lab/tar-writer.ts";

/** Docker keeps in mind where it has seen a layer, so no part of the walk uses another's. */
const layerOf = (part: string): Uint8Array => writeTar([{ path: "file", content: `${part}\n` }]);
const pulled = layerOf("pulled");
const config = { Cmd: ["none"], Labels: { walked: "1" } };
const one = buildImage({ layers: [pulled], config });
const arm = buildImage({ layers: [pulled], config, architecture: "arm64" });
const docker = buildImage({ layers: [pulled], config, format: "docker" });
const plain = buildImage({ layers: [layerOf("loaded")], config, format: "docker", compression: "none" });

/** Digests that steps name in braces. */
export const digests: Readonly<Record<string, string>> = { one: one.digest };

/** Its config, or its layer, is not what an image has there. */
function broken(part: "config" | "layer"): BuiltImage {
  const bytes = Buffer.from(part === "config" ? "[]" : "no archive");
  const blobs = new Map(one.blobs).set(sha256(bytes), bytes);
  const manifest = JSON.parse(Buffer.from(one.manifest).toString()) as { config: object; layers: readonly object[] };
  const place = { size: bytes.length, digest: sha256(bytes) };
  const document = Buffer.from(
    JSON.stringify(
      part === "config"
        ? { ...manifest, config: { ...manifest.config, ...place } }
        : { ...manifest, layers: manifest.layers.map((each) => ({ ...each, ...place })) },
    ),
  );
  return { mediaType: one.mediaType, manifest: document, digest: sha256(document), blobs };
}

async function fill(registry: string): Promise<void> {
  for (const tag of ["1", "2"]) await pushImage(registry, "one", tag, one);
  await pushImage(registry, "docker", "1", docker);
  await pushImage(registry, "arm", "1", arm);
  await pushImage(registry, "multi", "one", one);
  await pushImage(registry, "multi", "arm", arm);
  const both = buildIndex([
    { image: one, architecture: process.arch === "x64" ? "amd64" : process.arch },
    { image: arm, architecture: process.arch === "arm64" ? "riscv64" : "arm64" },
  ]);
  await pushManifest(registry, "multi", "1", both);
  await pushImage(registry, "broken", "config", broken("config"));
  await pushImage(registry, "broken", "layer", broken("layer"));
}

/**
 * The registries of one network, each at its port there: Debian's that anybody may use (5000) and that asks alice for
 * `secret` (5001), and ours, which can be searched (5002).
 */
export async function startRegistries(
  dir: string,
  network: NetworkNamespace,
): Promise<readonly (() => Promise<unknown>)[]> {
  const [debian, guarded, berth] = ["plain", "guarded", "ours"].map((name) => join(dir, `registries/${name}`)) as [
    string,
    string,
    string,
  ];
  for (const each of [debian, guarded, berth]) mkdirSync(each, { recursive: true });
  // Nobody outside reaches the network: they are filled before they move there.
  const outside = await startDebianRegistry({ dir: debian });
  try {
    await fill(outside.address);
  } finally {
    await outside.stop();
  }
  cpSync(join(debian, "registry"), join(guarded, "registry"), { recursive: true });
  const ours = await startBerthRegistry({ dir: berth });
  for (const name of ["one", "only", "other"]) await pushImage(ours.address, name, "1", one);
  await ours.daemon.stop();

  const htpasswd = `alice:${await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 })}`;
  const inside = [
    await startDebianRegistry({ dir: debian, port: 5000, network }),
    await startDebianRegistry({ dir: guarded, port: 5001, network, htpasswd }),
  ];
  const searched = await startBerthRegistry({ dir: berth, port: 5002, network });
  return [...inside.map((registry) => () => registry.stop()), () => searched.daemon.stop()];
}

/** An archive as `docker save` of older versions wrote it. */
function saved(change: (parts: SavedParts) => SavedParts = (parts) => parts): Uint8Array {
  const blobs = [...plain.blobs.values()] as [Uint8Array, Uint8Array];
  const document = [
    { Config: "config.json", RepoTags: ["saved:1"] as readonly string[] | null, Layers: ["layer.tar"] },
  ];
  const parts = change({ manifest: JSON.stringify(document), config: blobs[1], layer: blobs[0] });
  return writeTar([
    ...(parts.config === undefined ? [] : [{ path: "config.json", content: parts.config }]),
    ...(parts.layer === undefined ? [] : [{ path: "layer.tar", content: parts.layer }]),
    { path: "manifest.json", content: parts.manifest },
  ]);
}

interface SavedParts {
  readonly manifest: string;
  readonly config: Uint8Array | undefined;
  readonly layer: Uint8Array | undefined;
}

const layout = (): Uint8Array =>
  writeTar([
    { path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    {
      path: "index.json",
      content: JSON.stringify({
        schemaVersion: 2,
        manifests: [
          {
            mediaType: one.mediaType,
            digest: one.digest,
            size: one.manifest.length,
            annotations: {
              "io.containerd.image.name": "docker.io/library/laid:1",
              "org.opencontainers.image.ref.name": "1",
            },
          },
        ],
      }),
    },
    ...[...one.blobs, [one.digest, one.manifest] as const].map(([digest, content]) => ({
      path: `blobs/sha256/${digest.slice("sha256:".length)}`,
      content,
    })),
  ]);

/** Bodies of requests, named in steps behind `@`. */
export const bodies: Readonly<Record<string, Uint8Array>> = {
  layer: layerOf("imported"),
  forced: layerOf("forced"),
  pushed: layerOf("pushed"),
  "pushed-whole": layerOf("pushed whole"),
  packed: Bun.gzipSync(Buffer.from(layerOf("packed"))),
  garbage: Buffer.alloc(2048, "garbage "),
  empty: new Uint8Array(),
  half: layerOf("half").subarray(0, 515),
  saved: saved(),
  layout: layout(),
  unnamed: saved((parts) => ({ ...parts, manifest: parts.manifest.replace('["saved:1"]', "null") })),
  wronglayer: saved((parts) => ({ ...parts, layer: writeTar([{ path: "other", content: "x" }]) })),
  nolayer: saved((parts) => ({ ...parts, layer: undefined })),
  noconfig: saved((parts) => ({ ...parts, config: undefined })),
  badmanifest: saved((parts) => ({ ...parts, manifest: "{" })),
  badname: saved((parts) => ({ ...parts, manifest: parts.manifest.replace("saved:1", "UPPER:1") })),
  outside: saved((parts) => ({ ...parts, manifest: parts.manifest.replace("layer.tar", "../../etc/passwd") })),
};
