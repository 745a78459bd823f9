import { isDigest } from "#base/digest.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import type { RegistryContext } from "../context.ts";
import { digestInvalid } from "../failure.ts";
import { checkRepositoryName } from "../repositories/repository.ts";

export interface ReferrersPage {
  /** An image index of the manifests about the subject (distribution-spec "Listing Referrers"). */
  readonly index: {
    readonly schemaVersion: 2;
    readonly mediaType: string;
    readonly manifests: readonly Readonly<Record<string, unknown>>[];
  };
  /** Where the next page begins, when there is more. */
  readonly next: string | undefined;
}

/** Never `NAME_UNKNOWN` or `MANIFEST_UNKNOWN`: what nobody refers to has an empty list. `DIGEST_INVALID`. */
export function listReferrers(
  context: RegistryContext,
  repository: string,
  subject: string,
  options: { readonly artifactType: string; readonly after: string; readonly limit: number },
): ReferrersPage {
  checkRepositoryName(repository);
  if (!isDigest(subject)) throw digestInvalid(subject, "this is no sha256 or sha512 digest");
  const row = context.repositories.find(repository);
  const found =
    row === undefined ? [] : context.manifests.referrers(row.id, subject, { ...options, limit: options.limit + 1 });
  const page = found.slice(0, options.limit);
  const manifests = page.map(({ mediaType, digest, sizeBytes, artifactType, annotations }) => ({
    mediaType,
    digest,
    size: sizeBytes,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  }));
  return {
    index: { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests },
    next: found.length > page.length ? page.at(-1)?.digest : undefined,
  };
}
