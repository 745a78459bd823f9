import type { ByteString } from "./byte-string.ts";
import type { TarEntry, TarSink } from "./tar-reader.ts";

/** A member's name for another one. */
export type Rename = (name: ByteString) => ByteString;

/** Hands an archive on with other names; the targets of hard links are names too. */
export class RenamingSink implements TarSink {
  readonly #sink: TarSink;
  readonly #rename: Rename;

  constructor(sink: TarSink, rename: Rename) {
    this.#sink = sink;
    this.#rename = rename;
  }

  entry(entry: TarEntry): void {
    const linkName = entry.type === "hardlink" ? this.#rename(entry.linkName) : entry.linkName;
    this.#sink.entry({ ...entry, name: this.#rename(entry.name), linkName });
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.#sink.data(chunk, start, end);
  }

  entryEnd(): void {
    this.#sink.entryEnd();
  }
}
