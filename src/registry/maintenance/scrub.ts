import { verifyBlob } from "../blobs/verify-blob.ts";
import type { RegistryContext } from "../context.ts";

export interface Scrubbed {
  readonly blobs: number;
  readonly bytes: number;
  /** Digests that did not match their bytes, or whose bytes are gone. */
  readonly damaged: readonly string[];
}

const PAGE = 500;

/** Read every blob and compare it with its digest, one after the other. What is damaged is not served any more. */
export async function scrub(context: RegistryContext, signal?: AbortSignal): Promise<Scrubbed> {
  const damaged: string[] = [];
  let [blobs, bytes] = [0, 0];
  for (let after = ""; ;) {
    const page = context.blobs.page(after, PAGE);
    for (const blob of page) {
      if (signal?.aborted === true) return { blobs, bytes, damaged };
      // It may have been collected meanwhile.
      if (context.blobs.find(blob.digest) === undefined) continue;
      if (!(await verifyBlob(context, blob))) damaged.push(blob.digest);
      blobs += 1;
      bytes += blob.sizeBytes;
    }
    const last = page.at(-1);
    if (last === undefined) return { blobs, bytes, damaged };
    after = last.digest;
  }
}
