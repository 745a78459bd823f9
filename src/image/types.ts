import type { Descriptor, ImageConfig } from "#spec/oci/image.ts";
import type { Platform } from "#spec/oci/platform.ts";

/** One unpacked layer of an image. */
export interface StoredLayer {
  readonly diffId: string;
  /** Bytes of regular files when unpacked. */
  readonly sizeBytes: number;
  /** Absolute path of the unpacked, read-only tree. */
  readonly path: string;
}

/** An image in the local store, immutable. `id` is the config digest, as Docker's image id; an artifact's is its manifest's. */
export interface StoredImage {
  readonly id: string;
  readonly manifest: Descriptor;
  /** Bytes of the config exactly as stored. */
  readonly rawConfig: Uint8Array;
  readonly config: ImageConfig;
  readonly diffIds: readonly string[];
  /** Bottom first, one for each of `diffIds`. */
  readonly layers: readonly StoredLayer[];
  /** Familiar names, e.g. `busybox:latest`. */
  readonly repoTags: readonly string[];
  /** e.g. `busybox@sha256:…`. */
  readonly repoDigests: readonly string[];
  /** Sum of the unpacked layers. */
  readonly sizeBytes: number;
  readonly lastTaggedAt: string | undefined;
  /** RFC 3339: a container of it was removed, or a build began with it. */
  readonly lastUsedAt: string | undefined;
  /** It keeps its last name and stays until somebody unlocks it. */
  readonly isLocked: boolean;
  /** The image it was made of by a commit or a classic build here, as long as that one is there. */
  readonly parentId: string | undefined;
  /** What it is when it is no image; see {@link import("./artifact.ts").recordArtifact}. */
  readonly artifactType: string | undefined;
  /** The index that it is part of; undefined for one that came alone. */
  readonly indexDigest: string | undefined;
  /** What its names mean on other platforms, as far as it is here. None of them has variants itself. */
  readonly variants: readonly StoredImage[];
}

/** What containers are made of: an image without its names, its layers' places and its other platforms. */
export type ImageBasis = Pick<
  StoredImage,
  | "id"
  | "manifest"
  | "rawConfig"
  | "config"
  | "diffIds"
  | "lastTaggedAt"
  | "lastUsedAt"
  | "isLocked"
  | "parentId"
  | "artifactType"
>;

/** One line of Docker's progress stream (`jsonmessage`). */
export interface Progress {
  readonly status: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress?: string;
}

/** An image to be made of a container. */
export interface CommitRequest {
  readonly parentId: string;
  /** An overlay's upper directory over the parent's layers; nobody changes it meanwhile. */
  readonly upperDir: string;
  /** The image's `config` object, as it is to be stored. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly author: string;
  readonly comment: string;
  /** For the history. */
  readonly createdBy: string;
  /** RFC 3339. */
  readonly created: string;
  /** `name[:tag]`; undefined leaves the image without a name. */
  readonly reference: string | undefined;
}

