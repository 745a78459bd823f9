import type { Descriptor } from "#spec/oci/image.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import type { ImageConfig } from "#spec/oci/image.ts";
import { canonicalName, familiarName, familiarString, type Reference } from "#spec/oci/reference.ts";
import type { Publishable } from "../manifest-of.ts";
import type { SourceManifest } from "../source.ts";
import type { LayerFacts } from "../types.ts";

/** An image to be written into an archive, with the names it is to have there. */
export interface ImageToSave {
  readonly config: ImageConfig;
  /** Of what is no image, or the first of an index of such; see {@link import("../artifact.ts").artifactTypeOf}. */
  readonly artifactType: string | undefined;
  readonly published: Publishable;
  readonly references: readonly Reference[];
  /** The index that the names mean, where they mean one. */
  readonly index: SourceManifest | undefined;
  /** What else of the index goes along: images for other platforms, and what speaks about them. */
  readonly others: readonly Publishable[];
  /** Of all images for platforms. */
  readonly layers: readonly LayerFacts[];
  /** Id of the image that it was made from, when that one is in the same archive. */
  readonly parentId?: string | undefined;
}

export interface ArchiveDocument {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Name of a blob's member. */
export function blobName(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/**
 * What Docker 25 and newer write beside the blobs: an OCI layout, and `manifest.json` and `repositories` for readers of
 * Docker's older form, which name the very same blobs. The same images give the same bytes.
 */
export function archiveDocuments(images: readonly ImageToSave[]): readonly ArchiveDocument[] {
  // Docker's older form knows nothing but images.
  const real = images.filter(({ artifactType }) => artifactType === undefined);
  return [
    document("oci-layout", { imageLayoutVersion: "1.0.0" }),
    document("index.json", {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: images.flatMap(indexEntries),
    }),
    document("manifest.json", real.map(dockerEntry)),
    document("repositories", repositories(real)),
  ];
}

function indexEntries({ config, artifactType, published, references, index }: ImageToSave): readonly Descriptor[] {
  const { mediaType, digest, bytes } = index ?? published.document;
  const { architecture, os, variant } = config;
  const kind =
    index !== undefined
      ? {}
      : artifactType !== undefined
        ? { artifactType }
        : architecture === ""
          ? {}
          : { platform: { architecture, os, ...(variant === undefined ? {} : { variant }) } };
  const bare = { mediaType, digest, size: bytes.length, ...kind };
  if (references.length === 0) return [bare];
  return references.map((reference) => ({
    ...bare,
    annotations: {
      "io.containerd.image.name": `${canonicalName(reference)}:${reference.tag ?? "latest"}`,
      "org.opencontainers.image.ref.name": reference.tag ?? "latest",
    },
  }));
}

function dockerEntry({ published, references, parentId }: ImageToSave): object {
  const { config, layers } = published.manifest;
  return {
    Config: blobName(config.digest),
    RepoTags: references.length === 0 ? null : references.map(familiarString),
    Layers: layers.map(({ digest }) => blobName(digest)),
    ...(parentId === undefined ? {} : { Parent: parentId }),
  };
}

/** By repository and tag; Docker's oldest form names the topmost layer there. */
function repositories(images: readonly ImageToSave[]): object {
  const byName = new Map<string, Record<string, string>>();
  for (const { published, references } of images) {
    const top = published.manifest.layers.at(-1) ?? published.manifest.config;
    for (const reference of references) {
      const tags = byName.get(familiarName(reference)) ?? {};
      tags[reference.tag ?? "latest"] = top.digest.slice(top.digest.indexOf(":") + 1);
      byName.set(familiarName(reference), tags);
    }
  }
  return Object.fromEntries([...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function document(name: string, value: object): ArchiveDocument {
  return { name, bytes: Buffer.from(JSON.stringify(value)) };
}
