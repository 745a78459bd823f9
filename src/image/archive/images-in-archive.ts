import { BerthError, invalid } from "#base/errors.ts";
import { isStrings } from "#base/is-strings.ts";
import { attestedBy } from "#spec/oci/attestation.ts";
import type { Descriptor, DescriptorPlatform, Manifest } from "#spec/oci/image.ts";
import { isImageManifest, parseImageConfig, parseManifestDocument } from "#spec/oci/parse-image.ts";
import { choosePlatform, formatPlatform, type Platform } from "#spec/oci/platform.ts";
import type { SourceManifest } from "../source.ts";
import { familiarString, type Reference } from "#spec/oci/reference.ts";
import { blobName } from "./archive-documents.ts";
import type { ArchiveDocuments, FoundManifest } from "./archive-view.ts";
import { annotatedNames, taggedReference } from "./annotated-names.ts";
import { artifactsAt, mergedArtifacts, type ArtifactsInArchive } from "./artifacts-in-archive.ts";

/** An image as an archive describes it, nothing checked against its layers yet. */
export interface ImageInArchive {
  readonly config: Uint8Array;
  /** Members that hold the layers, bottom first. */
  readonly layers: readonly string[];
  /** The manifest it comes with; a docker-archive has none. */
  readonly manifest: FoundManifest | undefined;
}

/** What a name of an archive means: an image, or an index with those of its images that are wanted. */
export interface ArchiveEntry {
  /** At least one. */
  readonly images: readonly ImageInArchive[];
  readonly index: FoundIndex | undefined;
  readonly references: readonly Reference[];
  /** Id of the image that it was made from, as the archive has it. */
  readonly parentId?: string | undefined;
}

export interface FoundIndex extends SourceManifest {
  /** Manifests of it that speak about the wanted images. */
  readonly attached: readonly FoundManifest[];
}

/** What a person asked for; all there is of an index when nothing. */
export interface WantedPlatforms {
  readonly wanted: readonly Platform[];
  readonly host: Platform;
}

const MANIFEST = "manifest.json";
const INDEX = "index.json";
const MAX_DEPTH = 4;
const MAX_IMAGES = 1000;

/**
 * The images of an archive. Docker writes both forms in one: `manifest.json` says which images there are and how they are
 * called, and where the OCI layout beside it has a manifest for the same config, it is that image's, byte for byte. Sources:
 * Docker Image Specification v1.2 "Combined Image JSON + Filesystem Changeset Format"; OCI image-spec `image-layout.md`.
 * Artifacts are for no platform, so who asks for platforms gets none.
 */
export function imagesInArchive(
  archive: ArchiveDocuments,
  platforms: WantedPlatforms,
): { readonly images: readonly ArchiveEntry[]; readonly artifacts: readonly ArtifactsInArchive[] } {
  const hasLayout = archive.has(INDEX);
  const all = hasLayout ? layoutIndex(archive) : [];
  const found = new Map(all.flatMap((top) => artifactsAt(archive, top).map((entry) => [top, entry] as const)));
  const tops = all.filter((top) => !found.has(top));
  const artifacts = platforms.wanted.length > 0 ? [] : mergedArtifacts([...found.values()]);
  if (artifacts.length > 0 && tops.length === 0) return { images: dockerImages(archive, [], platforms), artifacts };
  return { images: imagesOf(archive, hasLayout ? tops : undefined, platforms), artifacts };
}

/** `tops`: undefined without a layout. */
function imagesOf(
  archive: ArchiveDocuments,
  tops: readonly Descriptor[] | undefined,
  platforms: WantedPlatforms,
): readonly ArchiveEntry[] {
  if (archive.has(MANIFEST)) return dockerImages(archive, tops ?? [], platforms);
  if (tops === undefined) throw invalid("invalid archive: does not contain a manifest.json");
  return fromLayout(archive, tops, platforms);
}

