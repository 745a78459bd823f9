import { within } from "#base/async.ts";
import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { EnginePaths, Files } from "../ports.ts";
import type { ExecRegistry } from "./exec.ts";

/**
 * The container's init is gone and with it every process of its pid namespace: execs whose monitor did not report in
 * time get the code of SIGKILL.
 */
export function execsEnded(deps: {
  readonly execs: ExecRegistry;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly log: Log;
}) {
  return async (containerId: string): Promise<void> => {
    for (const row of deps.execs.ofContainer(containerId)) {
      if (row.status.state !== "running") continue;
      const process = deps.execs.process(row.id);
      const killed = { exitCode: 137 };
      try {
        const end = process?.exited().catch(() => killed);
        const { exitCode } = end === undefined ? killed : await within(end, 1000, killed);
        deps.execs.setStatus(row.id, { state: "exited", exitCode });
        deps.execs.release(row.id);
        await deps.files.removeTree(deps.paths.execRunDir(row.id));
      } catch (error) {
        deps.log.warn("could not settle an exec of an ended container", { exec: row.id, error: messageOf(error) });
      }
    }
  };
}
