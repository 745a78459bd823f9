import { BerthError } from "#base/errors.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import { canonicalName, withDefaultTag, withDigest, type Reference } from "#spec/oci/reference.ts";
import type { ImageSinks } from "../sink.ts";
import type { ImageSources, SourceManifest } from "../source.ts";
import type { RegistryAuth } from "../types.ts";
import { copyImage } from "./copy-image.ts";

/**
 * Bring an index to a registry, under a tag. Manifests that it names and other repositories of the registry have are taken
 * over first, with their blobs; the rest must be in the repository. Resolves to the names of what was taken over.
 * `invalid-parameter` for what is no index, and for sources at another registry.
 */
export async function pushList(
  registries: ImageSources & ImageSinks,
  request: {
    readonly to: Reference;
    readonly document: SourceManifest;
    /** With their digests. */
    readonly sources: readonly Reference[];
    readonly auth: RegistryAuth | undefined;
    readonly signal: AbortSignal;
  },
): Promise<readonly string[]> {
  const { document, auth, signal } = request;
  const to = withDefaultTag(request.to);
  if (to.tag === undefined) throw new BerthError("invalid-parameter", "an index is pushed under a tag");
  if (parseManifestDocument(document.bytes, document.mediaType).kind !== "index")
    throw new BerthError("invalid-parameter", "what is pushed is no index");
  const taken: string[] = [];
  for (const from of request.sources) {
    if (from.domain !== to.domain)
      throw new BerthError(
        "invalid-parameter",
        `${canonicalName(from)} is not in the registry of ${canonicalName(to)}`,
      );
    if (from.path === to.path || from.digest === undefined) continue;
    const place = withDigest({ ...to, tag: undefined }, from.digest);
    const sink = registries.openSink(to, auth, [from.path]);
    const source = registries.open(from, auth);
    await copyImage({ source, from, sink, to: place, mountFrom: from.path, signal, onProgress: () => {} });
    taken.push(`${canonicalName(to)}@${from.digest}`);
  }
  await registries.openSink(to, auth, []).putManifest({ tag: to.tag }, document, signal);
  return taken;
}
