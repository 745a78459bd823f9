import { createHash } from "node:crypto";
import { removeFile, withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from "#host/kernel/linux.ts";
import { open, writeAll } from "#host/kernel/syscalls.ts";
import { archive } from "#host/tree/tree-archiver.ts";
import type { ArchivedUpper } from "./upper-layer-task.ts";

export const KEPT_LAYER_TASK = "kept-layer";

/**
 * The archive of a layer's tree as the file `blobPath`, with `latest` (Unix seconds, null for none) in the place of every
 * later time. `members` counts the archive as one.
 */
export async function keptLayerTask(input: Json): Promise<Json> {
  return { ...archiveKept(input as unknown as KeptLayer, Infinity) };
}

export interface KeptLayer {
  readonly treePath: string;
  readonly blobPath: string;
  readonly latest: number | null;
}

/** Above this an archive is for helpers: what is below takes some milliseconds, and starting a helper takes more. */
const SMALL_BYTES = 256 << 10;

class TooLarge extends Error {}

/** {@link keptLayerTask} in this process; undefined, with nothing left, for a layer that is too large for it. */
export function archiveSmall(layer: KeptLayer): ArchivedUpper | undefined {
  try {
    return archiveKept(layer, SMALL_BYTES);
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    removeFile(layer.blobPath);
    return undefined;
  }
}

function archiveKept({ treePath, blobPath, latest }: KeptLayer, maxBytes: number): ArchivedUpper {
  return withFd(open(treePath, O_RDONLY | O_DIRECTORY), (tree) =>
    withFd(open(blobPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), (blob) =>
      archiveTree(tree, blob, latest, maxBytes),
    ),
  );
}

function archiveTree(tree: number, blob: number, latest: number | null, maxBytes: number): ArchivedUpper {
  const hash = createHash("sha256");
  let blobBytes = 0;
  const time = latest === null ? {} : { time: (seconds: number): number => Math.min(seconds, latest) };
  const pieces = archive([{ kind: "content", directoryFd: tree }], { overlayUpper: true, still: true, ...time });
  for (const piece of pieces) {
    blobBytes += piece.length;
    if (blobBytes > maxBytes) throw new TooLarge();
    hash.update(piece);
    writeAll(blob, piece);
  }
  return { diffId: `sha256:${hash.digest("hex")}`, blobBytes, sizeBytes: 0, members: 1 };
}
