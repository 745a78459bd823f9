import { BerthError, messageOf } from "#base/errors.ts";
import type { Exchange } from "#host/http/exchange.ts";
import { contentBehind, jsonSyntaxError } from "#spec/docker/json-syntax.ts";
import { parseMediaType } from "./media-type.ts";

/** Far above any real request of the API: tarballs are streamed and do not come through here. */
const maxJsonBytes = 8 * 1024 * 1024;

const bad = (message: string, cause?: unknown): BerthError => new BerthError("invalid-parameter", message, { cause });

/** Read a JSON body. Undefined when it is empty. */
export async function readJson(exchange: Pick<Exchange, "request" | "wholeBody">): Promise<unknown> {
  const bytes = await exchange.wholeBody(maxJsonBytes);
  if (bytes === undefined) throw tooLarge();
  const contentType = exchange.request.headers.get("content-type");
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
  if (contentType === "application/json") return;
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

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw bad("invalid JSON: the body is not UTF-8", cause);
  }
}

const tooLarge = (): BerthError => bad(`request body is larger than ${maxJsonBytes} bytes`);
