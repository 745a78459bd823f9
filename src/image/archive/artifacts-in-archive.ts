import type { Descriptor } from "#spec/oci/image.ts";
import { isIndexType, isManifestType } from "#spec/oci/media-types.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import type { Reference } from "#spec/oci/reference.ts";
import { artifactTypeOf } from "../artifact.ts";
import type { SourceManifest } from "../source.ts";
import { annotatedNames } from "./annotated-names.ts";
import { blobName } from "./archive-documents.ts";
import type { ArchiveDocuments, FoundManifest } from "./archive-view.ts";

export interface ArtifactInArchive extends FoundManifest {
  readonly type: string;
}

/** What an entry of a layout is when it is no image: an artifact, or an index of artifacts alone. */
export interface ArtifactsInArchive {
  /** At least one. */
  readonly artifacts: readonly ArtifactInArchive[];
  readonly index: SourceManifest | undefined;
  readonly references: readonly Reference[];
}

/** The artifact or the artifacts that an entry of a layout names, or nothing. */
export function artifactsAt(archive: ArchiveDocuments, top: Descriptor): readonly ArtifactsInArchive[] {
  const references = (): readonly Reference[] => annotatedNames(top.annotations ?? {});
  if (isManifestType(top.mediaType)) {
    const found = artifactAt(archive, top);
    return found === undefined ? [] : [{ artifacts: [found], index: undefined, references: references() }];
  }
  if (!isIndexType(top.mediaType) || !archive.has(blobName(top.digest))) return [];
  const bytes = archive.document(blobName(top.digest));
  const parsed = parseManifestDocument(bytes, top.mediaType);
  if (parsed.kind !== "index") return [];
  const { manifests, mediaType } = parsed.index;
  const artifacts = manifests.flatMap((entry) => {
    const isPlain = entry.platform === undefined && isManifestType(entry.mediaType);
    return (isPlain ? artifactAt(archive, entry) : undefined) ?? [];
  });
  if (artifacts.length === 0 || artifacts.length < manifests.length) return [];
  return [{ artifacts, index: { mediaType, digest: top.digest, bytes }, references: references() }];
}

/** A layout names a thing once for each of its names. */
export function mergedArtifacts(found: readonly ArtifactsInArchive[]): readonly ArtifactsInArchive[] {
  const byDigest = new Map<string, ArtifactsInArchive>();
  for (const one of found) {
    const digest = one.index?.digest ?? one.artifacts[0]?.digest ?? "";
    const names = [...(byDigest.get(digest)?.references ?? []), ...one.references];
    byDigest.set(digest, { ...one, references: names });
  }
  return [...byDigest.values()];
}

function artifactAt(archive: ArchiveDocuments, { digest, mediaType }: Descriptor): ArtifactInArchive | undefined {
  if (!archive.has(blobName(digest))) return undefined;
  const bytes = archive.document(blobName(digest));
  const parsed = parseManifestDocument(bytes, mediaType);
  const type = parsed.kind === "manifest" ? artifactTypeOf(parsed.manifest) : undefined;
  if (parsed.kind !== "manifest" || type === undefined) return undefined;
  return { manifest: parsed.manifest, bytes, digest, type };
}
