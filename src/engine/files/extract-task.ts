import { BerthError } from "#base/errors.ts";
import { takeReadEnd } from "#host/byte-pipe.ts";
import { withFd } from "#host/files.ts";
import type { Json } from "#host/helper-protocol.ts";
import type { HelperContext } from "#host/helper-serve.ts";
import { O_PATH, S_IFDIR, S_IFMT } from "#host/linux.ts";
import { close, fstat, read } from "#host/syscalls.ts";
import type { TreeView } from "#host/tree-view.ts";
import { absolutePath, evaluateInRoot } from "#host/tree/container-path.ts";
import { TreeWriter } from "#host/tree/tree-writer.ts";
import { decompressed, sniffCompression, SNIFF_LENGTH } from "#image/unpack/decompress.ts";
import { TarReader } from "#spec/tar/tar-reader.ts";
import { openPath } from "./find-path.ts";
import { withView, type ContainerView } from "./view.ts";

export const EXTRACT_TASK = "container-extract";
const READ_SIZE = 1 << 20;
/** Errors that tell of the machine, not of the archive or the tree it goes to. */
const OURS: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EIO", "EFBIG"]);

export interface ExtractOptions {
  /** Docker's noOverwriteDirNonDir. */
  readonly keepTypes: boolean;
  /** Instead of the members' own. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/**
 * Lay out the archive that comes through the engine's pipe in a directory of a container. Says `null` when the directory
 * was found to be fit for it; the archive may be compressed by gzip or zstd.
 */
export async function extractTask(input: Json, context: HelperContext): Promise<Json> {
  const { view, path, pipe, options } = input as unknown as {
    readonly view: ContainerView;
    readonly path: string;
    readonly pipe: string;
    readonly options: ExtractOptions;
  };
  return withView(view, async (opened) => {
    const base = basePath(opened, path);
    const source = takeReadEnd(pipe);
    await context.send(null);
    try {
      await extract(source, opened.rootFd, base, options);
    } catch (error) {
      throw blamed(error);
    } finally {
      close(source);
    }
    return null;
  });
}

/** The directory `path` leads to. Docker's refusals of what is no directory or must not be written. */
function basePath(view: TreeView & { readonly readOnlyRoot: boolean }, path: string): string {
  const absolute = absolutePath(path);
  const base = evaluateInRoot(view.rootFd, absolute);
  return withFd(openPath(view.rootFd, base, O_PATH), (fd) => {
    const { mode, mountId } = fstat(fd);
    if ((mode & S_IFMT) !== S_IFDIR) throw new BerthError("invalid-parameter", "extraction point is not a directory");
    const mount = view.mountOf(mountId);
    if (mount?.readOnly === true) throw new BerthError("forbidden", "mounted volume is marked read-only");
    if (mount === undefined && view.readOnlyRoot)
      throw new BerthError("forbidden", "container rootfs is marked read-only");
    return base;
  });
}

async function extract(source: number, rootFd: number, base: string, options: ExtractOptions): Promise<void> {
  const writer = new TreeWriter(rootFd, {
    base: Buffer.from(base.slice(1)).toString("latin1"),
    keepTypes: options.keepTypes,
    refuseLinksOutward: true,
    ...(options.owner === null ? {} : { owner: options.owner }),
  });
  try {
    const reader = new TarReader(writer);
    const buffer = new Uint8Array(READ_SIZE);
    let filled = 0;
    while (filled < SNIFF_LENGTH) {
      const count = read(source, buffer.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
    const compression = sniffCompression(buffer.subarray(0, filled));
    if (compression === "none") {
      for (let count = filled; count > 0; count = read(source, buffer)) {
        reader.push(count === buffer.length ? buffer : buffer.subarray(0, count));
      }
    } else {
      for await (const chunk of decompressed(chunks(source, buffer, filled), compression)) reader.push(chunk);
    }
    reader.end();
    writer.finish();
  } finally {
    writer.close();
  }
}

async function* chunks(source: number, buffer: Uint8Array, filled: number): AsyncGenerator<Uint8Array> {
  for (let count = filled; count > 0; count = read(source, buffer)) yield buffer.subarray(0, count);
}

/** What the kernel refused because of the archive or the place it goes to is the client's to mend. */
function blamed(error: unknown): unknown {
  if (!(error instanceof BerthError) || (error.kind !== "internal" && error.kind !== "data-loss")) return error;
  const { code } = error.details;
  if (error.kind === "internal" && (code === undefined || OURS.has(code))) return error;
  const kind = code === "EROFS" ? "forbidden" : "invalid-parameter";
  return new BerthError(kind, error.message, { cause: error });
}
