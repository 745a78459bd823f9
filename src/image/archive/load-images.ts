import { createHash } from "node:crypto";
import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { shortId } from "#base/ids.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { Descriptor, ImageConfig } from "#spec/oci/image.ts";
import { layerMediaType } from "#spec/oci/media-types.ts";
import { parseImageConfig } from "#spec/oci/parse-image.ts";
import { platformRank, formatPlatform, type Platform } from "#spec/oci/platform.ts";
import { canonicalName, familiarString, type Reference } from "#spec/oci/reference.ts";
import { referenceSuffix } from "../image-catalog.ts";
import type { ImageMaker } from "../make/image-maker.ts";
import { collect, type CollectDeps } from "../manage/collect-garbage.ts";
import { manifestFor } from "../make/record-image.ts";
import type { MadeLayer } from "../make/types.ts";
import type { LoadedImage, LoadRequest } from "../types.ts";
import { checkHash, loadArtifacts } from "./load-artifact.ts";
import { archiveStream } from "./archive-stream.ts";
import { ArchiveMembers, type ArchiveMember } from "./archive-members.ts";
import { holdKnownLayer } from "./known-layers.ts";
import type { ArchiveDocuments, FoundManifest } from "./archive-view.ts";
import { imagesInArchive, type ArchiveEntry, type ImageInArchive } from "./images-in-archive.ts";

export interface LoadDeps extends CollectDeps {
  readonly maker: ImageMaker;
  readonly hostPlatform: Platform;
  /** RFC 3339. */
  readonly now: () => string;
}

/** See {@link import("../types.ts").ImageService.load}. */
export async function loadImages(deps: LoadDeps, request: LoadRequest): Promise<readonly LoadedImage[]> {
  const lease = deps.maker.lease();
  const members = new ArchiveMembers(() => deps.maker.incomingLayer());
  const taken = new Map<ArchiveMember, Promise<MadeLayer>>();
  try {
    await receive(members, request);
    const documents = request.lacksLayers === true ? withBlobsHere(members, deps.blobs) : members;
    const found = imagesInArchive(documents, { wanted: request.platforms, host: deps.hostPlatform });
    const loaded: LoadedImage[] = [];
    for (const entry of found.images) loaded.push(await loadEntry({ deps, request, members, lease, taken }, entry));
    for (const [at, { parentId }] of found.images.entries()) {
      const [id, isHere] = [loaded[at]?.id ?? "", loaded.some((other) => other.id === parentId)];
      if (parentId !== undefined && isHere) setParent(deps, id, parentId);
    }
    for (const artifact of found.artifacts) {
      const { references } = artifact;
      const name = (target: Parameters<typeof tag>[1]): void => {
        for (const reference of references) tag(deps, target, reference, request.onText);
      };
      const id = await loadArtifacts(deps, members, artifact, lease, name);
      loaded.push({ id, references: references.map(familiarString) });
    }
    return loaded;
  } finally {
    await members.close();
    lease.release();
    await collectUnused(deps, taken.values());
  }
}

/** What is asked of documents that may name blobs which are not in the archive but here. */
function withBlobsHere(members: ArchiveMembers, blobs: BlobStore): ArchiveDocuments {
  return {
    has: (name) => members.has(name) || (isBlobName(name) && blobs.sizeOf(digestIn(name)) !== undefined),
    document: (name) => members.document(name),
  };
}

const isBlobName = (name: string): boolean => /^blobs\/sha(?:256|512)\/[0-9a-f]{64,128}$/.test(name);

const digestIn = (name: string): string => name.slice("blobs/".length).replace("/", ":");

/** docker-compat: only what an image was made from, by its history and its layers, can be its parent. */
function setParent(deps: LoadDeps, id: string, parentId: string): void {
  const config = (of: string): ImageConfig => parseImageConfig(deps.rows.find(of)?.config ?? new Uint8Array());
  const [image, parent] = [config(id), config(parentId)];
  const begins = <T>(whole: readonly T[], start: readonly T[]): boolean =>
    start.length <= whole.length && start.every((one, at) => JSON.stringify(one) === JSON.stringify(whole[at]));
  const [history, before] = [image.history ?? [], parent.history ?? []];
  const isShorter = before.length < history.length || history.length === 0;
  if (!isShorter || !begins(history, before) || !begins(image.rootfs.diff_ids, parent.rootfs.diff_ids))
    throw new BerthError("invalid-parameter", `image ${parentId} is not a valid parent for ${id}`);
  deps.rows.setParent(id, parentId);
}

