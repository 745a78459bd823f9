import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { ImageMaker } from "../make/image-maker.ts";
import { blobName } from "./archive-documents.ts";
import type { ArchiveMembers } from "./archive-members.ts";
import type { ArtifactInArchive, ArtifactsInArchive } from "./artifacts-in-archive.ts";

/**
 * Keep an artifact of an archive, or an index of such, with its parts as they are. `name` gives it its names. Resolves to its
 * id, an index's first's. `data-loss` for parts that do not hash to their names, `invalid-parameter` for those that are not
 * there.
 */
export async function loadArtifacts(
  deps: { readonly maker: ImageMaker; readonly blobs: BlobStore },
  members: ArchiveMembers,
  { artifacts, index }: ArtifactsInArchive,
  lease: Lease,
  name: (target: { readonly imageId: string; readonly indexDigest: string | undefined }) => void,
): Promise<string> {
  if (index !== undefined) checkHash(index.bytes, index.digest);
  const imageIds: string[] = [];
  for (const artifact of artifacts) {
    const nameIt = (imageId: string): void => {
      if (index === undefined) name({ imageId, indexDigest: undefined });
    };
    imageIds.push(await loadArtifact(deps, members, artifact, lease, nameIt));
  }
  if (index === undefined) return imageIds[0] ?? "";
  const imageId = await deps.maker.index({ document: index, imageIds, attached: [], references: [] }, lease);
  name({ imageId, indexDigest: index.digest });
  return imageId;
}

async function loadArtifact(
  deps: { readonly maker: ImageMaker; readonly blobs: BlobStore },
  members: ArchiveMembers,
  { manifest, bytes, digest, type }: ArtifactInArchive,
  lease: Lease,
  name: (id: string) => void,
): Promise<string> {
  checkHash(bytes, digest);
  for (const part of [manifest.config, ...manifest.layers]) {
    lease.hold(part.digest);
    if (deps.blobs.has(part.digest)) continue;
    const member = members.member(blobName(part.digest));
    if (member.kind === "document") {
      checkHash(member.bytes, part.digest);
      await deps.blobs.put(part.digest, member.bytes, { durable: false });
    } else if (member.layer.digest === part.digest) await member.layer.takeBlob(lease);
    else throw damaged(part.digest);
  }
  const document = { mediaType: manifest.mediaType, digest, bytes };
  return deps.maker.artifact({ manifest, document, type }, lease, name);
}

/** `data-loss` for bytes of an archive that are not what their name says. */
export function checkHash(bytes: Uint8Array, digest: string): void {
  const algorithm = digest.slice(0, digest.indexOf(":"));
  if (`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` !== digest) throw damaged(digest);
}

function damaged(digest: string): BerthError {
  return new BerthError("data-loss", `blob ${digest} of the archive does not hash to its name`);
}
