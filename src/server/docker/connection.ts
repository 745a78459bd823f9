import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { RawConnection } from "./reply.ts";

/** How long a client may take to close its side after the server closed its own. */
const lingerMs = 5_000;

/** The socket of an upgraded request. `head`: what came with the request already. */
export function socketConnection(socket: Socket, head: Uint8Array): RawConnection & { finish(): void } {
  const gone = new AbortController();
  socket.on("close", () => gone.abort());
  socket.on("error", () => gone.abort());
  const writable = (): boolean => !gone.signal.aborted && !socket.destroyed && !socket.writableEnded;
  return {
    readable: incoming(socket, head),
    gone: gone.signal,
    write(bytes) {
      if (!writable()) return Promise.resolve(false);
      return new Promise((resolve) => {
        const onGone = (): void => resolve(false);
        gone.signal.addEventListener("abort", onGone, { once: true });
        socket.write(bytes, (error) => {
          gone.signal.removeEventListener("abort", onGone);
          resolve(error === undefined || error === null);
        });
      });
    },
    /**
     * Half-close, then read on until the client has closed too: closing with its bytes unread would make the kernel
     * reset the connection before the client has read our last ones (unix(7), tcp(7)).
     */
    finish() {
      if (socket.destroyed) return;
      socket.removeAllListeners("data");
      socket.on("end", () => socket.destroy());
      socket.resume();
      if (writable()) socket.end();
      const timer = setTimeout(() => socket.destroy(), lingerMs);
      socket.on("close", () => clearTimeout(timer));
    },
  };
}

/**
 * What the client sends, from the first byte on: it may have sent all of it, and its end of file, before anybody reads.
 * The socket is paused while something waits to be read.
 */
function incoming(socket: Socket, head: Uint8Array): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = head.byteLength > 0 ? [head] : [];
  let ended = false;
  let wake = (): void => {};
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  socket.on("data", (chunk: Uint8Array) => {
    queue.push(chunk);
    socket.pause();
    wake();
  });
  socket.on("end", onEnd);
  socket.on("close", onEnd);
  socket.on("error", onEnd);
  return (async function* chunks() {
    for (;;) {
      const chunk = queue.shift();
      if (chunk !== undefined) yield chunk;
      else if (ended) return;
      else {
        const more = new Promise<void>((resolve) => (wake = resolve));
        socket.resume();
        await more;
      }
    }
  })();
}

/** A client that did not ask to upgrade: its input is the request body, its output the response body. */
export function bodyConnection(request: IncomingMessage, response: ServerResponse): RawConnection {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  return {
    readable: request as AsyncIterable<Uint8Array>,
    gone: gone.signal,
    write: (bytes) => writeChunk(response, bytes, gone.signal),
  };
}

/** Write with back-pressure. False when the client has left. */
export function writeChunk(response: ServerResponse, chunk: string | Uint8Array, gone: AbortSignal): Promise<boolean> {
  if (gone.aborted || response.destroyed || response.writableEnded) return Promise.resolve(false);
  if (response.write(chunk)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (alive: boolean) => (): void => {
      response.off("drain", onDrain);
      gone.removeEventListener("abort", onGone);
      resolve(alive);
    };
    const onDrain = settle(true);
    const onGone = settle(false);
    response.once("drain", onDrain);
    gone.addEventListener("abort", onGone, { once: true });
  });
}
