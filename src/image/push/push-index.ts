import { BerthError } from "#base/errors.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { isIndexType } from "#spec/oci/media-types.ts";
import { blobBytes } from "../blob-bytes.ts";
import { attachedManifest, describeManifests, indexOf } from "../describe-manifests.ts";
import type { Publishable } from "../manifest-of.ts";
import type { ImageManifestInfo, Pushed, PushedInstead, StoredImage } from "../types.ts";
import { pushContent, pushed, pushImage, type ImagePush, type PushDeps } from "./push-image.ts";

export interface IndexPush extends Omit<ImagePush, "published"> {
  /** The leading image, with its variants. */
  readonly image: StoredImage;
  readonly publishable: (image: StoredImage) => Promise<Publishable>;
  readonly find: (id: string) => StoredImage;
  readonly onPushedInstead: (told: PushedInstead) => void;
}

/**
 * Bring an index to a repository under a tag: every image of it, what speaks about them, and itself at the end.
 * docker-compat: where one image alone is here, that goes in the index's place; where several are, the registry must have
 * the rest, else `not-found` in Docker's words and nothing is pushed.
 */
export async function pushIndex(deps: PushDeps, push: IndexPush): Promise<Pushed> {
  const { sink, signal } = push;
  const { target, manifests } = describeManifests(deps.blobs, push.image);
  const missing: Descriptor[] = [];
  for (const { isHere, descriptor } of manifests) {
    if (isHere || (!isIndexType(descriptor.mediaType) && (await sink.hasManifest(descriptor.digest, signal)))) continue;
    missing.push(descriptor);
  }
  const images = manifests.flatMap(({ image }) => image ?? []);
  const [only, another] = images;
  if (missing.length > 0) {
    if (only === undefined || another !== undefined) throw missingContent(missing[0]?.digest ?? "");
    push.onPushedInstead({ index: target, manifest: only.manifest });
    return pushImage(deps, { ...push, image: only, published: await push.publishable(only) });
  }
  for (const image of images) await push.publishable(image);
  // What was packed just now has other manifests than before, and so has the index.
  const image = push.find(push.image.id);
  const index = indexOf(deps.blobs, image);
  if (index === undefined) throw new BerthError("data-loss", `the index of image ${image.id} is gone`);
  await pushManifests(deps, push, describeManifests(deps.blobs, image).manifests);
  const { mediaType, digest } = index.descriptor;
  const document = { mediaType, digest, bytes: index.bytes };
  await sink.putManifest({ tag: push.reference.tag ?? "latest" }, document, signal);
  return pushed(deps, push, document, digest);
}

/** Images first, then what speaks about them. */
async function pushManifests(deps: PushDeps, push: IndexPush, manifests: readonly ImageManifestInfo[]): Promise<void> {
  const { sink, signal } = push;
  for (const { image } of manifests) {
    if (image === undefined) continue;
    const published = await push.publishable(image);
    await pushContent(deps, { ...push, image, published }, { digest: published.document.digest });
  }
  for (const { kind, descriptor } of manifests) {
    const attached = kind === "attestation" ? attachedManifest(deps.blobs, descriptor) : undefined;
    if (attached === undefined) continue;
    const { manifest, bytes } = attached;
    for (const blob of [manifest.config, ...manifest.layers]) {
      if (await sink.hasBlob(blob.digest, signal)) continue;
      const quiet = { signal, onProgress: () => {}, onRetry: () => {} };
      await sink.putBlob(blob, (offset) => blobBytes(deps.blobs, blob, offset), quiet);
    }
    const { digest } = descriptor;
    await sink.putManifest({ digest }, { mediaType: manifest.mediaType, digest, bytes }, signal);
  }
}

function missingContent(digest: string): BerthError {
  return new BerthError(
    "not-found",
    `missing content: content digest ${digest}: not found\nNote: You're trying to push a manifest list/index which ` +
      "references multiple platform specific manifests, but not all of them are available locally or available to the " +
      "remote repository.\nMake sure you have all the referenced content and try again.\n\nYou can also push only a " +
      "single platform specific manifest directly by specifying the platform you want to push with the --platform flag.",
  );
}
