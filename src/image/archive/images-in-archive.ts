import { BerthError, messageOf } from "#base/errors.ts";
import type { Descriptor, Manifest } from "#spec/oci/image.ts";
import { isImageManifest, parseManifestDocument } from "#spec/oci/parse-image.ts";
import { choosePlatform, formatPlatform, type Platform } from "#spec/oci/platform.ts";
import { isTag, parseReference, type Reference } from "#spec/oci/reference.ts";

/** What the reader asks of an archive; names are members' paths. */
export interface ArchiveDocuments {
  has(name: string): boolean;
  /** `invalid-parameter` when there is no such document. */
  document(name: string): Uint8Array;
}

/** An image as an archive describes it, nothing checked against its layers yet. */
export interface ImageInArchive {
  readonly config: Uint8Array;
  /** Members that hold the layers, bottom first. */
  readonly layers: readonly string[];
  /** The manifest it comes with; a docker-archive has none. */
  readonly manifest: { readonly manifest: Manifest; readonly bytes: Uint8Array; readonly digest: string } | undefined;
  readonly references: readonly Reference[];
}

const MANIFEST = "manifest.json";
const INDEX = "index.json";
const MAX_DEPTH = 4;
/** containerd's name of the whole reference; OCI image-spec `annotations.md` has the tag alone, and some the reference. */
const NAME = "io.containerd.image.name";
const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * The images of an archive. Docker writes both forms in one: `manifest.json` says which images there are and how they are
 * called, and where the OCI layout beside it has a manifest for the same config, it is that image's, byte for byte. Sources:
 * Docker Image Specification v1.2 "Combined Image JSON + Filesystem Changeset Format"; OCI image-spec `image-layout.md`.
 */
export function imagesInArchive(
  archive: ArchiveDocuments,
  platforms: { readonly wanted: Platform | undefined; readonly host: Platform },
): readonly ImageInArchive[] {
  const hasLayout = archive.has(INDEX);
  if (archive.has(MANIFEST)) {
    const manifests = hasLayout ? manifestsByConfig(archive) : new Map<string, FoundManifest>();
    return dockerEntries(archive).map((entry) => fromDocker(archive, entry, manifests));
  }
  if (!hasLayout) throw invalid("invalid archive: does not contain a manifest.json");
  return fromLayout(archive, platforms);
}

interface DockerEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

interface FoundManifest {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
  readonly digest: string;
}

function dockerEntries(archive: ArchiveDocuments): readonly DockerEntry[] {
  const value = parseJson(archive.document(MANIFEST), MANIFEST);
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalid(`invalid archive: ${MANIFEST} is no list`);
  return value.map((entry: unknown) => {
    const { Config, RepoTags, Layers } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof Config !== "string" || !isStrings(RepoTags ?? []) || !isStrings(Layers ?? [])) {
      throw invalid(`invalid archive: malformed ${MANIFEST}`);
    }
    return {
      Config,
      RepoTags: (RepoTags ?? []) as readonly string[],
      Layers: (Layers ?? []) as readonly string[],
    };
  });
}

function fromDocker(
  archive: ArchiveDocuments,
  entry: DockerEntry,
  manifests: ReadonlyMap<string, FoundManifest>,
): ImageInArchive {
  const config = archive.document(entry.Config);
  const found = manifests.get(entry.Config);
  const same = found !== undefined && found.manifest.layers.length === entry.Layers.length;
  return {
    config,
    layers: same ? found.manifest.layers.map(({ digest }) => blobName(digest)) : entry.Layers,
    manifest: same ? found : undefined,
    references: entry.RepoTags.map(taggedReference),
  };
}

