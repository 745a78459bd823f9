import { appendFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";

/** Between a client and an engine: bytes pass as they are, and every request's first line goes to a file. */
export interface RequestLog {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** Ends what is still followed. */
  close(): Promise<void>;
}

/** `file` is written to as `POST /containers/ID/wait?condition=next-exit`, a line each. */
export async function openRequestLog(engineSocket: string, dir: string, file: string): Promise<RequestLog> {
  const socket = join(dir, "requests.sock");
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: engineSocket, allowHalfOpen: true });
    for (const end of [client, engine]) {
      open.add(end);
      end.once("close", () => open.delete(end));
    }
    client.on("data", (bytes: Buffer) => {
      const [, request] = /^([A-Z]+ \S+) HTTP\/1\.1\r\n/u.exec(bytes.toString("latin1")) ?? [];
      if (request !== undefined) appendFileSync(file, `${request.replace(/ \/v\d+\.\d+/u, " ")}\n`);
    });
    client.pipe(engine).pipe(client);
    // One that is gone takes the other with it.
    client.on("error", () => engine.destroy());
    engine.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    host: `unix://${socket}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const end of open) end.destroy();
      }),
  };
}
