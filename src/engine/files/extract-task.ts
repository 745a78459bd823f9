import { BerthError } from "#base/errors.ts";
import { takeReadEnd } from "#host/sockets/byte-pipe.ts";
import { withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { O_PATH, S_IFDIR, S_IFMT } from "#host/kernel/linux.ts";
import { close, fstat } from "#host/kernel/syscalls.ts";
import type { TreeView } from "#host/tree/tree-view.ts";
import { absolutePath, evaluateInRoot } from "#host/tree/container-path.ts";
import { TreeWriter } from "#host/tree/tree-writer.ts";
import { blamedOnArchive, layOut } from "./lay-out.ts";
import { openPath } from "./find-path.ts";
import { withView, type ContainerView } from "./view.ts";

export const EXTRACT_TASK = "container-extract";

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
      await layOut(source, writerFor(opened, base, options));
    } catch (error) {
      throw blamedOnArchive(error);
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

function writerFor({ rootFd, ids }: TreeView, base: string, { keepTypes, owner }: ExtractOptions): TreeWriter {
  return new TreeWriter(rootFd, {
    base: Buffer.from(base.slice(1)).toString("latin1"),
    keepTypes,
    refuseLinksOutward: true,
    ids,
    ...(owner === null ? {} : { owner }),
  });
}
