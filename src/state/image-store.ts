import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

import { jsonColumn, optionalTextColumn, textColumn, type Validate } from "./json-column.ts";

export interface ImageRow<Manifest> {
  /** Digest of the config. */
  readonly id: string;
  readonly manifest: Manifest;
  /** The config's bytes as they were pulled. */
  readonly config: Uint8Array;
  /** RFC 3339. */
  readonly lastTaggedAt: string | undefined;
  /** RFC 3339; see {@link ImageStore.touch}. */
  readonly lastUsedAt?: string | undefined;
  readonly isLocked?: boolean;
  /** The image it was made of; see {@link ImageStore.setParent}. */
  readonly parentId?: string | undefined;
  /** See {@link import("./layer-store.ts").LayerRow.bootId}. */
  readonly bootId: string | undefined;
}

/** `name` is canonical (`docker.io/library/busybox`), `suffix` is `:tag` or `@digest`. */
export interface ImageReferenceRow {
  readonly name: string;
  readonly suffix: string;
  readonly imageId: string;
  /** The index that the name means, of which the image is the one to take when nobody asks for a platform. */
  readonly indexDigest: string | undefined;
}

/** Images, what they consist of, and the names that point at them. Layers must have their rows first. */
export class ImageStore<Manifest> {
  readonly #database: SqlDatabase;
  readonly #validateManifest: Validate<Manifest>;
  readonly #put: Statement;
  readonly #putLayer: Statement;
  readonly #putBlob: Statement;
  readonly #find: Statement;
  readonly #byPrefix: Statement;
  readonly #all: Statement;
  readonly #referencesOf: Statement;
  readonly #referencesOfName: Statement;
  readonly #putReference: Statement;
  readonly #findReference: Statement;
  readonly #deleteReference: Statement;
  readonly #touch: Statement;
  readonly #blobsOf: Statement;
  readonly #isBlobUsed: Statement;
  readonly #layersOf: Statement;
  readonly #delete: Statement;
  readonly #markSynced: Statement;
  readonly #putLayerBlob: Statement;
  readonly #blobsOfLayer: Statement;
  readonly #repositoriesOfBlob: Statement;
  readonly #setManifest: Statement;
  readonly #dropBlobs: Statement;
  readonly #setParent: Statement;
  readonly #setLocked: Statement;
  readonly #touchUse: Statement;
  readonly #childrenOf: Statement;
  readonly #deleteBlob: Statement;
  readonly #putVariant: Statement;
  readonly #deleteVariant: Statement;
  readonly #variantsOf: Statement;
  readonly #indexesOf: Statement;
  readonly #referencesOfIndex: Statement;
  readonly #behindOthers: Statement;

