import { BerthError } from "#base/errors.ts";
import { parseImageConfig } from "#spec/oci/parse-image.ts";
import type { Descriptor, ImageConfig } from "#spec/oci/image.ts";
import type { Platform } from "#spec/oci/platform.ts";
import {
  familiarName,
  familiarString,
  canonicalName,
  parseAnyReference,
  parseReference,
  withDefaultTag,
  type Reference,
} from "#spec/oci/reference.ts";
import type { LayerDirectory } from "#snapshot/types.ts";
import type { ImageReferenceRow, ImageRow } from "#state/image-store.ts";
import type { ImageBasis, StoredImage } from "./types.ts";
import { variantFor } from "./variant-for.ts";

/** Rows of images; implemented by `state/image-store.ts`. */
export interface ImageRows {
  transaction(work: () => void): void;
  put(
    row: ImageRow<Descriptor>,
    parts: {
      readonly diffIds: readonly string[];
      readonly blobs: readonly string[];
      readonly layerBlobs: readonly (readonly [diffId: string, digest: string])[];
    },
  ): void;
  /** Give an image another manifest and these blobs instead of the ones it has. */
  replaceManifest(imageId: string, manifest: Descriptor, blobs: readonly string[]): void;
  /** Of which image an image was made; no more when that one is gone. */
  setParent(imageId: string, parentId: string): void;
  setLocked(imageId: string, locked: boolean): void;
  touch(imageId: string, usedAt: string): void;
  childrenOf(imageId: string): readonly string[];
  putBlob(imageId: string, digest: string): void;
  replaceBlob(imageId: string, before: string, after: string): void;
  /** This blob unpacks to that layer. */
  putLayerBlob(diffId: string, digest: string): void;
  /** Blobs that are known to unpack to a layer, there or not. */
  blobsOfLayer(diffId: string): readonly string[];
  /** Canonical names of repositories that are known to have a blob. */
  repositoriesOfBlob(digest: string): readonly string[];
  find(id: string): ImageRow<Descriptor> | undefined;
  idsWithPrefix(prefix: string): readonly string[];
  all(): readonly ImageRow<Descriptor>[];
  referencesOf(imageId: string): readonly ImageReferenceRow[];
  /** Of one repository, by its canonical name. */
  referencesOfName(name: string): readonly ImageReferenceRow[];
  findReference(name: string, suffix: string): ImageReferenceRow | undefined;
  putReference(row: ImageReferenceRow, taggedAt: string): void;
  moveReference(row: ImageReferenceRow): void;
  deleteReference(name: string, suffix: string): boolean;
  putVariant(indexDigest: string, imageId: string): void;
  deleteVariant(indexDigest: string, imageId: string): void;
  variantsOf(indexDigest: string): readonly string[];
  indexesOf(imageId: string): readonly string[];
  referencesOfIndex(indexDigest: string): readonly ImageReferenceRow[];
  idsBehindOthers(): readonly string[];
  blobsOf(imageId: string): readonly string[];
  isBlobUsed(digest: string): boolean;
  layersOf(imageId: string): readonly string[];
  delete(imageId: string): boolean;
  markSynced(imageId: string): void;
}

/** The images there are, read-only: find one by what a person wrote, list all. */
export class ImageCatalog {
  readonly #rows: ImageRows;
  readonly #layers: { find(diffId: string): LayerDirectory | undefined };
  /** Configs never change: each is parsed once. */
  readonly #configs = new Map<string, ImageConfig>();

  constructor(deps: {
    readonly rows: ImageRows;
    readonly layers: { find(diffId: string): LayerDirectory | undefined };
  }) {
    this.#rows = deps.rows;
    this.#layers = deps.layers;
  }

