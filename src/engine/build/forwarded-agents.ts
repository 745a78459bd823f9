import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { acceptConnections, type AcceptedConnection } from "#host/sockets/accepted-sockets.ts";

/** Tells a build's client of a connection to the agent that it gave as `id`: it is to take it by its own id. */
export type AskAgent = (id: string, connection: string) => void;

/** As many of a build's connections wait at once; further ones are hung up. */
const MAX_WAITING = 64;

/** Agents of clients on other machines: a socket here for each, whose connections wait until the client takes them. */
export class ForwardedAgents {
  readonly #waiting = new Map<string, AcceptedConnection>();

  /** Sockets in `directory` for these agents. The caller closes them, with all their connections. */
  async open(
    directory: string,
    ids: readonly string[],
    ask: AskAgent,
  ): Promise<{ readonly paths: ReadonlyMap<string, string>; close(): void }> {
    const paths = new Map<string, string>();
    const sockets: { close(): void }[] = [];
    const offered = new Set<string>();
    const close = (): void => {
      for (const socket of sockets) socket.close();
      for (const connection of offered) this.#waiting.delete(connection);
    };
    try {
      for (const [index, id] of ids.entries()) {
        const path = `${directory}/agent-${index}`;
        sockets.push(
          await acceptConnections({ path, mode: 0o600 }, (connection) => {
            for (const name of offered) if (!this.#waiting.has(name)) offered.delete(name);
            if (offered.size >= MAX_WAITING) {
              connection.close();
              return;
            }
            const name = randomHex(16);
            offered.add(name);
            this.#waiting.set(name, connection);
            ask(id, name);
          }),
        );
        paths.set(id, path);
      }
    } catch (error) {
      close();
      throw error;
    }
    return { paths, close };
  }

  /** The connection of that id, once. `not-found` when there is none. */
  take(connection: string): AcceptedConnection {
    const found = this.#waiting.get(connection);
    if (found === undefined) throw new BerthError("not-found", `no build waits for an agent by the id ${connection}`);
    this.#waiting.delete(connection);
    return found;
  }
}
