import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { within } from "#base/async.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import { listDirectory, readTextFileMaybe } from "#host/files/files.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import type { ShimLauncher } from "#runtime/types.ts";
import type { BuildRows } from "./cache/build-cache.ts";

/** Name of the file in a command's run directory that tells its cgroup. */
export const CGROUP_FILE = "cgroup";

const END_MS = 2_000;

/**
 * Forget what an engine that was killed left of its builds: before images are brought in order, so that layers whose files
 * may have been lost with the machine's power are nobody's.
 */
export function forgetLostSteps(rows: BuildRows, bootId: string): void {
  rows.forgetUnsynced(bootId);
}

/**
 * End the commands of builds that an engine left when it was killed. Their layers had no rows and are gone already; their
 * places in networks and mounts are released with all that no container owns.
 */
export async function endLeftCommands(deps: {
  readonly launcher: ShimLauncher;
  readonly cgroups: CgroupManager;
  readonly runsDir: string;
  readonly log: Log;
}): Promise<void> {
  for (const name of listDirectory(deps.runsDir)) {
    const directory = `${deps.runsDir}/${name}`;
    try {
      const path = readTextFileMaybe(`${directory}/${CGROUP_FILE}`, 4096);
      if (path !== undefined) await deps.cgroups.open(path).remove();
      const found = await deps.launcher.recover(directory);
      if (found.state === "running" || found.state === "ready") {
        await found.process.signal(9).catch(() => undefined);
        await within(
          found.process.exited().catch(() => undefined),
          END_MS,
          undefined,
        );
        found.process.detach();
      }
      await removeTree(directory);
    } catch (error) {
      deps.log.error("could not end a build's command", { directory, error: messageOf(error) });
    }
  }
}
