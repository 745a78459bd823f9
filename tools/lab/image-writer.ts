import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";

/** An image built in memory: a manifest and the blobs it names, ready to be served or pushed. */
export interface BuiltImage {
  readonly mediaType: string;
  readonly manifest: Uint8Array;
  readonly digest: string;
  /** Config and layers by digest. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

export interface ImageRecipe {
  /** Uncompressed layer archives, bottom first. */
  readonly layers: readonly Uint8Array[];
  /** The `config` object of the image configuration: Cmd, Env, User, … */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly format?: "docker" | "oci";
  readonly compression?: "gzip" | "zstd" | "none";
  readonly architecture?: string;
}

const created = "2023-11-14T22:13:20Z";

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The machine's architecture in Go's spelling. */
export function goArchitecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

/** Build an image of one platform. The same recipe gives the same bytes. */
export function buildImage(recipe: ImageRecipe): BuiltImage {
  const oci = recipe.format !== "docker";
  const compression = recipe.compression ?? "gzip";
  const blobs = new Map<string, Uint8Array>();
  const add = (bytes: Uint8Array, mediaType: string): Record<string, unknown> => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, size: bytes.length, digest };
  };
  const layers = recipe.layers.map((layer) => add(compress(layer, compression), layerType(oci, compression)));
  const config = add(
    json({
      architecture: recipe.architecture ?? goArchitecture(),
      os: "linux",
      created,
      config: recipe.config ?? {},
      rootfs: { type: "layers", diff_ids: recipe.layers.map(sha256) },
      history: recipe.layers.map((_, index) => ({ created, created_by: `layer ${index}` })),
    }),
    oci ? "application/vnd.oci.image.config.v1+json" : "application/vnd.docker.container.image.v1+json",
  );
  const mediaType = oci
    ? "application/vnd.oci.image.manifest.v1+json"
    : "application/vnd.docker.distribution.manifest.v2+json";
  const manifest = json({ schemaVersion: 2, mediaType, config, layers });
  return { mediaType, manifest, digest: sha256(manifest), blobs };
}

/** A statement about an image, as BuildKit keeps it beside the image in an index. */
export function buildAttestation(of: BuiltImage): BuiltImage {
  const blobs = new Map<string, Uint8Array>();
  const add = (value: unknown, mediaType: string, more: object = {}): object => {
    const bytes = json(value);
    blobs.set(sha256(bytes), bytes);
    return { mediaType, size: bytes.length, digest: sha256(bytes), ...more };
  };
  const predicate = "https://slsa.dev/provenance/v0.2";
  const statement = { _type: "https://in-toto.io/Statement/v0.1", predicateType: predicate, subject: [of.digest] };
  const layer = add(statement, "application/vnd.in-toto+json", {
    annotations: { "in-toto.io/predicate-type": predicate },
  });
  const config = add(
    { architecture: "unknown", os: "unknown", config: {}, rootfs: { type: "layers", diff_ids: [] } },
    "application/vnd.oci.image.config.v1+json",
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = json({ schemaVersion: 2, mediaType, config, layers: [layer] });
  return { mediaType, manifest, digest: sha256(manifest), blobs };
}

export interface BuiltIndex {
  readonly mediaType: string;
  readonly manifest: Uint8Array;
  readonly digest: string;
}

/** A list of manifests by platform. */
export function buildIndex(
  images: readonly { readonly image: BuiltImage; readonly architecture: string; readonly variant?: string }[],
  format: "docker" | "oci" = "oci",
  attestations: readonly { readonly attestation: BuiltImage; readonly of: BuiltImage }[] = [],
): BuiltIndex {
  const mediaType =
    format === "oci"
      ? "application/vnd.oci.image.index.v1+json"
      : "application/vnd.docker.distribution.manifest.list.v2+json";
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    manifests: [
      ...images.map(({ image, architecture, variant }) => ({
        mediaType: image.mediaType,
        size: image.manifest.length,
        digest: image.digest,
        platform: { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) },
      })),
      ...attestations.map(({ attestation, of }) => ({
        mediaType: attestation.mediaType,
        size: attestation.manifest.length,
        digest: attestation.digest,
        annotations: {
          "vnd.docker.reference.digest": of.digest,
          "vnd.docker.reference.type": "attestation-manifest",
        },
        platform: { os: "unknown", architecture: "unknown" },
      })),
    ],
  });
  return { mediaType, manifest, digest: sha256(manifest) };
}

function compress(layer: Uint8Array, compression: "gzip" | "zstd" | "none"): Uint8Array {
  if (compression === "gzip") return gzipSync(layer, { level: 1 });
  return compression === "zstd" ? zstdCompressSync(layer) : layer;
}

function layerType(oci: boolean, compression: "gzip" | "zstd" | "none"): string {
  const suffix = compression === "none" ? "" : oci ? `+${compression}` : `.${compression}`;
  return oci
    ? `application/vnd.oci.image.layer.v1.tar${suffix}`
    : `application/vnd.docker.image.rootfs.diff.tar${suffix}`;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
