import { BerthError } from "#base/errors.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { noticesTo } from "../registry-notices.ts";
import type { ImageSinks } from "../sink.ts";
import type { ImageSources } from "../source.ts";
import type { CopyRequest } from "../types.ts";
import { copyImage } from "./copy-image.ts";

/** See {@link import("../types.ts").ImageService.copy}. */
export function copyBetween(registries: ImageSources & ImageSinks, request: CopyRequest): Promise<string> {
  const { signal, onProgress } = request;
  const from = parseReference(request.from);
  const to = parseReference(request.to);
  if (to.digest !== undefined && to.digest !== from.digest)
    throw new BerthError("invalid-parameter", "cannot copy to a digest: name a tag");
  const notices = noticesTo(onProgress);
  const mountFrom = from.domain === to.domain && from.path !== to.path ? from.path : undefined;
  return copyImage({
    source: registries.open(from, request.fromAuth, notices),
    from,
    sink: registries.openSink(to, request.toAuth, mountFrom === undefined ? [] : [mountFrom], notices),
    to,
    mountFrom,
    signal,
    onProgress,
  });
}
