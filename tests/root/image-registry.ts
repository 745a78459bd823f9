import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { BuiltImage, BuiltIndex } from "../../tools/lab/image-writer.ts";

/** What a test may do instead of the plain answer; true when it answered. */
export type Interception = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A registry in memory that can be told to fail in every way. */
export interface FaultyRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** `METHOD /path` of every request. */
  readonly requests: string[];
  add(repository: string, tag: string, item: BuiltImage | BuiltIndex): void;
  addBlob(digest: string, bytes: Uint8Array): void;
  /** Called before the plain answer. */
  intercept: Interception;
  close(): Promise<void>;
}

export async function startFaultyRegistry(): Promise<FaultyRegistry> {
  const manifests = new Map<string, { mediaType: string; manifest: Uint8Array; digest: string }>();
  const tags = new Map<string, Set<string>>();
  const blobs = new Map<string, Uint8Array>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (registry.intercept(request, response)) return;
    const path = request.url ?? "";
    const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path);
    const blob = /^\/v2\/.+\/blobs\/(.+)$/.exec(path);
    const list = /^\/v2\/(.+)\/tags\/list/.exec(path);
    if (path === "/v2/") response.end("{}");
    else if (manifest !== null) {
      const found = manifests.get(`${manifest[1]}@${manifest[2]}`);
      if (found === undefined) answerError(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
      else
        response
          .writeHead(200, { "content-type": found.mediaType, "docker-content-digest": found.digest })
          .end(found.manifest);
    } else if (list !== null)
      response.end(JSON.stringify({ name: list[1], tags: [...(tags.get(list[1] ?? "") ?? [])] }));
    else if (blob !== null) {
      const bytes = blobs.get(blob[1] ?? "");
      if (bytes === undefined) answerError(response, 404, "BLOB_UNKNOWN", "blob unknown to registry");
      else sendBytes(request, response, bytes);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const registry: FaultyRegistry = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    add(repository, tag, item) {
      manifests.set(`${repository}@${tag}`, item);
      manifests.set(`${repository}@${item.digest}`, item);
      tags.set(repository, (tags.get(repository) ?? new Set()).add(tag));
      if ("blobs" in item) for (const [digest, bytes] of item.blobs) blobs.set(digest, bytes);
    },
    addBlob: (digest, bytes) => void blobs.set(digest, bytes),
    intercept: () => false,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return registry;
}

/** A blob, or the part of it that `Range: bytes=N-` asks for. */
export function sendBytes(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  const start = Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? "")?.[1] ?? -1);
  if (start < 0) response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  else {
    response
      .writeHead(206, {
        "content-length": bytes.length - start,
        "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      })
      .end(bytes.subarray(start));
  }
}

export function answerError(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { "content-type": "application/json", ...headers })
    .end(JSON.stringify({ errors: [{ code, message }] }));
}