/** Layers of an image that was refused, and blobs that came twice. */
async function collectUnused(deps: LoadDeps, taken: Iterable<Promise<MadeLayer>>): Promise<void> {
  const layers = (await Promise.allSettled(taken)).flatMap((outcome) =>
    outcome.status === "fulfilled" ? [outcome.value] : [],
  );
  await collect(deps, { diffIds: layers.map(({ diffId }) => diffId), blobs: layers.map(({ blob }) => blob.digest) });
}

/** docker-compat: the words about what is no archive. */
async function receive(members: ArchiveMembers, request: LoadRequest): Promise<void> {
  try {
    await members.receive(archiveStream(request.archive), request.signal);
  } catch (error) {
    if (!isBerthError(error, "invalid-parameter") && !isBerthError(error, "data-loss")) throw error;
    throw new BerthError("invalid-parameter", messageOf(error), { cause: error });
  }
}

interface Loading {
  readonly deps: LoadDeps;
  readonly request: LoadRequest;
  readonly members: ArchiveMembers;
  readonly lease: Lease;
  readonly taken: Map<ArchiveMember, Promise<MadeLayer>>;
}

/** Images first; names mean nothing before all of them are here. */
async function loadEntry(loading: Loading, { images, index, references }: ArchiveEntry): Promise<LoadedImage> {
  const { deps, request, lease } = loading;
  const ids: string[] = [];
  for (const image of images) ids.push(await load(loading, image, index !== undefined));
  let id = ids[0] ?? "";
  if (index !== undefined) {
    checkHash(index.bytes, index.digest);
    const attached = await loadAttached(loading, index.attached);
    id = await deps.maker.index({ document: index, imageIds: ids, attached, references: [] }, lease);
  }
  for (const reference of references) tag(deps, { imageId: id, indexDigest: index?.digest }, reference, request.onText);
  return { id, references: references.map(familiarString) };
}

/** An image that is here keeps the manifest it has, unless an index names another. */
async function load(loading: Loading, image: ImageInArchive, inIndex: boolean): Promise<string> {
  const { deps, lease } = loading;
  const config = parseImageConfig(image.config);
  checkConfig(config, image, loading);
  const id = `sha256:${createHash("sha256").update(image.config).digest("hex")}`;
  lease.hold(id);
  const known = deps.rows.find(id);
  if (known === undefined || (inIndex && known.manifest.digest !== image.manifest?.digest)) {
    const layers: MadeLayer[] = [];
    for (const [index, name] of image.layers.entries()) {
      layers.push(await takeLayer(loading, name, index, config.rootfs.diff_ids[index] ?? ""));
    }
    const manifest = manifestOfLoaded(image, layers);
    await deps.maker.record({ config: image.config, manifest, diffIds: config.rootfs.diff_ids, references: [] }, lease);
  }
  return id;
}

/** What speaks about an image, kept as it is. Resolves to the digests of what is in the archive whole. */
async function loadAttached(
  { deps, members, lease }: Loading,
  attached: readonly FoundManifest[],
): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const { manifest, bytes, digest } of attached) {
    const parts = [manifest.config, ...manifest.layers].map((part) => {
      const name = `blobs/${part.digest.replace(":", "/")}`;
      const member = members.has(name) ? members.member(name) : undefined;
      return { digest: part.digest, bytes: member?.kind === "document" ? member.bytes : undefined };
    });
    if (parts.some((part) => part.bytes === undefined)) continue;
    for (const part of [{ digest, bytes }, ...parts]) {
      checkHash(part.bytes ?? new Uint8Array(), part.digest);
      lease.hold(part.digest);
      await deps.blobs.put(part.digest, part.bytes ?? new Uint8Array(), { durable: false });
      kept.push(part.digest);
    }
  }
  return kept;
}

