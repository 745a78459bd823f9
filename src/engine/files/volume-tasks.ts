import { takeReadEnd, takeWriteEnd } from "#host/sockets/byte-pipe.ts";
import { copyTree } from "#host/tree/copy-tree.ts";
import { withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { close, open, syncfs, writeAll } from "#host/kernel/syscalls.ts";
import { archive } from "#host/tree/tree-archiver.ts";
import { TreeWriter } from "#host/tree/tree-writer.ts";
import { withinQuotas } from "#host/files/within-quotas.ts";
import { blamedOnArchive, layOut } from "./lay-out.ts";

export const VOLUME_COPY_TASK = "volume-copy";
export const VOLUME_EXPORT_TASK = "volume-export";
export const VOLUME_IMPORT_TASK = "volume-import";

const DIRECTORY = O_RDONLY | O_DIRECTORY;

/**
 * Copy what is in the directory `from` into the existing directory `to`, as far as its limit lets, and wait until it is on
 * the disk.
 */
export async function volumeCopyTask(input: Json): Promise<Json> {
  const { from, to } = input as { readonly from: string; readonly to: string };
  await withinQuotas(() =>
    withFd(open(from, DIRECTORY), (source) =>
      withFd(open(to, DIRECTORY), (target) => {
        copyTree(source, target);
        syncfs(target);
      }),
    ),
  );
  return null;
}

/** Write a directory, itself as `./`, as a tar archive into the engine's pipe; files keep their holes. */
export async function volumeExportTask(input: Json, context: HelperContext): Promise<Json> {
  const { path, pipe } = input as { readonly path: string; readonly pipe: string };
  const directoryFd = open(path, DIRECTORY);
  try {
    const out = takeWriteEnd(pipe);
    await context.send(null);
    withFd(out, () => {
      const root = { kind: "entry", directoryFd, name: ".", as: "./" } as const;
      for (const piece of archive([root], { sparse: true })) writeAll(out, piece);
    });
  } finally {
    close(directoryFd);
  }
  return null;
}

/**
 * Lay the archive that comes through the engine's pipe out in an empty directory, and wait until it is on the disk. A
 * member that names the archive's root gives the directory its owner and mode.
 */
export async function volumeImportTask(input: Json, context: HelperContext): Promise<Json> {
  const { path, pipe } = input as { readonly path: string; readonly pipe: string };
  const source = takeReadEnd(pipe);
  await context.send(null);
  const directoryFd = open(path, DIRECTORY);
  try {
    await withinQuotas(() => layOut(source, new TreeWriter(directoryFd, { describesBase: true })));
    syncfs(directoryFd);
  } catch (error) {
    throw blamedOnArchive(error);
  } finally {
    close(directoryFd);
    close(source);
  }
  return null;
}
