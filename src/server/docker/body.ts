import type { IncomingMessage } from "node:http";
import { BerthError, messageOf } from "#base/errors.ts";
import { contentBehind, jsonSyntaxError } from "#spec/docker/json-syntax.ts";
import { parseMediaType } from "./media-type.ts";

/** Far above any real request of the API: tarballs are streamed and do not come through here. */
const maxJsonBytes = 8 * 1024 * 1024;

const bad = (message: string, cause?: unknown): BerthError => new BerthError("invalid-parameter", message, { cause });

/** Read a JSON body. Undefined when it is empty. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBody(request);
  const contentType = request.headers["content-type"];
  if (bytes.byteLength === 0 && contentType === undefined) return undefined;
  checkIsJson(contentType ?? "");
  if (bytes.byteLength === 0) return undefined;
  const text = utf8(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fault = jsonSyntaxError(text);
    throw bad(fault === contentBehind ? fault : `invalid JSON: ${fault}`, cause);
  }
}

/** docker-compat: the two ways in which a type is wrong. */
function checkIsJson(contentType: string): void {
  let mediaType: string;
  try {
    mediaType = parseMediaType(contentType);
  } catch (cause) {
    throw bad(`malformed Content-Type header (${contentType}): ${messageOf(cause)}`, cause);
  }
  if (mediaType !== "application/json") {
    throw bad(`unsupported Content-Type header (${contentType}): must be 'application/json'`);
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
