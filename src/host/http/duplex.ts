/**
 * A byte stream in both directions whose halves close separately, as a hijacked Docker connection needs: after
 * `endWrite` the other side sees end of file and may go on sending.
 *
 * One reader at a time. Errors: `unavailable` BerthError when the connection broke; after `close` reads answer
 * `undefined` and writes fail. The holder closes it.
 */
export interface Duplex {
  /** The next bytes, or `undefined` at the end of the other side's data. The array belongs to the caller. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the bytes were handed to the kernel, which is how a slow peer slows the writer down. */
  write(data: Uint8Array | string): Promise<void>;
  /** Sends end of file; reading goes on. Idempotent. */
  endWrite(): Promise<void>;
  /** Drops both directions at once. Idempotent. */
  close(): void;
}

/** Hears of a connection's end at once, whether or not anybody reads. */
export interface DuplexWatcher {
  /** The other side has said all; it may still listen. */
  onEnd(): void;
  /** The connection is over in both directions. May come more than once. */
  onGone(): void;
}

export interface WatchedDuplex extends Duplex {
  /** One watcher, from now on. */
  watch(watcher: DuplexWatcher): void;
}

/** Opens one connection to the server a client was made for. */
export type Dial = () => Promise<Duplex>;

/** Everything a stream still has, piece by piece, until its end. */
export async function* readAll(stream: Pick<Duplex, "read">): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const chunk = await stream.read();
    if (chunk === undefined) return;
    yield chunk;
  }
}
