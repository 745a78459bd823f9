import { BerthError } from "#base/errors.ts";
import { killBelow } from "#host/processes/descendants.ts";
import { isEnding } from "#host/processes/process.ts";
import { runPs, type PsOutcome } from "#host/processes/run-ps.ts";
import type { TopResponse } from "#spec/docker/container.ts";
import type { ProcessTable } from "../ports.ts";
import { procFsTable } from "./proc-fs-table.ts";
import { checkPsArgs, parsePsOutput } from "./ps-output.ts";

/**
 * The processes of this machine. The plain table is read from /proc; for other columns and orders the host's own ps is
 * asked, as dockerd does, and where there is none, what {@link procFsTable} knows must do.
 */
export class HostProcessTable implements ProcessTable {
  killBelow(pid: number): void {
    killBelow(pid);
  }

  isEnding(pid: number, startTicks: bigint): boolean {
    return isEnding({ pid, startTicks: Number(startTicks) });
  }

  async list(pids: readonly number[], psArgs: string): Promise<TopResponse> {
    if (psArgs === "-ef") return procFsTable(pids, psArgs);
    checkPsArgs(psArgs);
    const outcome = await askPs(pids, psArgs.split(" "));
    if (outcome === undefined) return procFsTable(pids, psArgs);
    if (outcome.exitCode !== 0) {
      const why = outcome.complaint === "" ? `exit status ${outcome.exitCode}` : outcome.complaint;
      throw new BerthError("invalid-parameter", `ps: ${why.replace(/^ps: /u, "")}`);
    }
    return parsePsOutput(outcome.stdout, new Set(pids));
  }
}

/** Some options (a tree of all processes) do not go with a choice of pids. */
async function askPs(pids: readonly number[], args: readonly string[]): Promise<PsOutcome | undefined> {
  const chosen = await runPs([...args, `-q${pids.join(",")}`]);
  return chosen === undefined || chosen.exitCode === 0 ? chosen : runPs(args);
}
