import { joined } from "./message.ts";
import { MessageReader } from "./body-reader.ts";
import type { WatchedDuplex } from "./duplex.ts";
import { Exchange, type HeaderFields } from "./exchange.ts";
import { parseRequestHead, requestHeadEnd, type RequestFault, type RequestHead } from "./request-head.ts";

/** What stands behind an HTTP server. */
export interface HttpService {
  /** Of every answer. */
  readonly headers: HeaderFields;
  /** Answers the request. Never rejects; what is left unanswered or incomplete ends the connection. */
  handle(exchange: Exchange): Promise<void>;
}

export interface ConnectionOptions {
  /**
   * A client that closes its side has left. Not so on unix sockets, where that and leaving are told apart: there a client
   * may close its side behind its request and still gets its answer.
   */
  readonly endMeansGone: boolean;
  /** A connection whose first request's head is not complete by then is closed. docker-compat: five minutes. */
  readonly headTimeoutMs: number;
}

/** How long a client may take to close its side after the server closed its own. */
const LINGER_MS = 5_000;

/** Answer the requests of one connection, one after the other, until either side ends it. */
export async function serveConnection(
  stream: WatchedDuplex,
  service: HttpService,
  options: ConnectionOptions,
): Promise<void> {
  const reader = new MessageReader(stream);
  const common = Object.entries(service.headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const client = { hasEnded: false, isGone: false };
  let exchange: Exchange | undefined;
  const tell = (): void => {
    if (client.hasEnded && options.endMeansGone) exchange?.clientEnded();
    if (client.isGone) exchange?.clientGone();
  };
  stream.watch({
    onEnd: () => {
      client.hasEnded = true;
      tell();
    },
    onGone: () => {
      client.isGone = true;
      tell();
    },
  });
  const timer = setTimeout(() => stream.close(), options.headTimeoutMs);
  timer.unref();
  try {
    for (;;) {
      const head = await nextHead(reader);
      clearTimeout(timer);
      if (head === undefined) return;
      if ("fault" in head) return await refuse(stream, reader, head);
      exchange = new Exchange({ request: head, stream, reader, common });
      tell();
      await service.handle(exchange);
      const followed = await exchange.finish();
      exchange = undefined;
      if (followed === "linger") await linger(stream, reader);
      if (followed !== "next") return;
    }
  } catch {
    // The connection broke; whoever read or wrote has been told.
  } finally {
    clearTimeout(timer);
    stream.close();
  }
}

/** Undefined when the client has left before it was complete: there is nobody to tell. */
async function nextHead(reader: MessageReader): Promise<RequestHead | RequestFault | undefined> {
  let bytes: Uint8Array | undefined;
  let looked = 0;
  for (;;) {
    const chunk = await reader.read();
    if (chunk === undefined) return undefined;
    bytes = bytes === undefined ? chunk : joined([bytes, chunk]);
    const end = requestHeadEnd(bytes, looked);
    if (typeof end !== "number") return end;
    looked = bytes.length;
    if (end === -1) continue;
    if (end === bytes.length) return parseRequestHead(bytes);
    reader.putBack(bytes.subarray(end));
    return parseRequestHead(bytes.subarray(0, end));
  }
}

/** docker-compat: what Go's server writes by itself: the status is the text, and the connection ends. */
async function refuse(stream: WatchedDuplex, reader: MessageReader, { fault, text }: RequestFault): Promise<void> {
  await stream.write(
    `HTTP/1.1 ${fault}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`,
  );
  await linger(stream, reader);
}

/**
 * Half-close, then read on until the client has closed too: closing with its bytes unread would make the kernel reset the
 * connection before the client has read our last ones (RFC 9112, section 9.6; unix(7), tcp(7)).
 */
async function linger(stream: WatchedDuplex, reader: MessageReader): Promise<void> {
  await stream.endWrite();
  const timer = setTimeout(() => stream.close(), LINGER_MS);
  try {
    while ((await reader.read()) !== undefined) continue;
  } finally {
    clearTimeout(timer);
  }
}