/** Manifests of the layout, by the member that holds their config. */
function manifestsByConfig(archive: ArchiveDocuments): ReadonlyMap<string, FoundManifest> {
  const found = new Map<string, FoundManifest>();
  const visit = (descriptor: Descriptor, depth: number): void => {
    if (!archive.has(blobName(descriptor.digest)) || depth > MAX_DEPTH) return;
    const bytes = archive.document(blobName(descriptor.digest));
    const parsed = parseManifestDocument(bytes, descriptor.mediaType);
    if (parsed.kind === "index") for (const entry of parsed.index.manifests) visit(entry, depth + 1);
    else if (isComplete(archive, parsed.manifest))
      found.set(blobName(parsed.manifest.config.digest), {
        manifest: parsed.manifest,
        bytes,
        digest: descriptor.digest,
      });
  };
  for (const descriptor of layoutIndex(archive)) visit(descriptor, 0);
  return found;
}

function isComplete(archive: ArchiveDocuments, { config, layers }: Manifest): boolean {
  return [config, ...layers].every(({ digest }) => archive.has(blobName(digest)));
}

function fromLayout(
  archive: ArchiveDocuments,
  platforms: { readonly wanted: Platform | undefined; readonly host: Platform },
): readonly ImageInArchive[] {
  const images = layoutIndex(archive).flatMap((top): readonly ImageInArchive[] => {
    const found = chooseManifest(archive, top, platforms, 0);
    if (found === undefined) return [];
    const { manifest } = found;
    const config = archive.document(blobName(manifest.config.digest));
    const layers = manifest.layers.map(({ digest }) => blobName(digest));
    return [{ config, layers, manifest: found, references: annotatedNames(top.annotations ?? {}) }];
  });
  if (images.length > 0) return images;
  const wanted = formatPlatform(platforms.wanted ?? platforms.host);
  throw new BerthError("not-found", `no image for platform ${wanted} in the archive`);
}

/** Undefined for what is no image, such as an attestation, and for an index without the platform. */
function chooseManifest(
  archive: ArchiveDocuments,
  descriptor: Descriptor,
  platforms: { readonly wanted: Platform | undefined; readonly host: Platform },
  depth: number,
): FoundManifest | undefined {
  const bytes = archive.document(blobName(descriptor.digest));
  const parsed = parseManifestDocument(bytes, descriptor.mediaType);
  if (parsed.kind === "manifest") {
    return isImageManifest(parsed.manifest)
      ? { manifest: parsed.manifest, bytes, digest: descriptor.digest }
      : undefined;
  }
  // An archive may hold only some of the platforms that its index names.
  const present = parsed.index.manifests.filter(({ digest }) => archive.has(blobName(digest)));
  const chosen = choosePlatform(platforms.wanted ?? platforms.host, present);
  if (chosen === undefined || depth >= MAX_DEPTH) return undefined;
  return chooseManifest(archive, chosen, platforms, depth + 1);
}

function layoutIndex(archive: ArchiveDocuments): readonly Descriptor[] {
  const parsed = parseManifestDocument(archive.document(INDEX), "application/vnd.oci.image.index.v1+json");
  if (parsed.kind !== "index") throw invalid(`invalid archive: ${INDEX} is no index`);
  return parsed.index.manifests;
}

function annotatedNames(annotations: Readonly<Record<string, string>>): readonly Reference[] {
  const name = annotations[NAME] ?? annotations[REF_NAME];
  // A tag alone names nothing.
  if (name === undefined || (annotations[NAME] === undefined && isTag(name))) return [];
  return [taggedReference(name)];
}

function taggedReference(text: string): Reference {
  let reference: Reference;
  try {
    reference = parseReference(text);
  } catch (cause) {
    throw new BerthError("invalid-parameter", `invalid archive: ${JSON.stringify(text)}: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (reference.tag === undefined || reference.digest !== undefined) {
    throw invalid(`invalid tag ${JSON.stringify(text)}`);
  }
  return reference;
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new BerthError("invalid-parameter", `invalid archive: ${what} is no JSON`, { cause });
  }
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function invalid(message: string): BerthError {
  return new BerthError("invalid-parameter", message);
}
