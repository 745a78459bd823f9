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

/** Bytes as the characters of the same numbers. `TextDecoder` would load its tables for it. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function malformed(what: string): BerthError {
  return new BerthError("data-loss", `malformed HTTP response: ${what}`);
}