  /** Every image, those that stand behind another one's index too. */
  all(): readonly StoredImage[] {
    const rows = this.#rows.all();
    const ids = new Set(rows.map(({ id }) => id));
    for (const id of this.#configs.keys()) if (!ids.has(id)) this.#configs.delete(id);
    return rows.map((row) => this.#toStored(row));
  }

  /** One for each name's meaning: the images of an index are one, for the platform that is taken when nobody asks. */
  list(): readonly StoredImage[] {
    const behind = new Set(this.#rows.idsBehindOthers());
    return this.all().filter(({ id }) => !behind.has(id));
  }

  find(id: string): StoredImage | undefined {
    const row = this.#rows.find(id);
    return row === undefined ? undefined : this.#toStored(row);
  }

  /**
   * docker-compat: moby's GetImage. A name wins over an id that begins the same. With a platform the variant for it, also
   * `not-found` in Docker's words when there is none.
   */
  resolve(nameOrId: string, platform?: Platform): StoredImage {
    const found = this.maybe(nameOrId);
    if (found === undefined) throw noSuchImage(nameOrId);
    return platform === undefined ? found : variantFor(found, nameOrId, platform);
  }

  /** As {@link resolve} without a platform. */
  basis(nameOrId: string): ImageBasis {
    const id = this.#idOf(nameOrId);
    const row = id === undefined ? undefined : this.#rows.find(id);
    if (row === undefined) throw noSuchImage(nameOrId);
    return this.#basis(row);
  }

  /** The image that a name or id means, and its index where the name means that. `not-found` as {@link resolve}. */
  target(nameOrId: string): Pick<ImageReferenceRow, "imageId" | "indexDigest"> {
    const any = parseAnyReference(nameOrId);
    const named = any.kind === "id" ? undefined : this.#referenceOf(any.reference);
    if (named !== undefined) return named;
    const { id } = this.resolve(nameOrId);
    return { imageId: id, indexDigest: this.#rows.referencesOf(id).find((row) => row.indexDigest)?.indexDigest };
  }

  /** As {@link resolve}; undefined when there is no such image. */
  maybe(nameOrId: string): StoredImage | undefined {
    const id = this.#idOf(nameOrId);
    return id === undefined ? undefined : this.find(id);
  }

  #idOf(nameOrId: string): string | undefined {
    const any = parseAnyReference(nameOrId);
    return any.kind === "id" ? any.digest : (this.#referenceOf(any.reference)?.imageId ?? this.#idOfPrefix(nameOrId));
  }

  #referenceOf(reference: Reference): ImageReferenceRow | undefined {
    return this.#rows.findReference(canonicalName(reference), referenceSuffix(reference));
  }

  #idOfPrefix(text: string): string | undefined {
    const hex = text.startsWith("sha256:") ? text.slice("sha256:".length) : text;
    if (!/^[a-f0-9]{1,64}$/.test(hex)) return undefined;
    const ids = this.#rows.idsWithPrefix(`sha256:${hex}`);
    return ids.length === 1 ? ids[0] : undefined;
  }

  #toStored(row: ImageRow<Descriptor>): StoredImage {
    const references = this.#rows.referencesOf(row.id);
    const named = [...new Set(references.flatMap(({ indexDigest }) => indexDigest ?? []))];
    const others = new Set(named.flatMap((digest) => this.#rows.variantsOf(digest)));
    others.delete(row.id);
    const variants = [...others].flatMap((id) => this.#rows.find(id) ?? []);
    return {
      ...this.#alone(row, references),
      indexDigest: references.length > 0 ? named[0] : this.#rows.indexesOf(row.id)[0],
      variants: variants.map((other) => this.#alone(other, this.#rows.referencesOf(other.id))),
    };
  }

  #alone(row: ImageRow<Descriptor>, references: readonly ImageReferenceRow[]): StoredImage {
    const layers = this.#rows.layersOf(row.id).map((diffId) => {
      const layer = this.#layers.find(diffId);
      return { diffId, sizeBytes: layer?.sizeBytes ?? 0, path: layer?.path ?? "" };
    });
    return {
      ...this.#basis(row),
      layers,
      repoTags: references.filter(isTagRow).map(familiarRow),
      repoDigests: references.filter((reference) => !isTagRow(reference)).map(familiarRow),
      sizeBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
      indexDigest: this.#rows.indexesOf(row.id)[0],
      variants: [],
    };
  }

  #basis(row: ImageRow<Descriptor>): ImageBasis {
    const config = this.#config(row);
    return {
      id: row.id,
      manifest: row.manifest,
      rawConfig: row.config,
      config,
      diffIds: config.rootfs.diff_ids,
      lastTaggedAt: row.lastTaggedAt,
      lastUsedAt: row.lastUsedAt,
      isLocked: row.isLocked === true,
      parentId: row.parentId,
      artifactType: row.manifest.artifactType,
    };
  }

  #config(row: ImageRow<Descriptor>): ImageConfig {
    const known = this.#configs.get(row.id);
    if (known !== undefined) return known;
    const config = parseImageConfig(row.config);
    this.#configs.set(row.id, config);
    return config;
  }
}

function noSuchImage(nameOrId: string): BerthError {
  const any = parseAnyReference(nameOrId);
  const shown = any.kind === "id" ? any.digest : familiarString(withDefaultTag(any.reference));
  return new BerthError("not-found", `No such image: ${shown}`);
}

/** How a reference's tag or digest is kept: `:latest` or `@sha256:…`; a digest wins over a tag, none means latest. */
export function referenceSuffix(reference: Reference): string {
  const { tag, digest } = withDefaultTag(reference);
  return digest === undefined ? `:${tag}` : `@${digest}`;
}

export function isTagRow(row: ImageReferenceRow): boolean {
  return row.suffix.startsWith(":");
}

/** `busybox:latest` of a row. */
export function familiarRow(row: ImageReferenceRow): string {
  return familiarName(parseReference(row.name)) + row.suffix;
}
