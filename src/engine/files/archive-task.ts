import { takeWriteEnd } from "#host/sockets/byte-pipe.ts";
import { withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { close, writeAll } from "#host/kernel/syscalls.ts";
import { archive } from "#host/tree/tree-archiver.ts";
import { findPath } from "./find-path.ts";
import { withView, type ContainerView } from "./view.ts";

export const ARCHIVE_TASK = "container-archive";

/**
 * Write a path of a container, with all below it, as a tar archive into the engine's pipe. Says what the path is first;
 * from then on the view is open and the engine may let the container start.
 */
export async function archiveTask(input: Json, context: HelperContext): Promise<Json> {
  const { view, path, pipe } = input as unknown as {
    readonly view: ContainerView;
    readonly path: string;
    readonly pipe: string;
  };
  return withView(view, async ({ rootFd, ids }) => {
    const { fd, stat } = findPath(rootFd, path);
    try {
      const out = takeWriteEnd(pipe);
      await context.send({ ...stat });
      const as = Buffer.from(stat.name).toString("latin1");
      withFd(out, () => {
        for (const piece of archive([{ kind: "descriptor", fd, as }], { ids })) writeAll(out, piece);
      });
      return null;
    } finally {
      close(fd);
    }
  });
}
