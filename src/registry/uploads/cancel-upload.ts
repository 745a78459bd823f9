import type { RegistryContext } from "../context.ts";
import { uploadLock, uploadOffset } from "./upload.ts";

/** Drop an upload and its bytes. `BLOB_UPLOAD_UNKNOWN`. */
export function cancelUpload(context: RegistryContext, repository: string, id: string): Promise<void> {
  return context.locks.run(uploadLock(id), async () => {
    await uploadOffset(context, repository, id);
    context.hashes.drop(id);
    await context.storage.discard(id);
  });
}
