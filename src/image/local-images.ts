import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import { formatPlatform, type Platform } from "#spec/oci/platform.ts";
import { canonicalString, parseReference, withDefaultTag, withTag, type Reference } from "#spec/oci/reference.ts";
import { attestationStatements } from "./attestation-statements.ts";
import { ImageArchives } from "./archive/image-archives.ts";
import { knownLayer } from "./archive/known-layers.ts";
import { loadImages } from "./archive/load-images.ts";
import { commitImage } from "./commit/commit-image.ts";
import { copyBetween } from "./copy/copy-between.ts";
import { describeManifests } from "./describe-manifests.ts";
import { Durability } from "./durability.ts";
import { ImageCatalog, type ImageRows } from "./image-catalog.ts";
import { importRoot } from "./make/import-root.ts";
import { ImageMaker } from "./make/image-maker.ts";
import { checkStore } from "./manage/check-store.ts";
import { repairStore, type RepairDeps } from "./manage/repair-store.ts";
import { collect, collectAll, type CollectDeps } from "./manage/collect-garbage.ts";
import { removeImage } from "./manage/remove-image.ts";
import { tagImage } from "./manage/tag-image.ts";
import { LayerFetcher } from "./pull/layer-fetcher.ts";
import type { PullResult } from "./pull/pull-deps.ts";
import { pullImage, pullStatus } from "./pull/pull-image.ts";
import { ImagePusher } from "./push/image-pusher.ts";
import { noticesTo } from "./registry-notices.ts";
import { SharedWork, type OnProgress } from "./shared-work.ts";
import type { ImageSinks } from "./sink.ts";
import type { ImageSource, ImageSources } from "./source.ts";
import type {
  AttestationStatement,
  CommitRequest,
  CopyRequest,
  ImageBasis,
  ImageService,
  ImportRequest,
  LoadedImage,
  LayerFacts,
  LoadRequest,
  PushRequest,
  RegistryAuth,
  SavedArchive,
  SaveRequest,
  StoredImage,
} from "./types.ts";
import { HelperUnpacker } from "./unpack/layer-unpacker.ts";

const MAX_DOWNLOADS = 3;
const MAX_UPLOADS = 5;

type PullRequest = Parameters<ImageService["pull"]>[0];

/** Images on this machine's disk: rows, blobs and unpacked layers under one data root. */
export class LocalImages implements ImageService {
  /** For who makes images himself, builds above all. */
  readonly maker: ImageMaker;
  readonly #rows: ImageRows;
  readonly #blobs: BlobStore;
  readonly #layers: LayerDirectories;
  readonly #sources: ImageSources & ImageSinks;
  readonly #catalog: ImageCatalog;
  readonly #collecting: CollectDeps;
  readonly #durability: Durability;
  readonly #unpacker: HelperUnpacker;
  readonly #pull: (request: Parameters<typeof pullImage>[1]) => Promise<PullResult>;
  readonly #commit: (parent: StoredImage, request: CommitRequest) => Promise<string>;
  readonly #pusher: ImagePusher;
  readonly #archives: ImageArchives;
  readonly #stored: Parameters<typeof checkStore>[0] & Omit<RepairDeps, "pull">;
  readonly #load: (request: LoadRequest) => Promise<readonly LoadedImage[]>;
  readonly #now: () => string;
  readonly #hostPlatform: Platform;
  readonly #pulls = new SharedWork<PullResult>();

