import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { BuiltImage } from "./image-writer.ts";

/**
 * A read-only registry on loopback that serves images from memory: enough of the OCI distribution API to pull from
 * (/v2/, manifests by tag and digest, blobs with HEAD). Tests can bend its answers with `intercept`.
 */
export interface TinyRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Requests so far, `METHOD PATH`. */
  readonly requests: readonly string[];
  add(repository: string, tag: string, image: BuiltImage): void;
  /** Called for every request before it is answered; true = it was answered. Undefined takes it away. */
  intercept(handler: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined): void;
  close(): Promise<void>;
}

interface Item {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
}

export async function startTinyRegistry(): Promise<TinyRegistry> {
  const items = new Map<string, Item>();
  const requests: string[] = [];
  let handler: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://registry").pathname;
    requests.push(`${request.method} ${path}`);
    if (handler?.(request, response) === true) return;
    if (path === "/v2/" || path === "/v2") {
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
      return;
    }
    const item = items.get(path);
    if (item === undefined || (request.method !== "GET" && request.method !== "HEAD")) {
      const code = path.includes("/blobs/") ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN";
      const body = JSON.stringify({ errors: [{ code, message: "manifest unknown" }] });
      response.writeHead(404, { "content-type": "application/json" }).end(body);
      return;
    }
    response.writeHead(200, {
      "content-type": item.type,
      "content-length": item.bytes.length,
      "docker-content-digest": item.digest,
    });
    response.end(request.method === "HEAD" ? undefined : item.bytes);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the registry has no port");

  return {
    address: `127.0.0.1:${address.port}`,
    requests,
    add(repository, tag, image) {
      const manifest = { type: image.mediaType, bytes: image.manifest, digest: image.digest };
      items.set(`/v2/${repository}/manifests/${tag}`, manifest);
      items.set(`/v2/${repository}/manifests/${image.digest}`, manifest);
      for (const [digest, bytes] of image.blobs) {
        items.set(`/v2/${repository}/blobs/${digest}`, { type: "application/octet-stream", bytes, digest });
      }
    },
    intercept(next) {
      handler = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
