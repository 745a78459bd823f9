import { BerthError } from "#base/errors.ts";
import { S_IFCHR, S_IFDIR, S_IFMT } from "#host/kernel/linux.ts";
import { fdPath, lstatMaybe, mknodat, setxattr } from "#host/kernel/syscalls.ts";
import { memberPath } from "#host/tree/member-path.ts";
import { TreeWriter, type TreeWriterResult } from "#host/tree/tree-writer.ts";
import { kernelPath, printable, type ByteString } from "#spec/tar/byte-string.ts";
import type { TarEntry, TarSink } from "#spec/tar/tar-reader.ts";

const OPAQUE = "trusted.overlay.opaque";
const YES = new Uint8Array([0x79]);
const WHITEOUT_PREFIX = ".wh.";
const WHITEOUT_META_PREFIX = ".wh..wh.";
const OPAQUE_MARKER = ".wh..wh..opq";

/** Its `sizeBytes`, each hard-linked file once, is what Docker calls a layer's size. */
export type LayerWriterResult = TreeWriterResult;

/**
 * Lays the members of one layer's archive out below a directory in the form overlayfs reads, as {@link TreeWriter} does
 * for any archive, and turns the layer's marks into overlayfs' own. Sources: OCI image-spec `layer.md` (whiteouts), kernel
 * `Documentation/filesystems/overlayfs.rst` (whiteouts are character devices 0/0, opaque directories carry
 * `trusted.overlay.opaque=y`).
 *
 * A whiteout hides only lower layers: beside a member of the same name it makes a directory opaque or does nothing.
 */
export class LayerWriter implements TarSink {
  readonly #tree: TreeWriter;

  /** `rootFd` is an open directory (O_PATH will do), the caller's. */
  constructor(rootFd: number) {
    this.#tree = new TreeWriter(rootFd, { layer: true });
  }

  entry(entry: TarEntry): void {
    const path = memberPath(entry.name, "the layer");
    if (path.name === OPAQUE_MARKER) {
      this.#tree.nextMember();
      setxattr(fdPath(this.#tree.directory(path.directory)), OPAQUE, YES);
      return;
    }
    // docker-compat: AUFS kept its own books under such names; they are no part of the image.
    if (path.key.startsWith(WHITEOUT_META_PREFIX) || path.key.includes(`/${WHITEOUT_META_PREFIX}`)) return;
    if (!path.name.startsWith(WHITEOUT_PREFIX)) {
      this.#tree.put(entry, path);
      return;
    }
    this.#tree.nextMember();
    try {
      this.#whiteout(this.#tree.directory(path.directory), path.name.slice(WHITEOUT_PREFIX.length), entry);
    } catch (error) {
      throw this.#tree.located(error, entry.type, path.key);
    }
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.#tree.data(chunk, start, end);
  }

  entryEnd(): void {
    this.#tree.entryEnd();
  }

  /** All members are in. */
  finish(): LayerWriterResult {
    return this.#tree.finish();
  }

  /** Close every descriptor; also after an error. */
  close(): void {
    this.#tree.close();
  }

  #whiteout(parent: number, name: ByteString, entry: TarEntry): void {
    if (name === "" || name === "." || name === "..") {
      throw new BerthError("invalid-parameter", `"${printable(entry.name)}" is no valid whiteout`);
    }
    const path = kernelPath(name);
    const present = lstatMaybe(parent, path);
    if (present === undefined) {
      mknodat(parent, path, S_IFCHR, 0, 0);
      this.#tree.setTimes(parent, name, entry.mtime);
      return;
    }
    if ((present.mode & S_IFMT) !== S_IFDIR) return;
    setxattr(Buffer.concat([Buffer.from(`${fdPath(parent)}/`), Buffer.from(name, "latin1")]), OPAQUE, YES);
  }
}
