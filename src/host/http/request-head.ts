/**
 * Heads of requests (RFC 9112), and what is wrong with them below an API's meaning. docker-compat: Go's server refuses the
 * same before a handler sees it, most in these words. Pure: bytes in, values out.
 */
import { utf8, type BodyFraming } from "./message.ts";

export interface RequestHead {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  /** Names in lower case. Of a repeated field the first, as Go's servers read it; of lists all, joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly framing: BodyFraming;
  /** Knows neither chunks nor further requests on the connection. */
  readonly isOld: boolean;
  /** No other request comes behind it. */
  readonly closes: boolean;
  /** The client would speak another protocol. */
  readonly upgrades: boolean;
  /** The body comes when it is asked for (RFC 9110, section 10.1.1). */
  readonly awaitsContinue: boolean;
}

/** Why a request is refused without being looked at. */
export interface RequestFault {
  /** Of the status line. */
  readonly fault: string;
  /** The answer's body. */
  readonly text: string;
}

/** docker-compat: as Go's server has it. */
const MAX_HEAD_BYTES = 1 << 20;

const refuse = (fault: string, text = fault): RequestFault => ({ fault, text });
const malformed = refuse("400 Bad Request");

/**
 * Index just behind the blank line that ends a head; -1 when `bytes` has none yet. `from`: what lies before was looked at
 * already. A line ends with both characters: readers that take a bare line feed for an end and those that do not see two
 * different requests.
 */
export function requestHeadEnd(bytes: Uint8Array, from: number): number | RequestFault {
  for (let at = bytes.indexOf(10, from); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] !== 13) return malformed;
    if (at > 2 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return bytes.length > MAX_HEAD_BYTES ? refuse("431 Request Header Fields Too Large") : -1;
}

const requestLine = /(?:\r\n)?([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\u0080-\uffff]+) HTTP\/(\d)\.(\d)\r\n/y;
const field = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0-\x08\n-\x1f\x7f]*)\r\n/y;
const lists: ReadonlySet<string> = new Set(["connection", "transfer-encoding"]);

/** Parses a whole head, the blank line included; an empty line in front of it is passed over. */
export function parseRequestHead(bytes: Uint8Array): RequestHead | RequestFault {
  const text = utf8(bytes);
  requestLine.lastIndex = 0;
  const line = requestLine.exec(text);
  if (line === null) return malformed;
  const [, method = "", target = "", major, minor] = line;
  if (major !== "1" || (minor !== "0" && minor !== "1"))
    return refuse("505 HTTP Version Not Supported: unsupported protocol version");
  const rest = text.slice(requestLine.lastIndex);
  const fields = minor === "1" && text.length <= MAX_KNOWN_LENGTH ? knownFields(rest) : readFields(rest, minor === "0");
  if ("fault" in fields) return fields;
  // There is nothing to connect to: this is no proxy.
  return method === "CONNECT" ? refuse("404 Not Found") : { method, target, ...fields };
}

/** What the fields of a head say. */
type Fields = Omit<RequestHead, "method" | "target">;

/** Fields of HTTP/1.1 by their text: a client sends the same ones with most of its requests. */
const known = new Map<string, Fields>();
const MAX_KNOWN = 64;
/** Of the whole head, which an entry keeps in memory. */
const MAX_KNOWN_LENGTH = 1024;
/** Fields that may hold secrets. */
const secrets = /authorization|cookie|x-registry-/i;

function knownFields(text: string): Fields | RequestFault {
  const before = known.get(text);
  if (before !== undefined) return before;
  const fields = readFields(text, false);
  if ("fault" in fields || secrets.test(text)) return fields;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, fields);
  return fields;
}

/** Fields with the blank line behind them. */
function readFields(text: string, isOld: boolean): Fields | RequestFault {
  const headers = new Map<string, string>();
  let hosts = 0;
  const end = text.length - 2;
  field.lastIndex = 0;
  while (field.lastIndex < end) {
    const match = field.exec(text);
    if (match === null) return malformed;
    const [, name = "", written = ""] = match;
    const key = name.toLowerCase();
    const value = written.trimEnd();
    const before = headers.get(key);
    if (key === "host") hosts++;
    if (before === undefined) headers.set(key, value);
    else if (lists.has(key)) headers.set(key, `${before}, ${value}`);
    else if (key === "content-length" && value !== before) return malformed;
  }
  return faultOf(headers, hosts, isOld) ?? meaningOf(headers, isOld);
}

/** Two hosts, or a body that two readers would take for two different ones, are how requests are smuggled past a proxy. */
function faultOf(headers: ReadonlyMap<string, string>, hosts: number, isOld: boolean): RequestFault | undefined {
  if (hosts === 0 && !isOld) return refuse("400 Bad Request: missing required Host header");
  if (hosts > 1) return refuse("400 Bad Request: too many Host headers");
  if (!/^[a-zA-Z0-9!$%&'()*+,\-.:;=[\]_~]*$/.test(headers.get("host") ?? ""))
    return refuse("400 Bad Request: malformed Host header");
  const length = headers.get("content-length");
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return malformed;
  const coding = headers.get("transfer-encoding");
  if (coding === undefined) return undefined;
  if (length !== undefined) return malformed;
  if (coding.toLowerCase() !== "chunked") return refuse("501 Not Implemented: unsupported transfer encoding");
  return isOld ? refuse("400 Bad Request: transfer encoding in HTTP/1.0") : undefined;
}

function meaningOf(headers: ReadonlyMap<string, string>, isOld: boolean): Fields | RequestFault {
  const options = (headers.get("connection") ?? "").toLowerCase();
  const expected = headers.get("expect")?.toLowerCase();
  if (expected !== undefined && expected !== "100-continue") return refuse("417 Expectation Failed", "");
  return {
    headers,
    framing: framingOf(headers),
    isOld,
    closes: isOld || options.includes("close"),
    upgrades: options.includes("upgrade") && headers.has("upgrade"),
    awaitsContinue: expected !== undefined && !isOld,
  };
}

/** RFC 9112, section 6.3: what says nothing of a body has none. */
function framingOf(headers: ReadonlyMap<string, string>): BodyFraming {
  if (headers.has("transfer-encoding")) return { kind: "chunked" };
  const length = headers.get("content-length");
  return length === undefined || Number(length) === 0 ? { kind: "none" } : { kind: "length", bytes: Number(length) };
}
