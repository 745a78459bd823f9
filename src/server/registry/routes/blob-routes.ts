import { blobUnknown } from "#registry/failure.ts";
import type { WebReply } from "#host/web/web-server.ts";
import { deleteBlob } from "#registry/blobs/delete-blob.ts";
import { emitBlobEvent } from "#registry/blobs/emit-blob-event.ts";
import { findBlob } from "#registry/blobs/find-blob.ts";
import type { PullThrough } from "#registry/cache/pull-through.ts";
import type { RegistryContext } from "#registry/context.ts";
import { parseByteRange } from "#spec/oci/distribution.ts";
import type { Call, Route } from "../call.ts";
import { empty } from "../replies.ts";
import { errorReply } from "../status.ts";

const path = /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/;

/** Blobs by digest: distribution-spec end-2 and end-10. */
export function blobRoutes(context: RegistryContext, cache: PullThrough): readonly Route[] {
  return [
    { method: "GET", path, need: "pull", handle: (call) => serveBlob(context, cache, call) },
    { method: "HEAD", path, need: "pull", handle: (call) => serveBlob(context, cache, call) },
    {
      method: "DELETE",
      path,
      need: "delete",
      handle: ({ params, actor }) => {
        deleteBlob(context, params["name"] ?? "", params["digest"] ?? "", actor);
        return empty(202);
      },
    },
  ];
}

/** A digest's bytes never change, so any copy of them is good for ever (RFC 9111). */
const FOR_EVER = "max-age=31536000, immutable";

async function serveBlob(
  context: RegistryContext,
  cache: PullThrough,
  { request, params, actor }: Call,
): Promise<WebReply> {
  await cache.blob(params["name"] ?? "", params["digest"] ?? "");
  const { digest, sizeBytes } = await findBlob(context, params["name"] ?? "", params["digest"] ?? "");
  const etag = `"${digest}"`;
  const headers = {
    "Docker-Content-Digest": digest,
    ETag: etag,
    "Cache-Control": FOR_EVER,
    "Accept-Ranges": "bytes",
  };
  if (matches(request.header("if-none-match"), etag)) return { status: 304, headers };
  const ifRange = request.header("if-range");
  const wanted = ifRange === undefined || ifRange === etag ? request.header("range") : undefined;
  const range = parseByteRange(wanted, sizeBytes);
  if (range === "unsatisfiable") {
    const message = `the blob has ${sizeBytes} bytes`;
    return errorReply(416, [{ code: "RANGE_INVALID", message }], { "Content-Range": `bytes */${sizeBytes}` });
  }
  const content = {
    ...headers,
    "Content-Type": "application/octet-stream",
    // A page that a browser was led to must not come out of a layer.
    "Content-Disposition": "attachment",
  };
  if (request.method === "HEAD") return { status: 200, headers: { ...content, "Content-Length": String(sizeBytes) } };
  emitBlobEvent(context, "pull", { repository: params["name"] ?? "", digest, sizeBytes, actor });
  const start = range === "whole" ? 0 : range.start;
  const end = range === "whole" ? sizeBytes : range.end + 1;
  const partial = range === "whole" ? {} : { "Content-Range": `bytes ${start}-${end - 1}/${sizeBytes}` };
  const file = context.storage.localPath(digest);
  return {
    status: range === "whole" ? 200 : 206,
    headers: { ...content, ...partial, "Content-Length": String(end - start) },
    body: file === undefined ? upTo(context.storage.read(digest, start), end - start) : { path: file, start, end },
  };
}

async function* upTo(chunks: AsyncIterable<Uint8Array>, count: number): AsyncIterable<Uint8Array> {
  let left = count;
  for await (const chunk of chunks) {
    const part = chunk.slice(0, left);
    left -= part.length;
    yield part;
    if (left === 0) return;
  }
  throw blobUnknown("the stored blob is shorter than it was");
}

/** If-None-Match, RFC 9110 section 13.1.2. */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((item) => item.trim().replace(/^W\//, "") === etag || item.trim() === "*");
}
