import { Duplex } from "node:stream";
import { connect } from "node:tls";
import { BerthError, messageOf } from "#base/errors.ts";

interface Connection {
  write(bytes: Uint8Array): void;
  /** The next bytes, undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  close(): void;
}

/**
 * TLS as a client over a connection that is there. The other side's certificate is not checked: this is for asking
 * whether somebody answers, not for telling secrets. The connection is this one's from now on, also when the handshake
 * fails: `unavailable` with the reason then.
 */
export async function tlsOver(connection: Connection): Promise<Connection> {
  const socket = connect({ socket: duplexOf(connection), rejectUnauthorized: false });
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve).once("error", reject);
      socket.once("close", () => reject(new Error("the connection was closed")));
    });
  } catch (error) {
    connection.close();
    if (error instanceof BerthError) throw error;
    throw new BerthError("unavailable", `TLS: ${messageOf(error)}`, { cause: error });
  }
  return {
    write: (bytes) => void socket.write(bytes),
    read: async () => {
      const { done, value } = await chunks.next();
      return done === true ? undefined : value;
    },
    close: () => {
      socket.destroy();
      connection.close();
    },
  };
}

function duplexOf(connection: Connection): Duplex {
  const duplex = new Duplex({
    read() {
      connection.read().then(
        (bytes) => duplex.push(bytes ?? null),
        (error: unknown) => duplex.destroy(error as Error),
      );
    },
    write(bytes: Uint8Array, _encoding, done) {
      try {
        connection.write(bytes);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return duplex;
}
