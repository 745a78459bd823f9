import type { BlobStore } from "#content/blob-store.ts";
import { blobBytes } from "#image/blob-bytes.ts";
import { blobName } from "#image/archive/archive-documents.ts";
import { isForeign } from "#image/manifest-of.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { canonicalName, familiarString, type Reference } from "#spec/oci/reference.ts";
import { END_OF_ARCHIVE } from "#spec/tar/encode-entry.ts";
import { layoutFile, layoutFolder, layoutMember } from "./layout-members.ts";
import type { Bundle } from "./types.ts";

export interface BundleArchiveOptions {
  /** `docker`: what `docker load` of every version reads too. */
  readonly format: "docker" | "oci";
  readonly references: readonly Reference[];
}

/** A bundle as an OCI image layout in a tar (image-spec `image-layout.md`). The same bundle gives the same bytes. */
export async function* bundleArchive(
  blobs: Pick<BlobStore, "path" | "has">,
  bundle: Bundle,
  options: BundleArchiveOptions,
): AsyncGenerator<Uint8Array> {
  const parts = partsOf(bundle).filter((part) => !isForeign(part) || blobs.has(part.digest));
  yield layoutFolder("blobs");
  for (const algorithm of new Set(parts.map(({ digest }) => digest.slice(0, digest.indexOf(":")))))
    yield layoutFolder(`blobs/${algorithm}`);
  for (const part of parts) yield* layoutMember(blobName(part.digest), part.size, blobBytes(blobs, part));
  yield* layoutFile("index.json", indexOf(bundle, options.references));
  if (options.format === "docker") yield* layoutFile("manifest.json", dockerManifest(bundle, options.references));
  yield* layoutFile("oci-layout", { imageLayoutVersion: "1.0.0" });
  yield END_OF_ARCHIVE;
}

/** Everything a bundle consists of, each once, in the order of the digests. */
function partsOf({ root, manifests }: Bundle): readonly Descriptor[] {
  const documents = [root, ...manifests.map(({ document }) => document)].map(({ mediaType, digest, bytes }) => ({
    mediaType,
    digest,
    size: bytes.length,
  }));
  const rest = manifests.flatMap(({ manifest }) => [manifest.config, ...manifest.layers]);
  const unique = new Map([...documents, ...rest].map((part) => [part.digest, part]));
  return [...unique.values()].toSorted((one, other) => (one.digest < other.digest ? -1 : 1));
}

function indexOf({ descriptor, images }: Bundle, references: readonly Reference[]): object {
  const created = images[0]?.created ?? "";
  const named = references.map((reference) => ({
    "io.containerd.image.name": `${canonicalName(reference)}:${reference.tag ?? "latest"}`,
    "org.opencontainers.image.created": created,
    "org.opencontainers.image.ref.name": reference.tag ?? "latest",
  }));
  const entries = named.length === 0 ? [{ "org.opencontainers.image.created": created }] : named;
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: entries.map((names) => ({ ...descriptor, annotations: { ...descriptor.annotations, ...names } })),
  };
}

function dockerManifest({ images }: Bundle, references: readonly Reference[]): object {
  return images.map(({ published }) => ({
    Config: blobName(published.manifest.config.digest),
    RepoTags: references.length === 0 ? null : references.map(familiarString),
    Layers: published.manifest.layers.map(({ digest }) => blobName(digest)),
  }));
}
