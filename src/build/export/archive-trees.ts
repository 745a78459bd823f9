import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import { EXPORT_FILES_TASK, type FilesTaskInput } from "./files-task.ts";

/** One tar archive of `trees`, written by a helper process. What it cannot do is thrown by the chunks. */
export async function archiveTrees(
  streams: Pick<HelperStreams, "read">,
  input: FilesTaskInput,
): Promise<AsyncIterable<Uint8Array>> {
  const { chunks } = await streams.read(EXPORT_FILES_TASK, input as unknown as Record<string, Json>);
  return chunks;
}
