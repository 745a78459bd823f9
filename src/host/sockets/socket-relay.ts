import { createConnection, createServer, type Socket } from "node:net";
import { parentOf } from "../files/files.ts";
import { O_DIRECTORY, O_PATH } from "../kernel/linux.ts";
import { close, fdPath, open } from "../kernel/syscalls.ts";
import { listenUnix, type UnixPlace } from "./unix-listener.ts";

/**
 * A socket of its own, with a mode and an owner of its own, whose connections lead to the socket `to`. Its folder's path may
 * be longer than a socket's. The caller closes it; then connections end too.
 */
export async function relaySocket(place: UnixPlace & { readonly to: string }): Promise<{ close(): void }> {
  const { path, to } = place;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = createConnection({ path: to, allowHalfOpen: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroySoon();
      });
    }
  });
  const folder = open(parentOf(path), O_PATH | O_DIRECTORY);
  try {
    const name = path.slice(parentOf(path).length + 1);
    const listener = await listenUnix(server, { ...place, path: `${fdPath(folder)}/${name}` });
    return {
      close() {
        listener.close();
        for (const socket of sockets) socket.destroy();
        close(folder);
      },
    };
  } catch (error) {
    close(folder);
    throw error;
  }
}
