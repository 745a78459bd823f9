import { createHash, type Hash } from "node:crypto";
import { digestAlgorithm, digestHex, parseDigest } from "#base/digest.ts";
import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { hasCode } from "#host/errno.ts";
import { readChunks } from "#host/file-reader.ts";
import { FileWriter } from "#host/file-writer.ts";
import { listDirectory, readFile, removeFile, syncDirectory, withFd } from "#host/files.ts";
import { AT_FDCWD, O_RDONLY } from "#host/linux.ts";
import { lstatMaybe, open, pread, renameat2 } from "#host/syscalls.ts";

/** Where blobs lie; `state/layout.ts` provides it. */
export interface BlobPaths {
  readonly blobsDir: string;
  readonly ingestDir: string;
  blob(digest: string): string;
}

/**
 * Content by digest, in the order of an OCI image layout (image-spec `image-layout.md`): `blobs/<algorithm>/<hex>`. A
 * blob's name appears only when its bytes were read to the end and hash to it; until then they lie in the ingest folder,
 * which {@link reconcile} empties. Blobs never change.
 */
export class BlobStore {
  readonly #paths: BlobPaths;

  constructor(deps: { readonly paths: BlobPaths }) {
    this.#paths = deps.paths;
  }

  /** Remove what an earlier process left unfinished. Call before anything is written. */
  reconcile(): void {
    for (const name of listDirectory(this.#paths.ingestDir)) removeFile(`${this.#paths.ingestDir}/${name}`);
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
    return new Ingest({
      digest,
      size: expected.size,
      temporaryPath: `${this.#paths.ingestDir}/${randomHex(12)}`,
      finalPath: this.#paths.blob(digest),
    });
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

  /** Every blob there is. */
  list(): readonly string[] {
    return ["sha256", "sha512"].flatMap((algorithm) =>
      listDirectory(`${this.#paths.blobsDir}/${algorithm}`).map((hex) => `${algorithm}:${hex}`),
    );
  }
}

/** One blob being written. Its bytes may be read at {@link path} while they come in. */
export class Ingest {
  readonly path: string;
  readonly #digest: string;
  readonly #size: number | undefined;
  readonly #finalPath: string;
  readonly #hash: Hash;
  readonly #writer: FileWriter;
  #received = 0;
  #onWritten: (size: number) => void = () => {};
  #state: "open" | "committed" | "aborted" = "open";

  constructor(options: {
    readonly digest: string;
    readonly size: number | undefined;
    readonly temporaryPath: string;
    readonly finalPath: string;
  }) {
    this.path = options.temporaryPath;
    this.#digest = options.digest;
    this.#size = options.size;
    this.#finalPath = options.finalPath;
    this.#hash = createHash(digestAlgorithm(parseDigest(options.digest)));
    this.#writer = new FileWriter(this.path, (size) => this.#onWritten(size));
  }

  /** Bytes accepted so far. */
  get received(): number {
    return this.#received;
  }

  /** Hear how much of the file can be read. */
  onWritten(listener: (size: number) => void): void {
    this.#onWritten = listener;
  }

  /** `data-loss` when more comes than was announced; `resource-exhausted` when the disk is full. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#received += chunk.length;
    if (this.#size !== undefined && this.#received > this.#size) {
      throw new BerthError("data-loss", `filesystem layer verification failed for digest ${this.#digest}`);
    }
    this.#hash.update(chunk);
    await this.#writer.write(chunk);
  }

  /** Check size and digest (`data-loss`) and hand the last bytes to the kernel; nothing can be written after. */
  async verify(): Promise<void> {
    if (this.#size !== undefined && this.#received !== this.#size) throw new BerthError("data-loss", "unexpected EOF");
    if (`${this.#digest.slice(0, this.#digest.indexOf(":"))}:${this.#hash.digest("hex")}` !== this.#digest) {
      throw new BerthError("data-loss", `filesystem layer verification failed for digest ${this.#digest}`);
    }
    await this.#writer.flush(false);
  }

  /** {@link verify} if not done, make it last unless `durable` is false (then the caller syncs later), and give it its name. */
  async commit(options: { readonly verified?: boolean; readonly durable?: boolean } = {}): Promise<void> {
    if (options.verified !== true) await this.verify();
    const durable = options.durable !== false;
    await this.#writer.flush(durable);
    await this.#writer.close();
    this.#state = "committed";
    renameat2(AT_FDCWD, this.path, AT_FDCWD, this.#finalPath);
    if (durable) syncDirectory(this.#finalPath.slice(0, this.#finalPath.lastIndexOf("/")));
  }

  /** Remove what was written; nothing after a commit. */
  async abort(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "aborted";
    await this.#writer.close().catch(() => undefined);
    removeFile(this.path);
  }
}

/** A blob being written that gets its name from what it turned out to hold: its sha256. */
export class UnnamedIngest {
  readonly path: string;
  readonly #pathOf: (digest: string) => string;
  readonly #hash: Hash;
  readonly #writer: FileWriter;
  #received = 0;
  #digest: string | undefined;
  #onWritten: (size: number) => void = () => {};
  #state: "open" | "closed" | "committed" | "aborted" = "open";

  constructor(temporaryPath: string, pathOf: (digest: string) => string) {
    this.path = temporaryPath;
    this.#pathOf = pathOf;
    this.#hash = createHash("sha256");
    this.#writer = new FileWriter(this.path, (size) => this.#onWritten(size));
  }

  /** Bytes accepted so far. */
  get received(): number {
    return this.#received;
  }

  /** Hear how much of the file can be read. */
  onWritten(listener: (size: number) => void): void {
    this.#onWritten = listener;
  }

  /** `chunk` is the receiver's for good. `resource-exhausted` when the disk is full. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#received += chunk.length;
    this.#hash.update(chunk);
    await this.#writer.write(chunk);
  }

  /** All bytes are there and can be read; nothing can be written after. Repeating it is allowed. */
  async close(): Promise<void> {
    if (this.#state !== "open") return;
    await this.#writer.flush(false);
    this.#state = "closed";
    await this.#writer.close();
  }

  /** Of all that was written; nothing can be written after. */
  digest(): string {
    this.#digest ??= `sha256:${this.#hash.digest("hex")}`;
    return this.#digest;
  }

  /** Give it its name, {@link digest}. Not synced: the caller's rows remember the boot. */
  async commit(): Promise<void> {
    await this.close();
    this.#state = "committed";
    renameat2(AT_FDCWD, this.path, AT_FDCWD, this.#pathOf(this.digest()));
  }

  /** Remove what was written; nothing after a commit. */
  async abort(): Promise<void> {
    if (this.#state === "committed" || this.#state === "aborted") return;
    if (this.#state === "open") await this.#writer.close().catch(() => undefined);
    this.#state = "aborted";
    removeFile(this.path);
  }
}