/** What the last message about a pushed tag tells programs. */
export interface Pushed {
  readonly tag: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Only one image of an index was pushed, because the others are not here. */
export interface PushedInstead {
  readonly index: Descriptor;
  readonly manifest: Descriptor;
}

export interface PushRequest {
  /** `name[:tag]`; without a tag all tags of the repository. */
  readonly reference: string;
  /** One image of an index instead of the whole. */
  readonly platform?: Platform | undefined;
  readonly auth: RegistryAuth | undefined;
  /** For layers that were made here and never pushed. */
  readonly compression?: "gzip" | "zstd";
  readonly onProgress: (line: Progress) => void;
  readonly onPushed: (pushed: Pushed) => void;
  readonly onPushedInstead: (told: PushedInstead) => void;
  readonly signal: AbortSignal;
}

export interface SaveRequest {
  /** Names, ids; a name without a tag means all its tags. */
  readonly names: readonly string[];
  /** Of each image these alone; all that are here when none is named. */
  readonly platforms: readonly Platform[];
  /** Digests of layers that are left out: who reads the archive has them. */
  readonly without?: ReadonlySet<string>;
}

/** A layer as an image's manifest and config name it. */
export interface LayerFacts {
  /** Of the blob, as it is packed. */
  readonly digest: string;
  readonly diffId: string;
  readonly sizeBytes: number;
}

export interface SavedArchive {
  /** The images in it. */
  readonly ids: readonly string[];
  /** Read it to its end or give the iteration up: what it holds is kept until then. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface LoadRequest {
  /** A docker-archive or an OCI layout as a tar, perhaps compressed. A chunk is the receiver's for good. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** Of an index these alone; all that are in the archive when none is named. */
  readonly platforms: readonly Platform[];
  readonly onProgress: (line: Progress) => void;
  /** What a person is told beside the progress. */
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
  /** The archive may lack layers that are here. */
  readonly lacksLayers?: boolean;
}

export interface LoadedImage {
  readonly id: string;
  /** Familiar names it got. */
  readonly references: readonly string[];
}

export interface ImportRequest {
  /** The root file system as a tar, perhaps compressed. A chunk is the receiver's for good. */
  readonly archive: AsyncIterable<Uint8Array>;
  readonly platform: Platform;
  /** The image's `config` object, as it is to be stored. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly comment: string;
  /** RFC 3339. */
  readonly created: string;
  /** `name[:tag]`; undefined leaves the image without a name. */
  readonly reference: string | undefined;
  readonly signal: AbortSignal;
}

export interface CopyRequest {
  /** `name[:tag|@digest]` of the registry it comes from. */
  readonly from: string;
  /** `name[:tag]` of the registry it goes to. */
  readonly to: string;
  readonly fromAuth: RegistryAuth | undefined;
  readonly toAuth: RegistryAuth | undefined;
  readonly onProgress: (line: Progress) => void;
  readonly signal: AbortSignal;
}

/** Something that is not as its row says. */
export interface StoreProblem {
  readonly kind: "blob" | "layer" | "image";
  /** Digest, diff id or image id. */
  readonly subject: string;
  readonly message: string;
  /** Images that need it. */
  readonly imageIds: readonly string[];
}

export interface StoreCheck {
  readonly images: number;
  readonly blobs: number;
  readonly layers: number;
  readonly problems: readonly StoreProblem[];
}

/** One manifest behind an image. */
export interface ImageManifestInfo {
  readonly kind: "image" | "attestation" | "unknown";
  readonly descriptor: Descriptor;
  /** With everything that it names. */
  readonly isHere: boolean;
  /** What it is here; undefined for what is not, and for what is no image. */
  readonly image: StoredImage | undefined;
  /** Bytes of manifest, config and blobs; 0 when it is not here. */
  readonly contentBytes: number;
  /** Digest of the manifest that an attestation speaks about. */
  readonly of: string | undefined;
}

/** A layer of an attestation manifest that is an in-toto statement. Source: BuildKit's `docs/attestations/attestation-storage.md`. */
export interface AttestationStatement {
  readonly descriptor: Descriptor;
  /** e.g. `https://slsa.dev/provenance/v0.2`. */
  readonly predicateType: string;
  /** The statement's JSON, when it was asked for. */
  readonly statement: unknown;
}

/** What the engine asks of the image side. Implemented in `image/` over `content/`, `snapshot/`, `remote/`, `state/`. */
export interface ImageService {
  /**
   * Find by id, unique id prefix, name, name:tag, name@digest: what is taken when nobody asks for a platform, or the one
   * for `platform`. `not-found` with Docker's "No such image: X", or when none is for the platform.
   */
  resolve(nameOrId: string, platform?: Platform): Promise<StoredImage>;
  /** As `resolve` without a platform, at a fraction of its cost. */
  basis(nameOrId: string): Promise<ImageBasis>;
  /** The images of an index are one, with variants. */
  list(): Promise<readonly StoredImage[]>;
  /**
   * Pull one reference, or every tag when `allTags`. Concurrent pulls of one reference share the work. Progress lines are
   * Docker's, the last two being `Digest: …` and `Status: …`. Nothing partly written is visible; a lease keeps content
   * alive until the reference row exists.
   */
  pull(request: {
    readonly reference: string;
    readonly auth?: RegistryAuth;
    readonly platform?: Platform;
    readonly allTags?: boolean;
    readonly onProgress: (line: Progress) => void;
    readonly signal?: AbortSignal;
  }): Promise<StoredImage>;
  /**
   * Bring images to their registry: only what it lacks, taken over from other repositories where it will. Progress lines
   * are Docker's, the last of each tag being `TAG: digest: … size: …`. `not-found` in Docker's words when there is nothing
   * to push, `unauthorized` and `forbidden` in the registry's.
   */
  push(request: PushRequest): Promise<void>;
  /** Make an image of another one and an upper directory. `not-found` when there is no such parent. */
  commit(request: CommitRequest): Promise<StoredImage>;
  /**
   * Bring an image from registry to registry as it is, every platform of it and artifacts too, and keep nothing of it
   * here. Resolves to its digest; errors are the registries'.
   */
  copy(request: CopyRequest): Promise<string>;
  /** Read everything that is kept of images and compare it with its rows; with `repair` mend what can be. */
  check(options: { readonly repair: boolean }): Promise<
    Omit<StoreCheck, "problems"> & {
      readonly problems: readonly (StoreProblem & { readonly repaired: boolean })[];
    }
  >;
  /** What an image's names mean, an index or its manifest, and the manifests of it. */
  manifests(image: StoredImage): {
    readonly target: Descriptor;
    readonly manifests: readonly ImageManifestInfo[];
  };
  /** What an image's index says about it; see {@link import("./attestation-statements.ts").attestationStatements}. */
  attestations(
    image: StoredImage,
    options: { readonly types: readonly string[]; readonly withStatement: boolean },
  ): readonly AttestationStatement[];
  /** Images as one archive: an OCI layout that is a docker-archive too. `not-found` before anything is written. */
  save(request: SaveRequest): Promise<SavedArchive>;
  /** Layers of what `save` would write, each once. `not-found` as there. */
  layersToSave(request: SaveRequest): readonly LayerFacts[];
  /** Of these layers the ones that an image which is loaded must bring along. */
  missingLayers(layers: readonly Pick<LayerFacts, "digest" | "diffId">[]): readonly string[];
  /**
   * Take all images of an archive in, with the names they have there. Nothing is visible of an image until all of it is
   * here. `invalid-parameter` and `data-loss` in Docker's words for what cannot be read or does not fit together.
   */
  load(request: LoadRequest): Promise<readonly LoadedImage[]>;
  /** An image of one layer, of any tar. */
  importRoot(request: ImportRequest): Promise<StoredImage>;
  setLocked(imageId: string, locked: boolean): void;
  /** Somebody had to do with the image just now. Nothing when there is no such image. */
  touch(imageId: string): void;
  /** Bytes of what is kept of an image packed, by digest: manifests, config and layers. */
  blobsOf(imageId: string): ReadonlyMap<string, number>;
  /**
   * Bytes of all that lies on the disk: blobs by digest, unpacked layers under `layer DIFFID`, also those of the build
   * cache, and what is still being written under one key.
   */
  stored(): ReadonlyMap<string, number>;
  /** Point `name[:tag]` at what another name or id means; an older image of that name loses it. */
  tag(nameOrId: string, reference: string): Promise<void>;
  /**
   * Docker's untag/delete rules. `users` tells which images containers use, so that conflict messages can name them;
   * `prune` takes parents along that have no name and no use any more.
   * Returns Docker's list of `{Untagged}|{Deleted}` in order.
   */
  remove(request: {
    readonly nameOrId: string;
    /** Of an index these images alone, as long as another one is left. */
    readonly platforms?: readonly Platform[];
    readonly force: boolean;
    readonly prune: boolean;
    readonly users: readonly { readonly containerId: string; readonly imageId: string; readonly running: boolean }[];
  }): Promise<readonly ({ readonly Untagged: string } | { readonly Deleted: string })[]>;
}