  constructor(deps: {
    readonly rows: ImageRows;
    readonly blobs: BlobStore;
    readonly leases: Leases;
    readonly layers: LayerDirectories;
    readonly sources: ImageSources & ImageSinks;
    readonly helpers: Helpers;
    readonly log: Log;
    readonly hostPlatform: Platform;
    /** /proc/sys/kernel/random/boot_id. */
    readonly bootId: string;
    /** A directory on the file system of blobs and layers. */
    readonly dataRoot: string;
    /** RFC 3339. */
    readonly now: () => string;
    readonly maxDownloads?: () => number;
    readonly maxUploads?: () => number;
  }) {
    this.#rows = deps.rows;
    this.#blobs = deps.blobs;
    this.#layers = deps.layers;
    this.#sources = deps.sources;
    this.#now = deps.now;
    this.#hostPlatform = deps.hostPlatform;
    this.#catalog = new ImageCatalog(deps);
    this.#collecting = deps;
    this.#unpacker = new HelperUnpacker(deps);
    this.#durability = new Durability({ ...deps, unpacker: this.#unpacker });
    const fetcher = new LayerFetcher({
      ...deps,
      unpacker: this.#unpacker,
      maxDownloads: deps.maxDownloads ?? (() => MAX_DOWNLOADS),
    });
    this.maker = new ImageMaker({ ...deps, onRecorded: () => this.#durability.schedule() });
    this.#commit = (parent, request) => commitImage({ ...deps, maker: this.maker }, parent, request);
    this.#pusher = new ImagePusher({
      ...deps,
      catalog: this.#catalog,
      sinks: deps.sources,
      maxUploads: deps.maxUploads ?? (() => MAX_UPLOADS),
    });
    this.#stored = { ...deps, catalog: this.#catalog, unpacker: this.#unpacker };
    this.#archives = new ImageArchives({ ...deps, catalog: this.#catalog });
    this.#load = (request) => loadImages({ ...deps, maker: this.maker }, request);
    this.#pull = (request) => pullImage({ ...deps, fetcher }, request);
  }

