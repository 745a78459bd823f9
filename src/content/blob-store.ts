import { createHash } from "node:crypto";
import { deferred } from "#base/async.ts";
import { digestAlgorithm, digestHex, parseDigest } from "#base/digest.ts";
import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { readChunks } from "#host/files/file-reader.ts";
import { listDirectory, readFile, removeFile, withFd } from "#host/files/files.ts";
import { AT_FDCWD, O_RDONLY } from "#host/kernel/linux.ts";
import { lstatMaybe, open, pread, renameat2 } from "#host/kernel/syscalls.ts";
import { Ingest, WORTH_KEEPING } from "./ingest.ts";
import { UnnamedIngest } from "./unnamed-ingest.ts";

/** How long a download that was cut off, or a blob without an image, waits for the next try. */
const KEEP_MS = 24 * 3600 * 1000;
const PARTIAL = /^sha(?:256|512)-[0-9a-f]+\.partial$/;

/** Where blobs lie; `state/layout.ts` provides it. */
export interface BlobPaths {
  readonly blobsDir: string;
  readonly ingestDir: string;
  blob(digest: string): string;
}

/**
 * Content by digest, in the order of an OCI image layout (image-spec `image-layout.md`): `blobs/<algorithm>/<hex>`. A
 * blob's name appears only when its bytes were read to the end and hash to it; until then they lie in the ingest folder,
 * which {@link reconcile} clears. Blobs never change.
 */
export class BlobStore {
  readonly #paths: BlobPaths;
  /** Digests whose partial file somebody writes, and when he is done with it. */
  readonly #resuming = new Map<string, Promise<void>>();

  constructor(deps: { readonly paths: BlobPaths }) {
    this.#paths = deps.paths;
  }

  /**
   * Remove what an earlier process left unfinished, but for downloads that may go on: those young enough. Call before
   * anything is written.
   */
  reconcile(nowMs: number = Date.now()): void {
    for (const name of listDirectory(this.#paths.ingestDir)) {
      const path = `${this.#paths.ingestDir}/${name}`;
      if (!PARTIAL.test(name) || !this.#isWorthKeeping(path, nowMs)) removeFile(path);
    }
  }

  /** A blob that nobody needs now but whose image may still be on its way: a pull was cut off after it. */
  isFresh(digest: string, nowMs: number = Date.now()): boolean {
    return this.#isWorthKeeping(this.path(digest), nowMs);
  }

  #isWorthKeeping(path: string, nowMs: number): boolean {
    const found = lstatMaybe(AT_FDCWD, path);
    return found !== undefined && found.size >= WORTH_KEEPING && nowMs - found.mtimeSeconds * 1000 < KEEP_MS;
  }

  has(digest: string): boolean {
    return this.sizeOf(digest) !== undefined;
  }

  sizeOf(digest: string): number | undefined {
    return lstatMaybe(AT_FDCWD, this.path(digest))?.size;
  }

  /** Path of a blob, there or not. `invalid-parameter` for what is no digest. */
  path(digest: string): string {
    return this.#paths.blob(parseDigest(digest));
  }

  /** A small blob's bytes. `not-found` when there is none, `invalid-parameter` past `maxSize`. */
  read(digest: string, maxSize: number): Uint8Array {
    try {
      return readFile(this.path(digest), maxSize);
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw new BerthError("not-found", `blob ${digest} not found`, { cause: error });
      throw error;
    }
  }

  /** Up to `length` bytes of a blob's beginning. `not-found` when there is none. */
  head(digest: string, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    try {
      return withFd(open(this.path(digest), O_RDONLY), (fd) => bytes.subarray(0, pread(fd, bytes, 0)));
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw new BerthError("not-found", `blob ${digest} not found`, { cause: error });
      throw error;
    }
  }

  /** Start writing a blob that must turn out to be `digest`. Commit or abort it. */
  begin(expected: { readonly digest: string; readonly size: number | undefined }): Ingest {
    const digest = parseDigest(expected.digest);
    const finalPath = this.#paths.blob(digest);
    return Ingest.start({ digest, size: expected.size, temporaryPath: this.temporaryPath(), finalPath });
  }

  /**
   * As {@link begin}, going on where an earlier try was cut off, also one of an earlier process. Waits for one that is
   * just ending.
   */
  async resume(expected: { readonly digest: string; readonly size: number | undefined }): Promise<Ingest> {
    const digest = parseDigest(expected.digest);
    for (let other = this.#resuming.get(digest); other !== undefined; other = this.#resuming.get(digest)) await other;
    const closed = deferred<void>();
    this.#resuming.set(digest, closed.promise);
    const onClosed = (): void => {
      this.#resuming.delete(digest);
      closed.resolve();
    };
    try {
      return await Ingest.resume({
        digest,
        size: expected.size,
        temporaryPath: `${this.#paths.ingestDir}/${digest.replace(":", "-")}.partial`,
        finalPath: this.#paths.blob(digest),
        onClosed,
      });
    } catch (error) {
      onClosed();
      throw error;
    }
  }

  /** Start writing a blob whose digest is told by its bytes. Commit or abort it. */
  beginUnnamed(): UnnamedIngest {
    return new UnnamedIngest(this.temporaryPath(), (digest) => this.path(digest));
  }

  /** Store small content at once; with `durable` on disk when it resolves. */
  async put(digest: string, bytes: Uint8Array, options: { readonly durable: boolean }): Promise<void> {
    if (this.has(digest)) return;
    const ingest = this.begin({ digest, size: bytes.length });
    try {
      await ingest.write(bytes);
      await ingest.commit(options);
    } catch (error) {
      await ingest.abort();
      throw error;
    }
  }

  /** A name for a blob being made whose digest is told by its end: {@link adopt} or {@link discard} it. */
  temporaryPath(): string {
    return `${this.#paths.ingestDir}/${randomHex(12)}`;
  }

  /** Give a finished file of {@link temporaryPath}, whose bytes hash to `digest`, its name. Not synced. */
  adopt(temporaryPath: string, digest: string): void {
    renameat2(AT_FDCWD, temporaryPath, AT_FDCWD, this.path(digest));
  }

  /** Remove what {@link adopt} did not take; nothing when there is none. */
  discard(temporaryPath: string): void {
    removeFile(temporaryPath);
  }

  /** Read the whole blob again and compare. `not-found` or `data-loss`. */
  async verify(digest: string): Promise<void> {
    const hash = createHash(digestAlgorithm(parseDigest(digest)));
    try {
      for await (const chunk of readChunks(this.path(digest))) hash.update(chunk);
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw new BerthError("not-found", `blob ${digest} not found`, { cause: error });
      throw error;
    }
    if (hash.digest("hex") !== digestHex(parseDigest(digest))) {
      throw new BerthError("data-loss", `blob ${digest} is damaged on disk`);
    }
  }

  /** False when there was none. */
  delete(digest: string): boolean {
    return removeFile(this.path(digest));
  }

  /** Bytes of what is being written, or waits for its download to go on. */
  unfinishedBytes(): number {
    const sizes = listDirectory(this.#paths.ingestDir).map(
      (name) => lstatMaybe(AT_FDCWD, `${this.#paths.ingestDir}/${name}`)?.size ?? 0,
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Every blob there is. */
  list(): readonly string[] {
    return ["sha256", "sha512"].flatMap((algorithm) =>
      listDirectory(`${this.#paths.blobsDir}/${algorithm}`).map((hex) => `${algorithm}:${hex}`),
    );
  }
}
