import { BerthError } from "#base/errors.ts";
import { createHash } from "node:crypto";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { Descriptor, ImageConfig, Manifest } from "#spec/oci/image.ts";
import { attestedBy } from "#spec/oci/attestation.ts";
import { isImageManifest, parseImageConfig, parseManifestDocument } from "#spec/oci/parse-image.ts";
import { isManifestType, layerCompression } from "#spec/oci/media-types.ts";
import { choosePlatform, formatPlatform, platformRank, type Platform } from "#spec/oci/platform.ts";
import { familiarString, type Reference } from "#spec/oci/reference.ts";
import { artifactTypeOf } from "../artifact.ts";
import type { ImageSource, SourceManifest } from "../source.ts";

/** Configs larger than this are no configs. */
const MAX_CONFIG_SIZE = 8 << 20;
const MAX_INDEX_DEPTH = 4;
const MAX_ARTIFACTS = 100;
/** Of their manifests together. */
const MAX_ARTIFACTS_SIZE = 16 << 20;

/** An image's documents, checked against each other, before its layers are there. */
export interface FetchedImage {
  /** Of what the reference names: the index where there is one. */
  readonly topDigest: string;
  readonly isIndex: boolean;
  /** Entries of the index that attest something of the manifest. */
  readonly attestations: readonly Descriptor[];
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  readonly rawConfig: Uint8Array;
  readonly config: ImageConfig;
  /** Every document on the way, to be stored: indexes, manifest, config. */
  readonly documents: readonly { readonly digest: string; readonly bytes: Uint8Array }[];
}

/** A manifest that is no image's. */
export interface FetchedArtifact {
  readonly artifactType: string;
  readonly manifest: Manifest;
  readonly document: SourceManifest;
}

/** An index of artifacts alone, with all of them. */
export interface FetchedArtifacts {
  readonly index: SourceManifest;
  readonly artifacts: readonly FetchedArtifact[];
}

/**
 * Fetch what `reference` means on `platform`: through indexes to a manifest, and its config, or, when no platform is asked
 * for, an artifact or an index of artifacts alone. Errors: `not-found` when no platform fits, `data-loss` for bytes that do not hash to their digest, `invalid-parameter` for malformed documents,
 * `not-implemented` for schema 1 and unknown types.
 */
export async function fetchImage(request: {
  readonly source: ImageSource;
  readonly reference: Reference;
  /** What the person asked for; undefined = the host's. */
  readonly platform: Platform | undefined;
  readonly hostPlatform: Platform;
  readonly blobs: Pick<BlobStore, "has" | "read">;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** The registry has what the reference names. */
  readonly onFound: () => void;
}): Promise<FetchedImage | FetchedArtifact | FetchedArtifacts> {
  const { source, reference, signal, lease } = request;
  const wanted = request.platform ?? request.hostPlatform;
  const documents: { digest: string; bytes: Uint8Array }[] = [];
  const take = (document: SourceManifest): void => {
    lease.hold(document.digest);
    documents.push({ digest: document.digest, bytes: document.bytes });
  };
  let current = await source.manifest(
    reference.digest === undefined ? { tag: reference.tag ?? "latest" } : { digest: reference.digest },
    signal,
  );
  take(current);
  request.onFound();
  const topDigest = current.digest;
  let attestations: readonly Descriptor[] = [];
  let parsed = parseManifestDocument(current.bytes, current.mediaType);
  for (let depth = 0; parsed.kind === "index"; depth++) {
    const { manifests, mediaType } = parsed.index;
    const chosen = choosePlatform(wanted, manifests);
    if (chosen === undefined && depth === 0 && request.platform === undefined) {
      const artifacts = await artifactsOf(source, manifests, signal);
      if (artifacts !== undefined) return { index: { ...current, mediaType }, artifacts };
    }
    if (chosen === undefined || depth >= MAX_INDEX_DEPTH) {
      throw new BerthError(
        "not-found",
        `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`,
      );
    }
    current = await source.manifest({ digest: chosen.digest }, signal);
    take(current);
    attestations = parsed.index.manifests.filter((entry) => attestedBy(entry) === chosen.digest);
    parsed = parseManifestDocument(current.bytes, chosen.mediaType);
  }
  const { manifest } = parsed;
  const artifactType = artifactTypeOf(manifest);
  if (artifactType !== undefined && request.platform === undefined && topDigest === current.digest)
    return { artifactType, manifest, document: { ...current, mediaType: manifest.mediaType } };
  checkManifest(manifest);
  const rawConfig = await fetchConfig(request, manifest.config);
  documents.push({ digest: manifest.config.digest, bytes: rawConfig });
  const config = parseImageConfig(rawConfig);
  checkConfig(config, manifest, request);
  return {
    topDigest,
    isIndex: topDigest !== current.digest,
    attestations,
    manifest,
    manifestDescriptor: { mediaType: manifest.mediaType, digest: current.digest, size: current.bytes.length },
    rawConfig,
    config,
    documents,
  };
}

