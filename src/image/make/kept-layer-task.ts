import { createHash } from "node:crypto";
import { withFd } from "#host/files.ts";
import type { Json } from "#host/helper-protocol.ts";
import { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from "#host/linux.ts";
import { open, writeAll } from "#host/syscalls.ts";
import { archive } from "#host/tree/tree-archiver.ts";
import type { ArchivedUpper } from "./upper-layer-task.ts";

export const KEPT_LAYER_TASK = "kept-layer";

/**
 * The archive of a layer's tree as the file `blobPath`, with `latest` (Unix seconds, null for none) in the place of every
 * later time. `members` counts the archive as one.
 */
export async function keptLayerTask(input: Json): Promise<Json> {
  const { treePath, blobPath, latest } = input as unknown as KeptLayer;
  const layer = withFd(open(treePath, O_RDONLY | O_DIRECTORY), (tree) =>
    withFd(open(blobPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), (blob) => archiveTree(tree, blob, latest)),
  );
  return { ...layer };
}

interface KeptLayer {
  readonly treePath: string;
  readonly blobPath: string;
  readonly latest: number | null;
}

function archiveTree(tree: number, blob: number, latest: number | null): ArchivedUpper {
  const hash = createHash("sha256");
  let blobBytes = 0;
  const time = latest === null ? {} : { time: (seconds: number): number => Math.min(seconds, latest) };
  const pieces = archive([{ kind: "content", directoryFd: tree }], { overlayUpper: true, still: true, ...time });
  for (const piece of pieces) {
    hash.update(piece);
    writeAll(blob, piece);
    blobBytes += piece.length;
  }
  return { diffId: `sha256:${hash.digest("hex")}`, blobBytes, sizeBytes: 0, members: 1 };
}
