import { takeWriteEnd } from "#host/sockets/byte-pipe.ts";
import { withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { writeAll } from "#host/kernel/syscalls.ts";
import { archive } from "#host/tree/tree-archiver.ts";
import { withView, type ContainerView } from "./view.ts";

export const EXPORT_TASK = "container-export";

/** Write the whole of a view as a tar archive into the engine's pipe. Says `null` when the view is open. */
export async function exportTask(input: Json, context: HelperContext): Promise<Json> {
  const { view, pipe } = input as unknown as { readonly view: ContainerView; readonly pipe: string };
  return withView(view, async ({ rootFd, ids }) => {
    const out = takeWriteEnd(pipe);
    await context.send(null);
    withFd(out, () => {
      for (const piece of archive([{ kind: "content", directoryFd: rootFd }], { ids })) writeAll(out, piece);
    });
    return null;
  });
}
