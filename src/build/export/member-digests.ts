import { createHash, type Hash } from "node:crypto";
import { printable, type ByteString } from "#spec/tar/byte-string.ts";
import { TarReader, type TarEntry } from "#spec/tar/tar-reader.ts";
import type { Statement } from "../attest/statement.ts";

/** Digests of the files of an archive, while it is written. */
export class MemberDigests {
  readonly #digests = new Map<ByteString, string>();
  readonly #reader: TarReader;
  #hash: Hash | undefined;
  #entry: TarEntry | undefined;

  constructor() {
    this.#reader = new TarReader({
      entry: (entry) => this.#begin(entry),
      data: (chunk, start, end) => void this.#hash?.update(chunk.subarray(start, end)),
      entryEnd: () => this.#end(),
    });
  }

  push(piece: Uint8Array): void {
    this.#reader.push(piece);
  }

  /** Regular files so far whose names begin with `prefix`, but for some, as the subjects of a statement. */
  below(prefix: ByteString, without: ReadonlySet<ByteString>): Statement["subject"] {
    return [...this.#digests]
      .filter(([name]) => name.startsWith(prefix) && !without.has(name))
      .map(([name, sha256]) => ({ name: printable(name.slice(prefix.length)), digest: { sha256 } }));
  }

  #begin(entry: TarEntry): void {
    this.#entry = entry;
    this.#hash = entry.type === "file" ? createHash("sha256") : undefined;
  }

  #end(): void {
    if (this.#entry === undefined) return;
    const { type, name, linkName } = this.#entry;
    const digest = type === "hardlink" ? this.#digests.get(linkName) : this.#hash?.digest("hex");
    if (digest !== undefined) this.#digests.set(name, digest);
  }
}
