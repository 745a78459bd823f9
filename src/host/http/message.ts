/** HTTP/1.1 message heads and body framing (RFC 9112). Pure: bytes in, values out. */
import { BerthError } from "#base/errors.ts";

const MAX_HEAD_BYTES = 256 * 1024;

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; repeated fields joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly keepAlive: boolean;
}

export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

/** Index just after the blank line that ends a head, or -1 when `bytes` has none yet. */
export function headEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  if (bytes.length > MAX_HEAD_BYTES) throw malformed("response head too large");
  return -1;
}

/** Parses a whole head, the blank line included. A broken one is `data-loss`. */
export function parseHead(bytes: Uint8Array): ResponseHead {
  const lines = latin1(bytes).split("\n");
  const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec((lines[0] ?? "").trimEnd());
  if (statusLine === null) throw malformed(`unexpected status line ${JSON.stringify((lines[0] ?? "").slice(0, 60))}`);
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const connection = (headers.get("connection") ?? "").toLowerCase();
  const keepAlive = statusLine[1] === "1" ? !connection.includes("close") : connection.includes("keep-alive");
  return { status: Number(statusLine[2]), reason: statusLine[3] ?? "", headers, keepAlive };
}

/** How the body of the answer to `method` is delimited (RFC 9112 section 6.3). */
export function bodyFraming(method: string, head: ResponseHead): BodyFraming {
  const { status, headers } = head;
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  if ((headers.get("transfer-encoding") ?? "").toLowerCase().includes("chunked")) return { kind: "chunked" };
  const length = headers.get("content-length");
  if (length === undefined) return { kind: "until-close" };
  if (!/^\d{1,15}$/.test(length)) throw malformed(`bad Content-Length ${JSON.stringify(length)}`);
  return { kind: "length", bytes: Number(length) };
}

/** As many as a call may have arguments, with room. */
const CALL_BYTES = 16 * 1024;

/**
 * Bytes as the characters of the same numbers. `Buffer` is left alone wherever a short answer is read: its first use
 * takes half a millisecond. `TextDecoder` has no such encoding: its latin1 is windows-1252 (encoding.spec.whatwg.org).
 */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CALL_BYTES)
    text += String.fromCharCode.apply(undefined, bytes.subarray(at, at + CALL_BYTES) as unknown as number[]);
  return text;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 as Go's decoder would hand it on: a byte order mark is a character. */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

export function malformed(what: string): BerthError {
  return new BerthError("data-loss", `malformed HTTP response: ${what}`);
}