  constructor(deps: { readonly database: SqlDatabase; readonly validateManifest: Validate<Manifest> }) {
    const { database } = deps;
    this.#database = database;
    this.#validateManifest = deps.validateManifest;
    this.#put = database.prepare(
      `INSERT INTO images (id, manifest, config, last_tagged_at, boot_id) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET manifest = excluded.manifest`,
    );
    this.#putLayer = database.prepare(
      "INSERT OR IGNORE INTO image_layers (image_id, position, diff_id) VALUES (?, ?, ?)",
    );
    this.#putBlob = database.prepare("INSERT OR IGNORE INTO image_blobs (image_id, digest) VALUES (?, ?)");
    this.#find = database.prepare("SELECT * FROM images WHERE id = ?");
    this.#byPrefix = database.prepare("SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2");
    this.#all = database.prepare("SELECT * FROM images ORDER BY id");
    this.#referencesOf = database.prepare(
      "SELECT name, suffix, image_id, index_digest FROM image_references WHERE image_id = ?",
    );
    this.#referencesOfName = database.prepare(
      "SELECT name, suffix, image_id, index_digest FROM image_references WHERE name = ? ORDER BY suffix",
    );
    this.#putReference = database.prepare(
      `INSERT INTO image_references (name, suffix, image_id, index_digest) VALUES (?, ?, ?, ?)
       ON CONFLICT (name, suffix) DO UPDATE SET image_id = excluded.image_id, index_digest = excluded.index_digest`,
    );
    this.#findReference = database.prepare(
      "SELECT name, suffix, image_id, index_digest FROM image_references WHERE name = ? AND suffix = ?",
    );
    this.#deleteReference = database.prepare("DELETE FROM image_references WHERE name = ? AND suffix = ?");
    this.#touch = database.prepare("UPDATE images SET last_tagged_at = ? WHERE id = ?");
    this.#blobsOf = database.prepare("SELECT digest FROM image_blobs WHERE image_id = ? ORDER BY digest");
    this.#isBlobUsed = database.prepare("SELECT 1 AS used FROM image_blobs WHERE digest = ? LIMIT 1");
    this.#layersOf = database.prepare("SELECT diff_id FROM image_layers WHERE image_id = ? ORDER BY position");
    this.#delete = database.prepare("DELETE FROM images WHERE id = ?");
    this.#markSynced = database.prepare("UPDATE images SET boot_id = NULL WHERE id = ?");
    this.#putLayerBlob = database.prepare("INSERT OR IGNORE INTO layer_blobs (diff_id, digest) VALUES (?, ?)");
    this.#blobsOfLayer = database.prepare("SELECT digest FROM layer_blobs WHERE diff_id = ? ORDER BY digest");
    this.#repositoriesOfBlob = database.prepare(
      `SELECT DISTINCT name FROM image_blobs JOIN image_references USING (image_id)
       WHERE digest = ? AND suffix LIKE '@%' ORDER BY name`,
    );
    this.#setManifest = database.prepare("UPDATE images SET manifest = ? WHERE id = ?");
    this.#dropBlobs = database.prepare("DELETE FROM image_blobs WHERE image_id = ?");
    this.#setParent = database.prepare(
      "UPDATE images SET parent_id = (SELECT id FROM images WHERE id = ?1) WHERE id = ?2 AND id <> ?1",
    );
    this.#setLocked = database.prepare("UPDATE images SET locked = ? WHERE id = ?");
    this.#touchUse = database.prepare("UPDATE images SET last_used_at = ? WHERE id = ?");
    this.#childrenOf = database.prepare("SELECT id FROM images WHERE parent_id = ? ORDER BY id");
    this.#deleteBlob = database.prepare("DELETE FROM image_blobs WHERE image_id = ? AND digest = ?");
    this.#putVariant = database.prepare("INSERT OR IGNORE INTO image_variants (index_digest, image_id) VALUES (?, ?)");
    this.#deleteVariant = database.prepare("DELETE FROM image_variants WHERE index_digest = ? AND image_id = ?");
    this.#variantsOf = database.prepare("SELECT image_id FROM image_variants WHERE index_digest = ? ORDER BY image_id");
    this.#indexesOf = database.prepare(
      "SELECT index_digest FROM image_variants WHERE image_id = ? ORDER BY index_digest",
    );
    this.#referencesOfIndex = database.prepare(
      "SELECT name, suffix, image_id, index_digest FROM image_references WHERE index_digest = ? ORDER BY name || suffix",
    );
    this.#behindOthers = database.prepare(
      `SELECT DISTINCT image_variants.image_id FROM image_variants JOIN image_references AS names USING (index_digest)
       WHERE image_variants.image_id NOT IN (SELECT named.image_id FROM image_references AS named)`,
    );
  }

  /** Several changes, all or none. */
  transaction(work: () => void): void {
    this.#database.transaction(work);
  }

  /** Create the image, or give an existing one another manifest; blobs add up. `conflict` when a layer has no row. */
  put(
    row: ImageRow<Manifest>,
    parts: {
      readonly diffIds: readonly string[];
      readonly blobs: readonly string[];
      /** Which blob unpacks to which layer. */
      readonly layerBlobs: readonly (readonly [diffId: string, digest: string])[];
    },
  ): void {
    this.#database.transaction(() => {
      this.#put.run(row.id, JSON.stringify(row.manifest), row.config, row.lastTaggedAt ?? null, row.bootId ?? null);
      parts.diffIds.forEach((diffId, position) => this.#putLayer.run(row.id, position, diffId));
      for (const digest of parts.blobs) this.#putBlob.run(row.id, digest);
      for (const [diffId, digest] of parts.layerBlobs) this.#putLayerBlob.run(diffId, digest);
    });
  }

  /** Give an image another manifest and these blobs instead of the ones it has. */
  replaceManifest(imageId: string, manifest: Manifest, blobs: readonly string[]): void {
    this.#database.transaction(() => {
      this.#setManifest.run(JSON.stringify(manifest), imageId);
      this.#dropBlobs.run(imageId);
      for (const digest of blobs) this.#putBlob.run(imageId, digest);
    });
  }

  /** `imageId` was made of `parentId`; it has no parent when that is itself, or gone already. */
  setParent(imageId: string, parentId: string): void {
    this.#setParent.run(parentId, imageId);
  }

  setLocked(imageId: string, locked: boolean): void {
    this.#setLocked.run(locked ? 1 : 0, imageId);
  }

  /** Somebody had to do with the image. `usedAt` is RFC 3339. */
  touch(imageId: string, usedAt: string): void {
    this.#touchUse.run(usedAt, imageId);
  }

  /** Ids of the images that were made of an image. */
  childrenOf(imageId: string): readonly string[] {
    return this.#childrenOf.all(imageId).map((row) => textColumn(row, "id"));
  }

  /** An image needs one more blob. */
  putBlob(imageId: string, digest: string): void {
    this.#putBlob.run(imageId, digest);
  }

  /** An image needs another blob in the place of one. */
  replaceBlob(imageId: string, before: string, after: string): void {
    this.#deleteBlob.run(imageId, before);
    this.#putBlob.run(imageId, after);
  }

  /** This blob unpacks to that layer. */
  putLayerBlob(diffId: string, digest: string): void {
    this.#putLayerBlob.run(diffId, digest);
  }

  /** Blobs that are known to unpack to a layer, there or not. */
  blobsOfLayer(diffId: string): readonly string[] {
    return this.#blobsOfLayer.all(diffId).map((row) => textColumn(row, "digest"));
  }

  /** Canonical names of repositories that are known to have a blob: it was pulled from there, or pushed. */
  repositoriesOfBlob(digest: string): readonly string[] {
    return this.#repositoriesOfBlob.all(digest).map((row) => textColumn(row, "name"));
  }

  find(id: string): ImageRow<Manifest> | undefined {
    const row = this.#find.get(id);
    return row === undefined ? undefined : this.#decode(row);
  }

  /** Up to two ids beginning with `prefix` (`sha256:…`): none, the one, or proof that it is ambiguous. */
  idsWithPrefix(prefix: string): readonly string[] {
    return this.#byPrefix.all(prefix, `${prefix}\u{10ffff}`).map((row) => textColumn(row, "id"));
  }

  all(): readonly ImageRow<Manifest>[] {
    return this.#all.all().map((row) => this.#decode(row));
  }

  /** Names of an image in order. */
  referencesOf(imageId: string): readonly ImageReferenceRow[] {
    // Sorted here: SQLite's sorter takes memory for far more than the few names an image has.
    const shown = ({ name, suffix }: ImageReferenceRow): string => `${name}${suffix}`;
    return this.#referencesOf
      .all(imageId)
      .map(decodeReference)
      .toSorted((a, b) => (shown(a) < shown(b) ? -1 : 1));
  }

  /** Names of one repository in order. */
  referencesOfName(name: string): readonly ImageReferenceRow[] {
    return this.#referencesOfName.all(name).map(decodeReference);
  }

  findReference(name: string, suffix: string): ImageReferenceRow | undefined {
    const row = this.#findReference.get(name, suffix);
    return row === undefined ? undefined : decodeReference(row);
  }

  /** Point a name at an image; another image loses it. `taggedAt` is RFC 3339. */
  putReference(row: ImageReferenceRow, taggedAt: string): void {
    this.#database.transaction(() => {
      this.#putReference.run(row.name, row.suffix, row.imageId, row.indexDigest ?? null);
      this.#touch.run(taggedAt, row.imageId);
    });
  }

  /** Point a name elsewhere without counting that as tagging. */
  moveReference(row: ImageReferenceRow): void {
    this.#putReference.run(row.name, row.suffix, row.imageId, row.indexDigest ?? null);
  }

  deleteReference(name: string, suffix: string): boolean {
    return this.#deleteReference.run(name, suffix) > 0;
  }

  /** The image is what the index names for one platform. */
  putVariant(indexDigest: string, imageId: string): void {
    this.#putVariant.run(indexDigest, imageId);
  }

  deleteVariant(indexDigest: string, imageId: string): void {
    this.#deleteVariant.run(indexDigest, imageId);
  }

  /** Images of an index that are here. */
  variantsOf(indexDigest: string): readonly string[] {
    return this.#variantsOf.all(indexDigest).map((row) => textColumn(row, "image_id"));
  }

  /** Indexes that an image came with, named or not. */
  indexesOf(imageId: string): readonly string[] {
    return this.#indexesOf.all(imageId).map((row) => textColumn(row, "index_digest"));
  }

  /** Names of an index in order. */
  referencesOfIndex(indexDigest: string): readonly ImageReferenceRow[] {
    return this.#referencesOfIndex.all(indexDigest).map(decodeReference);
  }

  /** Images without a name of their own that belong to an index with one. */
  idsBehindOthers(): readonly string[] {
    return this.#behindOthers.all().map((row) => textColumn(row, "image_id"));
  }

  blobsOf(imageId: string): readonly string[] {
    return this.#blobsOf.all(imageId).map((row) => textColumn(row, "digest"));
  }

  isBlobUsed(digest: string): boolean {
    return this.#isBlobUsed.get(digest) !== undefined;
  }

  /** Bottom first. */
  layersOf(imageId: string): readonly string[] {
    return this.#layersOf.all(imageId).map((row) => textColumn(row, "diff_id"));
  }

  /** Delete the image with its names; its children have no parent then. True when it was there. */
  delete(imageId: string): boolean {
    return this.#delete.run(imageId) > 0;
  }

  markSynced(imageId: string): void {
    this.#markSynced.run(imageId);
  }

  #decode(row: Row): ImageRow<Manifest> {
    const config = row["config"];
    return {
      id: textColumn(row, "id"),
      manifest: jsonColumn(row, "images", "manifest", this.#validateManifest),
      config: config instanceof Uint8Array ? config : new Uint8Array(),
      lastTaggedAt: optionalTextColumn(row, "last_tagged_at"),
      lastUsedAt: optionalTextColumn(row, "last_used_at"),
      isLocked: row["locked"] === 1,
      parentId: optionalTextColumn(row, "parent_id"),
      bootId: optionalTextColumn(row, "boot_id"),
    };
  }
}

function decodeReference(row: Row): ImageReferenceRow {
  return {
    name: textColumn(row, "name"),
    suffix: textColumn(row, "suffix"),
    imageId: textColumn(row, "image_id"),
    indexDigest: optionalTextColumn(row, "index_digest"),
  };
}
