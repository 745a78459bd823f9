import type { Json } from "#host/helpers/helper-protocol.ts";
import { withFd } from "#host/files/files.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { O_DIRECTORY, O_PATH, O_RDONLY } from "#host/kernel/linux.ts";
import { removeEntry } from "#host/tree/remove-tree.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { lstatMaybe, open, openat, readDirectory } from "#host/kernel/syscalls.ts";
import { memberPath } from "#host/tree/member-path.ts";
import { archive } from "#host/tree/tree-archiver.ts";
import { openMergedView } from "#host/tree/tree-view.ts";
import { LayerWriter } from "#image/unpack/layer-writer.ts";
import { treeUsage } from "#snapshot/tree-usage.ts";
import { kernelPath, type ByteString } from "#spec/tar/byte-string.ts";
import { TarReader, type TarEntry, type TarSink } from "#spec/tar/tar-reader.ts";

export const SQUASH_TASK = "build-squash";

const WHITEOUT = ".wh.";
const OPAQUE_MARKER = ".wh..wh..opq";

/** Directories of layers. */
export interface SquashInput {
  /** Topmost first; what stays. */
  readonly below: readonly string[];
  /** Bottom first; what becomes one. */
  readonly layers: readonly string[];
  /** Empty: the one. */
  readonly treePath: string;
}

/** Lay layers over one another in a directory, as one layer on those below: the size of its files. */
export async function squashTask(input: Json): Promise<Json> {
  const { below, layers, treePath } = input as unknown as SquashInput;
  const view = below.length === 0 ? undefined : openMergedView(below);
  try {
    withFd(open(treePath, O_PATH | O_DIRECTORY), (tree) => {
      for (const layer of layers)
        withFd(open(layer, O_RDONLY | O_DIRECTORY), (from) => layOver(from, tree, view?.rootFd));
    });
  } finally {
    view?.close();
  }
  return { sizeBytes: (await treeUsage(treePath)).sizeBytes };
}

function layOver(from: number, tree: number, below: number | undefined): void {
  const writer = new LayerWriter(tree);
  try {
    const reader = new TarReader(new SquashSink(tree, below, writer));
    for (const piece of archive([{ kind: "content", directoryFd: from }], { overlayUpper: true, still: true }))
      reader.push(piece);
    reader.end();
    writer.finish();
  } finally {
    writer.close();
  }
}

/** A deletion takes away what earlier layers put there, and is remembered only where the layers below have something. */
class SquashSink implements TarSink {
  readonly #tree: number;
  readonly #below: number | undefined;
  readonly #writer: LayerWriter;

  constructor(tree: number, below: number | undefined, writer: LayerWriter) {
    this.#tree = tree;
    this.#below = below;
    this.#writer = writer;
  }

  entry(entry: TarEntry): void {
    const { directory, name } = memberPath(entry.name, "the layer");
    if (name === OPAQUE_MARKER) this.#clear(directory);
    else if (name.startsWith(WHITEOUT)) {
      const gone = name.slice(WHITEOUT.length);
      this.#remove(directory, gone);
      if (!hasName(this.#below, directory, gone)) return;
    }
    this.#writer.entry(entry);
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.#writer.data(chunk, start, end);
  }

  entryEnd(): void {
    this.#writer.entryEnd();
  }

  #clear(directory: ByteString): void {
    within(this.#tree, directory, (fd) => {
      const entries = withFd(openat(fd, ".", O_RDONLY | O_DIRECTORY), readDirectory);
      for (const { name } of entries) removeEntry(fd, name);
    });
  }

  #remove(directory: ByteString, name: ByteString): void {
    within(this.#tree, directory, (fd) => {
      if (lstatMaybe(fd, kernelPath(name)) !== undefined) removeEntry(fd, kernelPath(name));
    });
  }
}

function hasName(root: number | undefined, directory: ByteString, name: ByteString): boolean {
  if (root === undefined) return false;
  return within(root, directory, (fd) => lstatMaybe(fd, kernelPath(name)) !== undefined) ?? false;
}

/** Undefined when there is no such directory. */
function within<T>(root: number, directory: ByteString, work: (fd: number) => T): T | undefined {
  try {
    const path = directory === "" ? "." : kernelPath(directory);
    return withFd(openInRoot(root, path, O_PATH | O_DIRECTORY), work);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}
