import type { AttachedStreams, AttachStream } from "#runtime/types.ts";

/**
 * An attach to a process that does not exist yet. `docker run` attaches first and starts then, so that no output is
 * lost; input that arrives meanwhile is kept (bounded by the caller, who waits for each write).
 *
 *   waiting ── connect(stream) ──▶ connected
 *      └────── abandon()/close() ──▶ ended: readable ends, writes are dropped
 */
export class DeferredAttach implements AttachStream {
  readonly #stream: Promise<AttachStream | undefined>;
  readonly #settle: (stream: AttachStream | undefined) => void;
  #closed = false;
  readonly streams: AttachedStreams;
  readonly #onClose: (self: DeferredAttach) => void;

  constructor(streams: AttachedStreams, onClose: (self: DeferredAttach) => void) {
    this.streams = streams;
    this.#onClose = onClose;
    const { promise, resolve } = Promise.withResolvers<AttachStream | undefined>();
    this.#stream = promise;
    this.#settle = resolve;
  }

  connect(stream: AttachStream): void {
    if (this.#closed) stream.close();
    else this.#settle(stream);
  }

  /** No process will come: the reader sees the end. */
  abandon(): void {
    this.#settle(undefined);
  }

  get readable(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    const stream = await this.#stream;
    if (stream !== undefined) yield* stream.readable;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const stream = await this.#stream;
    if (!this.#closed) await stream?.write(bytes);
  }

  endInput(): void {
    void this.#stream.then((stream) => stream?.endInput());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose(this);
    void this.#stream.then((stream) => stream?.close());
    this.#settle(undefined);
  }
}
