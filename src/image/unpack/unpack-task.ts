import { BerthError } from "#base/errors.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { close, open } from "#host/kernel/syscalls.ts";
import { GrowingFile } from "./growing-file.ts";
import { unpackLayer } from "./unpack-layer.ts";

export const UNPACK_TASK = "unpack-layer";
/** Tell the engine about progress each so many bytes of the blob. */
const REPORT_EVERY = 1 << 20;

/** Messages to the task: how much of the blob's file can be read, at last with `done`. */
export interface UnpackMessage {
  readonly size: number;
  readonly done: boolean;
}

/** The helper's side of {@link import("./layer-unpacker.ts").HelperUnpacker}. */
export async function unpackTask(input: Json, context: HelperContext): Promise<Json> {
  const { blobPath, treePath } = input as { readonly blobPath: string; readonly treePath: string };
  const blobFd = open(blobPath, O_RDONLY);
  try {
    const rootFd = open(treePath, O_RDONLY | O_DIRECTORY);
    try {
      const blob = new GrowingFile(blobFd, 0);
      context.onMessage((message) => {
        const { size, done } = message as unknown as UnpackMessage;
        if (done) blob.complete(size);
        else blob.grow(size);
      });
      let reported = 0;
      const unpacked = await unpackLayer(
        blob.chunks((bytesRead) => {
          if (bytesRead - reported < REPORT_EVERY) return;
          reported = bytesRead;
          void context.send(bytesRead);
        }),
        rootFd,
      );
      return { ...unpacked };
    } finally {
      close(rootFd);
    }
  } finally {
    close(blobFd);
  }
}

export function toUnpacked(value: Json): {
  diffId: string;
  sizeBytes: number;
  members: number;
  warnings: readonly string[];
} {
  const { diffId, sizeBytes, members, warnings } = value as Readonly<Record<string, Json>>;
  if (typeof diffId !== "string" || typeof sizeBytes !== "number" || typeof members !== "number") {
    throw new BerthError("internal", "the unpacking helper gave no result");
  }
  return { diffId, sizeBytes, members, warnings: Array.isArray(warnings) ? warnings.map(String) : [] };
}