function dockerImages(
  archive: ArchiveDocuments,
  tops: readonly Descriptor[],
  platforms: WantedPlatforms,
): readonly ArchiveEntry[] {
  if (!archive.has(MANIFEST)) return [];
  const found = tops.flatMap((top) => manifestsBelow(archive, top));
  return merged(dockerEntries(archive).map((entry) => fromDocker(archive, entry, found, platforms)));
}

interface DockerEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
  readonly Parent: string | undefined;
}

function dockerEntries(archive: ArchiveDocuments): readonly DockerEntry[] {
  const value = parseJson(archive.document(MANIFEST), MANIFEST);
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalid(`invalid archive: ${MANIFEST} is no list`);
  return value.map((entry: unknown) => {
    const { Config, RepoTags, Layers, Parent } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof Config !== "string" || !isStrings(RepoTags ?? []) || !isStrings(Layers ?? [])) {
      throw invalid(`invalid archive: malformed ${MANIFEST}`);
    }
    return {
      Config,
      RepoTags: (RepoTags ?? []) as readonly string[],
      Layers: (Layers ?? []) as readonly string[],
      Parent: typeof Parent === "string" && Parent !== "" ? Parent : undefined,
    };
  });
}

function fromDocker(
  archive: ArchiveDocuments,
  entry: DockerEntry,
  found: readonly ManifestBelow[],
  platforms: WantedPlatforms,
): ArchiveEntry {
  const references = entry.RepoTags.map(taggedReference);
  const parentId = entry.Parent;
  const own = found.find(
    ({ manifest }) =>
      blobName(manifest.config.digest) === entry.Config &&
      manifest.layers.length === entry.Layers.length &&
      isComplete(archive, manifest),
  );
  if (own === undefined) {
    const image = { config: archive.document(entry.Config), layers: entry.Layers, manifest: undefined };
    return { images: [image], index: undefined, references, parentId };
  }
  if (own.index === undefined) return { images: [imageOf(archive, own)], index: undefined, references, parentId };
  const { images, index } = ofIndex(archive, own.index, found, platforms);
  if (images.length === 0) throw noneFor(platforms);
  return { images, index, references };
}

/** Docker names each platform's image of an index by itself. */
function merged(entries: readonly ArchiveEntry[]): readonly ArchiveEntry[] {
  const byIndex = new Map<string, ArchiveEntry>();
  for (const [position, entry] of entries.entries()) {
    const key = entry.index?.digest ?? String(position);
    const known = byIndex.get(key);
    const names = [...(known?.references ?? []), ...entry.references];
    const references = [...new Map(names.map((name) => [familiarString(name), name])).values()];
    byIndex.set(key, { ...entry, references });
  }
  return [...byIndex.values()];
}

function fromLayout(
  archive: ArchiveDocuments,
  tops: readonly Descriptor[],
  platforms: WantedPlatforms,
): readonly ArchiveEntry[] {
  const entries = tops.flatMap((top): readonly ArchiveEntry[] => {
    // A layout, unlike a docker-archive, must have what it names first.
    archive.document(blobName(top.digest));
    const found = manifestsBelow(archive, top);
    const [first] = found;
    if (first === undefined) return [];
    const references = annotatedNames(top.annotations ?? {});
    if (first.index === undefined) return [{ images: [imageOf(archive, first)], index: undefined, references }];
    const { images, index } = ofIndex(archive, first.index, found, platforms);
    return images.length === 0 ? [] : [{ images, index, references }];
  });
  if (entries.length > 0) return entries;
  throw noneFor(platforms);
}

function noneFor({ wanted, host }: WantedPlatforms): BerthError {
  const names = (wanted.length === 0 ? [host] : wanted).map(formatPlatform).join(", ");
  return new BerthError("not-found", `no image for platform ${names} in the archive`);
}

/** A manifest of a layout's entry, an image's with all its parts, and the index that the entry is, where it is one. */
interface ManifestBelow extends FoundManifest {
  readonly index: (SourceManifest & { readonly manifests: readonly Descriptor[] }) | undefined;
  /** As the index names it. */
  readonly descriptor: Descriptor;
}

