import type { Lease } from "#content/leases.ts";
import type { UnnamedIngest } from "#content/unnamed-ingest.ts";
import type { PendingLayer } from "#snapshot/layer-directories.ts";
import { sniffCompression, SNIFF_LENGTH } from "../unpack/decompress.ts";
import type { Unpacking } from "../unpack/layer-unpacker.ts";
import type { UnpackedLayer } from "../unpack/unpack-layer.ts";
import type { MadeLayer, MakerDeps } from "./types.ts";

/**
 * A layer's archive that comes in from somewhere, plain or compressed: unpacked while it is written to a file. It is
 * {@link take}n or {@link abort}ed in the end; until then nobody sees any of it.
 *
 *   write … write ── end ──▶ take ──▶ blob and layer named
 *                        └──▶ takeBlob ──▶ blob named
 */
export class IncomingLayer {
  readonly #pending: PendingLayer;
  readonly #spool: UnnamedIngest;
  readonly #unpacking: Unpacking;
  #head = new Uint8Array(0);
  #failed = false;
  #taken = false;

  constructor(deps: Pick<MakerDeps, "blobs" | "layers" | "unpacker">) {
    this.#pending = deps.layers.begin();
    this.#spool = deps.blobs.beginUnnamed();
    this.#unpacking = deps.unpacker.start(this.#spool.path, this.#pending.treePath, () => {});
    this.#unpacking.result.catch(() => (this.#failed = true));
    this.#spool.onWritten((size) => this.#unpacking.grow(size));
  }

  /** True when what came so far cannot be unpacked: {@link unpacked} tells why. */
  get failed(): boolean {
    return this.#failed;
  }

  get sizeBytes(): number {
    return this.#spool.received;
  }

  /** Rejects with what is wrong with the archive. */
  get unpacked(): Promise<UnpackedLayer> {
    return this.#unpacking.result;
  }

  /** `chunk` is the layer's for good. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#head.length < SNIFF_LENGTH) this.#head = Buffer.concat([this.#head, chunk.subarray(0, SNIFF_LENGTH)]);
    await this.#spool.write(chunk);
  }

  /** There are no more bytes; unpacking goes on. */
  async end(): Promise<void> {
    await this.#spool.close();
    this.#unpacking.complete(this.#spool.received);
  }

  /** Of the archive as it came; after {@link end}. */
  get digest(): string {
    return this.#spool.digest();
  }

  /** Make blob and layer visible when it is unpacked, held by `lease`. */
  async take(lease: Lease): Promise<MadeLayer> {
    const unpacked = await this.#unpacking.result;
    const digest = this.#spool.digest();
    lease.hold(digest);
    lease.hold(unpacked.diffId);
    await this.#spool.commit();
    await this.#pending.commit(unpacked.diffId, unpacked.sizeBytes);
    this.#taken = true;
    return {
      diffId: unpacked.diffId,
      blob: { digest, sizeBytes: this.#spool.received, compression: sniffCompression(this.#head) },
      sizeBytes: unpacked.sizeBytes,
    };
  }

  /** Make the archive alone visible, whatever it unpacked to, held by `lease`. */
  async takeBlob(lease: Lease): Promise<void> {
    lease.hold(this.digest);
    this.#unpacking.abort();
    await this.#unpacking.result.catch(() => undefined);
    await this.#spool.commit();
    this.#taken = true;
    await this.#pending.abort();
  }

  /** Remove what came; nothing after {@link take}. */
  async abort(): Promise<void> {
    if (this.#taken) return;
    this.#unpacking.abort();
    await this.#unpacking.result.catch(() => undefined);
    await this.#spool.abort();
    await this.#pending.abort();
  }
}
