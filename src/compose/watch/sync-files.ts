import type { EngineClient } from "#client/engine-client.ts";
import { runHook } from "../apply/run-hook.ts";
import type { FilePair } from "./watch-rules.ts";

/** Files of this machine, as far as syncing reads them. */
export interface SyncedFiles {
  kind(path: string, follow: boolean): string | undefined;
  /** See `LocalFiles.archiveAll`. */
  archiveAll(items: readonly { readonly path: string; readonly as: string }[]): Iterable<Uint8Array>;
}

/** So many files are open at once while an archive of them is written. */
const filesAtOnce = 200;

/**
 * Bring files into a container: what is there is written, for the container's user to own; what is not there any more is
 * removed by the container's own `rm`. Folders are told of by their files.
 */
export async function syncFiles(
  client: EngineClient,
  container: string,
  pairs: readonly FilePair[],
  files: SyncedFiles,
): Promise<void> {
  const gone = pairs.filter(({ host }) => files.kind(host, false) === undefined);
  if (gone.length > 0) {
    const command = ["rm", "-rf", "--", ...gone.map((pair) => pair.container)];
    await runHook({ client }, container, { command }, "removing files that are gone:");
  }
  const there = pairs.filter(({ host }) => !["directory", undefined].includes(files.kind(host, false)));
  for (let first = 0; first < there.length; first += filesAtOnce) {
    const items = there.slice(first, first + filesAtOnce).map(({ host, container: target }) => ({
      path: host,
      as: Buffer.from(target.replace(/^\/+/u, "")).toString("latin1"),
    }));
    await client.containers.writeArchive(container, "/", pieces(files.archiveAll(items)), { copyUidGid: true });
  }
}

async function* pieces(archive: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* archive;
}