/** The images below an entry of a layout, as far as they are in the archive: it may hold only some that its index names. */
function manifestsBelow(archive: ArchiveDocuments, top: Descriptor): readonly ManifestBelow[] {
  const found: ManifestBelow[] = [];
  const visit = (descriptor: Descriptor, depth: number, index: ManifestBelow["index"]): void => {
    if (!archive.has(blobName(descriptor.digest)) || depth > MAX_DEPTH || found.length >= MAX_IMAGES) return;
    const bytes = archive.document(blobName(descriptor.digest));
    const parsed = parseManifestDocument(bytes, descriptor.mediaType);
    if (parsed.kind === "index") {
      const { mediaType, manifests } = parsed.index;
      const own = index ?? { mediaType, digest: descriptor.digest, bytes, manifests };
      for (const entry of manifests) visit(entry, depth + 1, own);
      return;
    }
    const { manifest } = parsed;
    if (!isImageManifest(manifest) || attestedBy(descriptor) !== undefined) return;
    if (index !== undefined && !isComplete(archive, manifest)) return;
    found.push({ manifest, bytes, digest: descriptor.digest, index, descriptor });
  };
  visit(top, 0, undefined);
  return found;
}

/** The wanted images of an index; without any wish all, the host's best first. */
function ofIndex(
  archive: ArchiveDocuments,
  index: NonNullable<ManifestBelow["index"]>,
  found: readonly ManifestBelow[],
  { wanted, host }: WantedPlatforms,
): Omit<ArchiveEntry, "references"> {
  const present = found.filter((one) => one.index?.digest === index.digest);
  const offers = present.map((one) => ({ one, platform: one.descriptor.platform ?? platformOf(archive, one) }));
  const chosen =
    wanted.length === 0 ? present : wanted.flatMap((platform) => choosePlatform(platform, offers)?.one ?? []);
  const best = choosePlatform(host, offers)?.one;
  const ordered = best === undefined ? chosen : chosen.toSorted((a, b) => Number(b === best) - Number(a === best));
  const images = [...new Set(ordered)];
  const attached = index.manifests.flatMap((entry): readonly FoundManifest[] => {
    if (!images.some(({ digest }) => digest === attestedBy(entry)) || !archive.has(blobName(entry.digest))) return [];
    const bytes = archive.document(blobName(entry.digest));
    const parsed = parseManifestDocument(bytes, entry.mediaType);
    return parsed.kind === "manifest" ? [{ manifest: parsed.manifest, bytes, digest: entry.digest }] : [];
  });
  const { mediaType, digest, bytes } = index;
  return { images: images.map((one) => imageOf(archive, one)), index: { mediaType, digest, bytes, attached } };
}

function platformOf(archive: ArchiveDocuments, { manifest }: FoundManifest): DescriptorPlatform {
  return parseImageConfig(archive.document(blobName(manifest.config.digest)));
}

function imageOf(archive: ArchiveDocuments, found: ManifestBelow): ImageInArchive {
  const { manifest, bytes, digest } = found;
  return {
    config: archive.document(blobName(manifest.config.digest)),
    layers: manifest.layers.map((layer) => blobName(layer.digest)),
    manifest: { manifest, bytes, digest },
  };
}

function isComplete(archive: ArchiveDocuments, { config, layers }: Manifest): boolean {
  return [config, ...layers].every(({ digest }) => archive.has(blobName(digest)));
}

function layoutIndex(archive: ArchiveDocuments): readonly Descriptor[] {
  const parsed = parseManifestDocument(archive.document(INDEX), "application/vnd.oci.image.index.v1+json");
  if (parsed.kind !== "index") throw invalid(`invalid archive: ${INDEX} is no index`);
  return parsed.index.manifests;
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new BerthError("invalid-parameter", `invalid archive: ${what} is no JSON`, { cause });
  }
}
