import { takeWriteEnd } from "#host/sockets/byte-pipe.ts";
import { withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { open, openat, writeAll } from "#host/kernel/syscalls.ts";
import { openMergedView } from "#host/tree/tree-view.ts";
import { upperChanges, type UpperChange } from "#host/tree/upper-changes.ts";
import type { FilesystemChange } from "#spec/docker/archive.ts";

export const CHANGES_TASK = "container-changes";
const BATCH = 1000;

const KINDS: Readonly<Record<UpperChange["kind"], FilesystemChange["Kind"]>> = { changed: 0, added: 1, deleted: 2 };

/** Write what a snapshot's upper directory changes into the engine's pipe, one JSON text a line. */
export async function changesTask(input: Json, context: HelperContext): Promise<Json> {
  const { lowerDirs, upperDir, pipe } = input as {
    readonly lowerDirs: readonly string[];
    readonly upperDir: string;
    readonly pipe: string;
  };
  const merged = openMergedView(lowerDirs);
  try {
    const out = takeWriteEnd(pipe);
    await context.send(null);
    const flags = O_RDONLY | O_DIRECTORY;
    withFd(out, () =>
      withFd(open(upperDir, flags), (upper) =>
        withFd(openat(merged.rootFd, ".", flags), (lower) => {
          let lines: string[] = [];
          const flush = (): void => {
            if (lines.length > 0) writeAll(out, Buffer.from(`${lines.join("\n")}\n`));
            lines = [];
          };
          for (const { path, kind } of upperChanges(upper, lower)) {
            const change: FilesystemChange = { Path: new TextDecoder().decode(path), Kind: KINDS[kind] };
            if (lines.push(JSON.stringify(change)) >= BATCH) flush();
          }
          flush();
        }),
      ),
    );
    return null;
  } finally {
    merged.close();
  }
}
