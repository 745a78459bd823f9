import { digestAlgorithm, digestHex, isDigest, parseDigest } from "#base/digest.ts";
import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { readChunks } from "#host/files/file-reader.ts";
import { FileWriter } from "#host/files/file-writer.ts";
import { ensureDirectory, listDirectory, parentOf, removeFile, syncDirectory } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import type { FileStat } from "#host/kernel/stat.ts";
import { lstatMaybe, renameat2 } from "#host/kernel/syscalls.ts";
import type { PendingUpload, StorageDriver, StoredBlob, UploadWriter } from "./driver.ts";

/**
 * Blobs as files:
 *
 *   ROOT/blobs/<algorithm>/<first two digits>/<hex>    whole, synced, never changed
 *   ROOT/uploads/<id>                                  growing
 *   ROOT/quarantine/<algorithm>-<hex>.<random>         found damaged
 */
export class FileDriver implements StorageDriver {
  readonly #root: string;
  readonly #buckets = new Set<string>();

  /** `root`: an absolute path; its folders are made here. */
  constructor(root: string) {
    this.#root = root;
    for (const name of ["blobs", "uploads", "quarantine"]) ensureDirectory(`${root}/${name}`, 0o700);
  }

  begin(uploadId: string): Promise<void> {
    return new FileWriter(this.#upload(uploadId), () => {}).close();
  }

  append(uploadId: string, offsetBytes: number): Promise<UploadWriter> {
    const writer = new FileWriter(this.#existingUpload(uploadId), () => {}, offsetBytes);
    let isClosed = false;
    return Promise.resolve({
      write: (chunk) => writer.write(chunk),
      async finish() {
        if (isClosed) return;
        isClosed = true;
        try {
          await writer.flush(false);
        } finally {
          await writer.close();
        }
      },
    });
  }

  uploadSize(uploadId: string): Promise<number | undefined> {
    return Promise.resolve(lstatMaybe(AT_FDCWD, this.#upload(uploadId))?.size);
  }

  readUpload(uploadId: string): AsyncIterable<Uint8Array> {
    return readChunks(this.#existingUpload(uploadId));
  }

  async commit(uploadId: string, digest: string): Promise<StoredBlob> {
    const from = this.#existingUpload(uploadId);
    const size = lstatMaybe(AT_FDCWD, from)?.size ?? 0;
    const file = new FileWriter(from, () => {}, size);
    try {
      await file.flush(true);
    } finally {
      await file.close();
    }
    const path = this.#blob(digest);
    this.#ensureBucket(parentOf(path));
    renameat2(AT_FDCWD, from, AT_FDCWD, path);
    syncDirectory(parentOf(path));
    const stat = lstatMaybe(AT_FDCWD, path);
    if (stat === undefined) throw new BerthError("internal", `${path} is gone right after it was made`);
    return stored(stat);
  }

  /** The file of an upload that is there. `not-found`. */
  uploadPath(uploadId: string): string {
    return this.#existingUpload(uploadId);
  }

  discard(uploadId: string): Promise<void> {
    removeFile(this.#upload(uploadId));
    return Promise.resolve();
  }

  uploads(): Promise<readonly PendingUpload[]> {
    const found = listDirectory(`${this.#root}/uploads`).flatMap((id) => {
      const stat = lstatMaybe(AT_FDCWD, `${this.#root}/uploads/${id}`);
      return stat === undefined ? [] : [{ id, touchedAtMs: modifiedAtMs(stat) }];
    });
    return Promise.resolve(found);
  }

  stat(digest: string): Promise<StoredBlob | undefined> {
    const stat = lstatMaybe(AT_FDCWD, this.#blob(digest));
    return Promise.resolve(stat === undefined ? undefined : stored(stat));
  }

  async *read(digest: string, start: number): AsyncIterable<Uint8Array> {
    try {
      yield* readChunks(this.#blob(digest), start);
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw new BerthError("not-found", `blob ${digest} not found`, { cause: error });
      throw error;
    }
  }

  localPath(digest: string): string {
    return this.#blob(digest);
  }

  remove(digest: string): Promise<boolean> {
    return Promise.resolve(removeFile(this.#blob(digest)));
  }

  quarantine(digest: string): Promise<void> {
    const kept = `${this.#root}/quarantine/${digest.replace(":", "-")}.${randomHex(4)}`;
    try {
      renameat2(AT_FDCWD, this.#blob(digest), AT_FDCWD, kept);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    return Promise.resolve();
  }

  async *blobs(): AsyncIterable<{ readonly digest: string; readonly storedAtMs: number }> {
    for (const algorithm of ["sha256", "sha512"]) {
      const folder = `${this.#root}/blobs/${algorithm}`;
      for (const bucket of listDirectory(folder)) {
        for (const hex of listDirectory(`${folder}/${bucket}`)) {
          const digest = `${algorithm}:${hex}`;
          const stat = lstatMaybe(AT_FDCWD, `${folder}/${bucket}/${hex}`);
          if (stat !== undefined && isDigest(digest))
            yield await Promise.resolve({ digest, storedAtMs: modifiedAtMs(stat) });
        }
      }
    }
  }

  #upload(id: string): string {
    if (!/^[0-9a-z-]{1,64}$/.test(id)) throw new BerthError("invalid-parameter", "this is no upload's id");
    return `${this.#root}/uploads/${id}`;
  }

  #existingUpload(id: string): string {
    const path = this.#upload(id);
    if (lstatMaybe(AT_FDCWD, path) === undefined) throw new BerthError("not-found", `upload ${id} not found`);
    return path;
  }

  #blob(text: string): string {
    const digest = parseDigest(text);
    const hex = digestHex(digest);
    return `${this.#root}/blobs/${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;
  }

  #ensureBucket(path: string): void {
    if (this.#buckets.has(path)) return;
    ensureDirectory(path, 0o700);
    syncDirectory(parentOf(path));
    syncDirectory(parentOf(parentOf(path)));
    this.#buckets.add(path);
  }
}

function stored(stat: FileStat): StoredBlob {
  return {
    sizeBytes: stat.size,
    version: `${stat.ino}-${stat.mtimeSeconds}.${stat.mtimeNanoseconds}`,
  };
}

function modifiedAtMs(stat: FileStat): number {
  return stat.mtimeSeconds * 1000 + Math.trunc(stat.mtimeNanoseconds / 1e6);
}
