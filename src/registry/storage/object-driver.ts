import { digestAlgorithm, digestHex, isDigest, parseDigest } from "#base/digest.ts";
import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { S3Bucket } from "#host/web/s3-bucket.ts";
import type { PendingUpload, StorageDriver, StoredBlob, UploadWriter } from "./driver.ts";
import type { FileDriver } from "./file-driver.ts";

/**
 * Blobs as objects of an S3-compatible store; uploads grow in files here, because objects cannot, and go over when they
 * are whole and verified:
 *
 *   PREFIX/blobs/<algorithm>/<first two digits>/<hex>
 *   PREFIX/quarantine/<algorithm>-<hex>.<random>
 */
export class ObjectDriver implements StorageDriver {
  readonly #bucket: S3Bucket;
  readonly #staging: FileDriver;
  readonly #prefix: string;

  /** `prefix`: in front of every key, empty or ending in `/`. */
  constructor(deps: { readonly bucket: S3Bucket; readonly staging: FileDriver; readonly prefix: string }) {
    this.#bucket = deps.bucket;
    this.#staging = deps.staging;
    this.#prefix = deps.prefix;
  }

  begin(uploadId: string): Promise<void> {
    return this.#staging.begin(uploadId);
  }

  append(uploadId: string, offsetBytes: number): Promise<UploadWriter> {
    return this.#staging.append(uploadId, offsetBytes);
  }

  uploadSize(uploadId: string): Promise<number | undefined> {
    return this.#staging.uploadSize(uploadId);
  }

  readUpload(uploadId: string): AsyncIterable<Uint8Array> {
    return this.#staging.readUpload(uploadId);
  }

  async commit(uploadId: string, digest: string): Promise<StoredBlob> {
    await this.#bucket.put(this.#key(digest), this.#staging.uploadPath(uploadId));
    await this.#staging.discard(uploadId);
    const stored = await this.stat(digest);
    if (stored === undefined)
      throw new BerthError("unavailable", `the object store does not show ${digest} after taking it`);
    return stored;
  }

  discard(uploadId: string): Promise<void> {
    return this.#staging.discard(uploadId);
  }

  uploads(): Promise<readonly PendingUpload[]> {
    return this.#staging.uploads();
  }

  async stat(digest: string): Promise<StoredBlob | undefined> {
    const found = await this.#bucket.stat(this.#key(digest));
    return found === undefined ? undefined : { sizeBytes: found.sizeBytes, version: found.etag };
  }

  async *read(digest: string, start: number): AsyncIterable<Uint8Array> {
    // Some stores answer a range behind the end of an empty object with an error.
    if (start === 0 && (await this.stat(digest))?.sizeBytes === 0) return;
    yield* this.#bucket.read(this.#key(digest), start);
  }

  localPath(): undefined {
    return undefined;
  }

  async remove(digest: string): Promise<boolean> {
    const isThere = (await this.stat(digest)) !== undefined;
    if (isThere) await this.#bucket.remove(this.#key(digest));
    return isThere;
  }

  /** Through a file here: not every store can copy, and damage is rare. */
  async quarantine(digest: string): Promise<void> {
    if ((await this.stat(digest)) === undefined) return;
    const id = randomHex(12);
    await this.#staging.begin(id);
    try {
      const writer = await this.#staging.append(id, 0);
      for await (const chunk of this.read(digest, 0)) await writer.write(chunk.slice());
      await writer.finish();
      const kept = `${this.#prefix}quarantine/${digest.replace(":", "-")}.${randomHex(4)}`;
      await this.#bucket.put(kept, this.#staging.uploadPath(id));
      await this.#bucket.remove(this.#key(digest));
    } finally {
      await this.#staging.discard(id);
    }
  }

  async *blobs(): AsyncIterable<{ readonly digest: string; readonly storedAtMs: number }> {
    for await (const { key, modifiedAtMs } of this.#bucket.list(`${this.#prefix}blobs/`)) {
      const [algorithm = "", , hex = ""] = key.slice(this.#prefix.length + "blobs/".length).split("/");
      const digest = `${algorithm}:${hex}`;
      if (isDigest(digest)) yield { digest, storedAtMs: modifiedAtMs };
    }
  }

  #key(text: string): string {
    const digest = parseDigest(text);
    const hex = digestHex(digest);
    return `${this.#prefix}blobs/${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;
  }
}