  /** At start, before anything else: remove what a killed engine left, mend what a power cut damaged. */
  async reconcile(): Promise<void> {
    this.#blobs.reconcile();
    await this.#layers.reconcile();
    await this.#durability.repair();
    await collectAll(
      this.#collecting,
      this.#layers.all().map((row) => row.diffId),
    );
    if (this.#layers.unsynced().length > 0) this.#durability.schedule();
  }

  /** A container's snapshot let go of these layers: delete those that nothing holds any more. */
  async release(diffIds: readonly string[]): Promise<void> {
    await collect(this.#collecting, { diffIds, blobs: [] });
  }

  /** Stop background work. */
  close(): void {
    this.#durability.close();
  }

  async resolve(nameOrId: string, platform?: Platform): Promise<StoredImage> {
    return this.#catalog.resolve(nameOrId, platform);
  }

  async basis(nameOrId: string): Promise<ImageBasis> {
    return this.#catalog.basis(nameOrId);
  }

  async list(): Promise<readonly StoredImage[]> {
    return this.#catalog.list();
  }

  async commit(request: CommitRequest): Promise<StoredImage> {
    const id = await this.#commit(this.#catalog.resolve(request.parentId), request);
    return this.#catalog.resolve(id);
  }

  async push(request: PushRequest): Promise<void> {
    await this.#pusher.push(request);
    this.#durability.schedule();
  }

  async check(options: { readonly repair: boolean }): ReturnType<ImageService["check"]> {
    const found = await checkStore(this.#stored);
    if (!options.repair) return { ...found, problems: found.problems.map((one) => ({ ...one, repaired: false })) };
    const pull = (reference: string): Promise<unknown> => this.pull({ reference, onProgress: () => {} });
    return { ...found, problems: await repairStore({ ...this.#stored, pull }, found.problems) };
  }

  copy(request: CopyRequest): Promise<string> {
    return copyBetween(this.#sources, request);
  }

  manifests(image: StoredImage): ReturnType<ImageService["manifests"]> {
    return describeManifests(this.#blobs, image);
  }

  attestations(
    image: StoredImage,
    options: Parameters<ImageService["attestations"]>[1],
  ): readonly AttestationStatement[] {
    return attestationStatements(this.#blobs, image, options);
  }

  async save(request: SaveRequest): Promise<SavedArchive> {
    return this.#archives.save(request);
  }

  layersToSave(request: SaveRequest): readonly LayerFacts[] {
    return this.#archives.layers(request);
  }

  missingLayers(layers: readonly Pick<LayerFacts, "digest" | "diffId">[]): readonly string[] {
    return layers.filter((layer) => knownLayer(this.#stored, layer) === undefined).map(({ digest }) => digest);
  }

  load(request: LoadRequest): Promise<readonly LoadedImage[]> {
    return this.#load(request);
  }

  async importRoot(request: ImportRequest): Promise<StoredImage> {
    return this.#catalog.resolve(await importRoot(this.maker, request));
  }

  setLocked(imageId: string, locked: boolean): void {
    this.#rows.setLocked(imageId, locked);
  }

  touch(imageId: string): void {
    this.#rows.touch(imageId, this.#now());
  }

  blobsOf(imageId: string): ReadonlyMap<string, number> {
    return new Map(this.#rows.blobsOf(imageId).map((digest) => [digest, this.#blobs.sizeOf(digest) ?? 0]));
  }

  stored(): ReadonlyMap<string, number> {
    return new Map([
      ...this.#layers.all().map(({ diffId, sizeBytes }) => [`layer ${diffId}`, sizeBytes] as const),
      ...this.#blobs.list().map((digest) => [digest, this.#blobs.sizeOf(digest) ?? 0] as const),
      ["unfinished", this.#blobs.unfinishedBytes()],
    ]);
  }

  async tag(nameOrId: string, reference: string): Promise<void> {
    tagImage({ rows: this.#rows, catalog: this.#catalog }, nameOrId, reference, this.#now());
  }

  async remove(request: Parameters<ImageService["remove"]>[0]): ReturnType<ImageService["remove"]> {
    return removeImage({ ...this.#collecting, catalog: this.#catalog, hostPlatform: this.#hostPlatform }, request);
  }

  async pull(request: PullRequest): Promise<StoredImage> {
    const reference = parseReference(request.reference);
    const source = this.#sources.open(reference, request.auth, noticesTo(request.onProgress));
    this.#unpacker.warm();
    if (request.allTags === true && reference.tag === undefined && reference.digest === undefined) {
      return this.#pullAllTags(reference, source, request);
    }
    const wanted = withDefaultTag(reference);
    const result = await this.#shared(wanted, source, request);
    request.onProgress({ status: pullStatus(wanted, result.isNew) });
    return this.#pulled(result);
  }

  /** Bring an image from a source that is no registry, under the name `reference`. */
  async importFrom(source: ImageSource, request: Omit<PullRequest, "allTags" | "auth">): Promise<StoredImage> {
    const reference = withDefaultTag(parseReference(request.reference));
    const result = await this.#pull({
      source,
      reference,
      platform: request.platform,
      signal: request.signal ?? new AbortController().signal,
      onProgress: request.onProgress,
    });
    this.#durability.schedule();
    return this.#pulled(result);
  }

  async #pullAllTags(repository: Reference, source: ImageSource, request: PullRequest): Promise<StoredImage> {
    const tags = await source.tags(request.signal ?? new AbortController().signal);
    let last: PullResult | undefined;
    let isNew = false;
    for (const tag of tags) {
      last = await this.#shared(withTag(repository, tag), source, request);
      isNew ||= last.isNew;
    }
    if (last === undefined) throw new BerthError("not-found", `no tags found for ${request.reference}`);
    request.onProgress({ status: pullStatus(repository, isNew) });
    return this.#pulled(last);
  }

  async #shared(reference: Reference, source: ImageSource, request: PullRequest): Promise<PullResult> {
    const { platform } = request;
    // Callers with other credentials must prove them themselves.
    const key = [
      canonicalString(reference),
      platform === undefined ? "" : formatPlatform(platform),
      credentialsKey(request.auth),
    ].join(" ");
    const caller: { signal: AbortSignal | undefined; onProgress: OnProgress } = {
      signal: request.signal,
      onProgress: request.onProgress,
    };
    const result = await this.#pulls.join(key, caller, (signal, onProgress) =>
      this.#pull({ source, reference, platform, signal, onProgress }),
    );
    this.#durability.schedule();
    return result;
  }

  #pulled(result: PullResult): StoredImage {
    const image = this.#catalog.find(result.imageId);
    if (image === undefined) throw new BerthError("not-found", `No such image: ${result.imageId}`);
    return image;
  }
}

function credentialsKey(auth: RegistryAuth | undefined): string {
  return createHash("sha256")
    .update(JSON.stringify(auth ?? {}))
    .digest("hex");
}