function checkConfig(config: ImageConfig, image: ImageInArchive, { deps, request }: Loading): void {
  const expected = image.layers.length;
  const found = config.rootfs.diff_ids.length;
  if (expected !== found) {
    const text = `invalid manifest, layers length mismatch: expected ${expected}, got ${found}`;
    throw new BerthError("invalid-parameter", text);
  }
  if (config.os !== "" && config.os !== deps.hostPlatform.os) {
    throw new BerthError("invalid-parameter", `cannot load ${config.os} image on ${deps.hostPlatform.os}`);
  }
  const { platforms } = request;
  if (platforms.length === 0 || config.architecture === "") return;
  if (platforms.some((platform) => platformRank(platform, config) === 0)) return;
  throw new BerthError(
    "not-found",
    `the archive's image is for platform ${formatPlatform(config)}, not for ${platforms.map(formatPlatform).join(", ")}`,
  );
}

/** One member may be the layer of several images. */
async function takeLayer(loading: Loading, name: string, index: number, diffId: string): Promise<MadeLayer> {
  const { deps, request, members, lease, taken } = loading;
  if (request.lacksLayers === true && !members.has(name) && isBlobName(name)) {
    const known = holdKnownLayer(deps, { digest: digestIn(name), diffId }, lease);
    if (known !== undefined) return known;
  }
  const member = members.member(name);
  let taking = taken.get(member);
  const isNew = deps.layers.find(diffId) === undefined;
  if (taking === undefined) {
    taking = makeLayer(deps.maker, member, lease);
    taken.set(member, taking);
  }
  const layer = await taking;
  if (layer.diffId !== diffId) {
    const text = `invalid diffID for layer ${index}: expected "${diffId}", got "${layer.diffId}"`;
    throw new BerthError("data-loss", text);
  }
  const total = layer.blob.sizeBytes;
  if (isNew) {
    request.onProgress({ status: "Loading layer", progressDetail: { current: total, total }, id: shortId(diffId) });
  }
  return layer;
}

async function makeLayer(maker: ImageMaker, member: ArchiveMember, lease: Lease): Promise<MadeLayer> {
  if (member.kind === "layer") return member.layer.take(lease);
  async function* bytes(): AsyncIterable<Uint8Array> {
    if (member.kind === "document") yield member.bytes;
  }
  return maker.layerFromArchive(bytes(), lease);
}

/** The one the archive has, when it speaks of these very bytes. */
function manifestOfLoaded(image: ImageInArchive, layers: readonly MadeLayer[]) {
  const given = image.manifest;
  const blobs = layers.map(({ blob: { digest, sizeBytes, compression } }): Descriptor => {
    return { mediaType: layerMediaType(compression, "docker"), size: sizeBytes, digest };
  });
  const own = manifestFor(image.config, blobs, "docker");
  if (given === undefined) return own;
  const { manifest, bytes } = given;
  const parts = [manifest.config, ...manifest.layers];
  const isHonest =
    digestOf(bytes, given.digest) === given.digest &&
    [own.manifest.config, ...blobs].every(
      ({ digest, size }, at) => parts[at]?.digest === digest && parts[at]?.size === size,
    );
  if (!isHonest) throw new BerthError("data-loss", `manifest ${given.digest} does not match the archive's content`);
  return { manifest, document: { mediaType: manifest.mediaType, digest: given.digest, bytes } };
}

function digestOf(bytes: Uint8Array, like: string): string {
  const algorithm = like.slice(0, like.indexOf(":"));
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** docker-compat: an image that loses its name is told of. */
function tag(
  deps: LoadDeps,
  target: { readonly imageId: string; readonly indexDigest: string | undefined },
  reference: Reference,
  onText: (text: string) => void,
): void {
  const name = canonicalName(reference);
  const suffix = referenceSuffix(reference);
  const before = deps.rows.findReference(name, suffix);
  if (before?.imageId === target.imageId && before.indexDigest === target.indexDigest) return;
  if (before !== undefined && before.imageId !== target.imageId) {
    onText(
      `The image ${familiarString(reference)} already exists, renaming the old one with ID ${before.imageId} to empty string\n`,
    );
  }
  if (deps.rows.find(target.imageId) === undefined)
    throw new BerthError("conflict", `image ${target.imageId} was removed while it was loaded: load it again`);
  deps.rows.putReference({ name, suffix, ...target }, deps.now());
}