/**
 * What an index names, when all of it are artifacts. Undefined when anything else is among it, or is said to be for a
 * platform. docker-compat: containerd's store takes what is for no platform in the same way.
 */
async function artifactsOf(
  source: ImageSource,
  entries: readonly Descriptor[],
  signal: AbortSignal,
): Promise<readonly FetchedArtifact[] | undefined> {
  const isPlain = ({ mediaType, platform }: Descriptor): boolean => platform === undefined && isManifestType(mediaType);
  if (entries.length === 0 || !entries.every(isPlain)) return undefined;
  if (entries.length > MAX_ARTIFACTS || entries.reduce((sum, { size }) => sum + size, 0) > MAX_ARTIFACTS_SIZE)
    throw new BerthError("invalid-parameter", "the index names too many artifacts");
  const found: FetchedArtifact[] = [];
  for (const { digest, mediaType } of entries) {
    const document = await source.manifest({ digest }, signal);
    const parsed = parseManifestDocument(document.bytes, mediaType);
    const artifactType = parsed.kind === "manifest" ? artifactTypeOf(parsed.manifest) : undefined;
    if (parsed.kind !== "manifest" || artifactType === undefined) return undefined;
    found.push({
      artifactType,
      manifest: parsed.manifest,
      document: { ...document, mediaType: parsed.manifest.mediaType },
    });
  }
  return found;
}

function checkManifest(manifest: Manifest): void {
  if (!isImageManifest(manifest)) {
    throw new BerthError(
      "invalid-parameter",
      `unsupported media type ${manifest.config.mediaType}: this is no container image`,
    );
  }
  for (const { mediaType } of manifest.layers) {
    if (layerCompression(mediaType) === undefined) {
      throw new BerthError("not-implemented", `unsupported layer media type ${mediaType}`);
    }
  }
}

async function fetchConfig(
  request: {
    readonly source: ImageSource;
    readonly blobs: Pick<BlobStore, "has" | "read">;
    readonly lease: Lease;
    readonly signal: AbortSignal;
  },
  descriptor: Descriptor,
): Promise<Uint8Array> {
  if (descriptor.size > MAX_CONFIG_SIZE) throw new BerthError("invalid-parameter", "the image config is too large");
  request.lease.hold(descriptor.digest);
  if (request.blobs.has(descriptor.digest)) return request.blobs.read(descriptor.digest, MAX_CONFIG_SIZE);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.source.blob(descriptor, { signal: request.signal, onRetry: () => {} })) {
    size += chunk.length;
    if (size > descriptor.size) break;
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const algorithm = descriptor.digest.slice(0, descriptor.digest.indexOf(":"));
  if (
    size !== descriptor.size ||
    `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` !== descriptor.digest
  ) {
    throw new BerthError("data-loss", `image config verification failed for digest ${descriptor.digest}`);
  }
  return bytes;
}

function checkConfig(
  config: ImageConfig,
  manifest: Manifest,
  request: { readonly reference: Reference; readonly platform: Platform | undefined; readonly hostPlatform: Platform },
): void {
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw new BerthError("invalid-parameter", "layers from manifest don't match image configuration");
  }
  if (config.os !== "" && config.os !== request.hostPlatform.os) {
    throw new BerthError("invalid-parameter", `image operating system "${config.os}" cannot be used on this platform`);
  }
  const { platform } = request;
  if (platform !== undefined && config.architecture !== "" && platformRank(platform, config) === undefined) {
    throw new BerthError(
      "not-found",
      `image with reference ${familiarString(request.reference)} was found but its platform ` +
        `(${formatPlatform(config)}) does not match the specified platform (${formatPlatform(platform)})`,
    );
  }
}
