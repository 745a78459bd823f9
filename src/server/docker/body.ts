import type { IncomingMessage } from "node:http";
import { BerthError } from "#base/errors.ts";
import { jsonSyntaxError } from "#spec/docker/json-syntax.ts";

/** Far above any real request of the API: tarballs are streamed and do not come through here. */
const maxJsonBytes = 8 * 1024 * 1024;

const bad = (message: string, cause?: unknown): BerthError => new BerthError("invalid-parameter", message, { cause });

/** Read a JSON body. Undefined when it is empty. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBody(request);
  const contentType = request.headers["content-type"];
  if (bytes.byteLength === 0 && contentType === undefined) return undefined;
  const mediaType = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (mediaType === "") throw bad("malformed Content-Type header (): mime: no media type");
  if (mediaType !== "application/json") {
    throw bad(`unsupported Content-Type header (${contentType}): must be 'application/json'`);
  }
  if (bytes.byteLength === 0) return undefined;
  const text = utf8(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw bad(`invalid JSON: ${jsonSyntaxError(text)}`, cause);
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw bad("invalid JSON: the body is not UTF-8", cause);
  }
}

/** The body's chunks; `cancelled` when the client leaves before its end. */
export async function* bodyChunks(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* request as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new BerthError("cancelled", "the client left before the end of its request", { cause });
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxJsonBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(request)) {
    size += chunk.byteLength;
    if (size > maxJsonBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}

const tooLarge = (): BerthError => bad(`request body is larger than ${maxJsonBytes} bytes`);
