import { digestAlgorithm, isDigest } from "#base/digest.ts";
import { isIndexType } from "#spec/oci/media-types.ts";
import { isTag } from "#spec/oci/reference.ts";
import { checkWritable } from "../check-writable.ts";
import type { Actor } from "../actor.ts";
import type { RegistryContext } from "../context.ts";
import {
  digestInvalid,
  manifestInvalid,
  ManifestTooLarge,
  partsOfOtherSize,
  partsUnknown,
  tagInvalid,
} from "../failure.ts";
import { checkTagMayMove } from "../policies/immutable-tags.ts";
import { checkRepositoryName } from "../repositories/repository.ts";
import { digestOfBytes, readManifest, type ManifestPart } from "./read-manifest.ts";

export interface PutManifest {
  readonly repository: string;
  /** A tag, or the digest that the bytes must have. */
  readonly reference: string;
  /** Tags to set beside, for a push by digest (distribution-spec end-7b). */
  readonly tags: readonly string[];
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  readonly actor: Actor;
  /** Its parts may be missing: they come from elsewhere when they are asked for. */
  readonly isSparse?: boolean;
}

export interface PushedManifest {
  readonly digest: string;
  readonly mediaType: string;
  /** The manifest it is about. */
  readonly subject: string | undefined;
  readonly tags: readonly string[];
}

/**
 * Take a manifest and set its tags, all or nothing. Everything it names must be in the repository, but for its subject and
 * for layers that are kept elsewhere, and as large as it says. `SIZE_INVALID`, `MANIFEST_INVALID`, `MANIFEST_BLOB_UNKNOWN`, `DIGEST_INVALID`, `TAG_INVALID`,
 * {@link ManifestTooLarge}.
 */
export function putManifest(context: RegistryContext, request: PutManifest): PushedManifest {
  checkWritable(context);
  const { repository, reference, bytes, actor } = request;
  checkRepositoryName(repository);
  if (bytes.length > context.settings.maxManifestBytes) throw new ManifestTooLarge(context.settings.maxManifestBytes);
  const tags = isDigest(reference) ? request.tags : [reference];
  for (const tag of tags) {
    if (tag.includes(":")) throw digestInvalid(tag, "this is no sha256 or sha512 digest");
    if (!isTag(tag)) throw tagInvalid(tag);
  }
  if (!isDigest(reference) && request.tags.length > 0) throw manifestInvalid("further tags are for a push by digest");
  const digest = digestOfBytes(isDigest(reference) ? digestAlgorithm(reference) : "sha256", bytes);
  if (isDigest(reference) && reference !== digest) throw digestInvalid(reference);
  const manifest = readManifest(bytes, request.contentType);
  const now = context.now();
  context.database.transaction(() => {
    const { id } = context.repositories.ensure(repository, now);
    for (const tag of tags) checkTagMayMove(context, { id, name: repository }, tag, digest);
    const { mediaType, artifactType, subject, annotations } = manifest;
    if (request.isSparse !== true) checkParts(context, id, manifest.parts, isIndexType(mediaType));
    const parts = [...new Set(manifest.parts.map((part) => part.digest))];
    const row = { digest, mediaType, sizeBytes: bytes.length, artifactType, subject, annotations };
    context.manifests.put(id, { ...row, pushedAtMs: now, pushedBy: actor.name }, bytes, parts);
    for (const name of tags) context.tags.put(id, { name, digest, updatedAtMs: now, updatedBy: actor.name });
    context.repositories.touch(id, now);
    const event = { repository, digest, mediaType, sizeBytes: bytes.length, isManifest: true, actor, atMs: now };
    for (const tag of tags.length === 0 ? [undefined] : tags)
      context.events.emit({ action: "push", ...event, ...(tag === undefined ? {} : { tag }) });
  });
  return { digest, mediaType: manifest.mediaType, subject: manifest.subject, tags };
}

/** Every part is there, with the size that the manifest tells clients to expect. */
function checkParts(
  context: RegistryContext,
  repositoryId: number,
  parts: readonly ManifestPart[],
  ofIndex: boolean,
): void {
  const sizes = new Map(parts.map(({ digest }) => [digest, sizeOf(context, repositoryId, digest, ofIndex)]));
  const missing = [...sizes].flatMap(([digest, size]) => (size === undefined ? [digest] : []));
  if (missing.length > 0) throw partsUnknown(missing);
  const wrong = parts.filter(({ digest, sizeBytes }) => sizes.get(digest) !== sizeBytes);
  if (wrong.length > 0) throw partsOfOtherSize(wrong.map(({ digest }) => digest));
}

/** An index may name blobs beside manifests (image-spec "OCI Image Index": any media type). */
function sizeOf(context: RegistryContext, repositoryId: number, digest: string, ofIndex: boolean): number | undefined {
  const manifest = ofIndex ? context.manifests.find(repositoryId, digest) : undefined;
  return manifest?.sizeBytes ?? context.blobs.linked(repositoryId, digest)?.sizeBytes;
}
