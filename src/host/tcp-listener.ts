import type { AddressInfo, Server } from "node:net";

import { BerthError, messageOf } from "#base/errors.ts";

import { hasCode } from "./errno.ts";

export interface TcpListener {
  readonly host: string;
  /** The real one, also when 0 was asked for. */
  readonly port: number;
  /** Stop accepting. Open connections go on. */
  close(): void;
}

/**
 * Make `server` (of node:net, node:http, or for TLS node:https with its certificates already set) listen on a TCP
 * address. `conflict` when the port is taken, `invalid-parameter` when the machine does not have the address.
 */
export async function listenTcp(
  server: Server,
  options: { readonly host: string; readonly port: number },
): Promise<TcpListener> {
  const where = `${options.host.includes(":") ? `[${options.host}]` : options.host}:${options.port}`;
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => {
      const kind = hasCode(error, "EADDRINUSE")
        ? "conflict"
        : hasCode(error, "EADDRNOTAVAIL", "ENOTFOUND", "EINVAL")
          ? "invalid-parameter"
          : "internal";
      reject(new BerthError(kind, `cannot listen on ${where}: ${messageOf(error)}`, { cause: error }));
    };
    server.once("error", onError);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off("error", onError);
      resolve();
    });
  });
  return { host: options.host, port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
