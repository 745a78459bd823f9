import type { IncomingMessage } from "node:http";

const maxBytes = 8 * 1024 * 1024;
const maxMs = 500;

/**
 * Read on what an answered request still sends, within bounds. A connection that is closed with bytes unread is reset,
 * and the client may lose the answer with it (RFC 9112, section 9.6).
 */
export function discardBody(request: IncomingMessage): Promise<void> {
  if (request.headers.connection?.toLowerCase() !== "close" || request.complete || request.destroyed) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    let size = 0;
    const timer = setTimeout(finish, maxMs);
    function finish(): void {
      clearTimeout(timer);
      request.off("data", count);
      for (const end of ["end", "close", "error"]) request.off(end, finish);
      resolve();
    }
    function count(chunk: Uint8Array): void {
      size += chunk.byteLength;
      if (size > maxBytes) finish();
    }
    for (const end of ["end", "close", "error"]) request.once(end, finish);
    request.on("data", count);
  });
}
