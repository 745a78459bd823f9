import { createServer, type Socket } from "node:net";
import { listenUnix, type UnixPlace } from "./unix-listener.ts";

/** A connection that somebody made to a socket of ours. */
export interface AcceptedConnection {
  /** What the other side sends, to its end. */
  readonly readable: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes are accepted; rejects when the other side is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more comes from here. */
  endInput(): void;
  close(): void;
}

/** A socket whose connections are handed to `accept`. The caller closes it; then they end too. */
export async function acceptConnections(
  place: UnixPlace,
  accept: (connection: AcceptedConnection) => void,
): Promise<{ close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    // Told to who reads or writes.
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    accept(connectionOf(socket));
  });
  const listener = await listenUnix(server, place);
  return {
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function connectionOf(socket: Socket): AcceptedConnection {
  return {
    readable: socket,
    write: (bytes) =>
      new Promise(
        (resolve, reject) =>
          void socket.write(bytes, (error) => (error === undefined || error === null ? resolve() : reject(error))),
      ),
    endInput: () => void socket.end(),
    close: () => void socket.destroy(),
  };
}
