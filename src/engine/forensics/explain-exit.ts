import { binarySize, formatDuration } from "#base/units.ts";
import type { ExitReport } from "#spec/berth/exit-report.ts";
import { signalName } from "#spec/docker/signals.ts";

/** What is known of an end; the sentence is made of nothing else. */
export interface KnownEnd {
  readonly exitCode: number;
  /** Number of the signal that ended it; 0 when it exited. */
  readonly signal: number;
  readonly oomKilled: boolean;
  /** Nobody saw the end. */
  readonly lost: boolean;
  readonly stoppedBy: { readonly by: string; readonly signal: number; readonly beforeEndNs: bigint } | undefined;
  readonly memory: ExitReport["Memory"];
}

/** Why a container ended, in one sentence, and of which kind that is. */
export function explainExit(end: KnownEnd): Pick<ExitReport, "Cause" | "Reason"> {
  if (end.lost) {
    return { Cause: "lost", Reason: "nobody saw its end: the machine or its supervisor went down while it ran" };
  }
  const how = ending(end);
  if (end.oomKilled && (end.signal === SIGKILL || end.exitCode === 128 + SIGKILL)) {
    return { Cause: "oom", Reason: `${how}: ${outOfMemory(end.memory)}` };
  }
  const { stoppedBy } = end;
  if (stoppedBy !== undefined && isCause(stoppedBy, end))
    return { Cause: "request", Reason: `${how}, ${requested(stoppedBy)}` };
  if (end.oomKilled) return { Cause: "self", Reason: `${how}, after ${outOfMemory(end.memory)}` };
  if (end.signal === SIGKILL) {
    return { Cause: "self", Reason: `${how}, which neither this engine nor the kernel's memory limit sent` };
  }
  return { Cause: "self", Reason: how };
}

const SIGKILL = 9;
const aftermathNs = 10_000_000_000n;

/** A signal by `kill` may have meant something else and be long forgotten; everything else is sent to end it. */
function isCause({ by, signal, beforeEndNs }: NonNullable<KnownEnd["stoppedBy"]>, end: KnownEnd): boolean {
  return by !== "kill" || end.signal === signal || end.exitCode === 128 + signal || beforeEndNs < aftermathNs;
}

function ending({ exitCode, signal }: KnownEnd): string {
  if (signal !== 0) {
    const meaning = signals[signal];
    return `it was ended by ${signalName(signal)}${meaning === undefined ? "" : ` (${meaning})`}`;
  }
  const meaning = codes[exitCode] ?? (exitCode > 128 && exitCode < 193 ? byShell(exitCode - 128) : undefined);
  return `it exited with code ${exitCode}${meaning === undefined ? "" : ` (${meaning})`}`;
}

const byShell = (signal: number): string => `as shells report the end of a command by ${signalName(signal)}`;

/** Conventions of shells and of C programs; a program may mean something else. */
const codes: Readonly<Record<number, string>> = {
  0: "success",
  1: "a general error",
  2: "wrong use, as shells and many programs say",
  126: "the command could not be executed",
  127: "the command was not found",
};

/** signal(7). */
const signals: Readonly<Record<number, string>> = {
  1: "hang-up",
  2: "interrupt",
  3: "quit",
  4: "it ran an instruction the processor does not have",
  6: "it aborted itself",
  7: "it used memory that is not there",
  8: "an arithmetic fault",
  11: "it used memory that is not its own",
  13: "it wrote to a pipe that nobody reads",
  15: "it was asked to end",
  24: "its processor time was used up",
  25: "a file grew too large",
  31: "a system call that seccomp forbids",
};

function outOfMemory(memory: ExitReport["Memory"]): string {
  const limit =
    memory === undefined || memory.LimitBytes === 0 ? "memory" : `its ${binarySize(memory.LimitBytes)} of memory`;
  const killed = memory?.Killed.at(-1);
  const whom =
    killed === undefined
      ? "a process"
      : `${JSON.stringify(killed.Name)} (pid ${killed.Pid}, ${binarySize(killed.ResidentBytes)} resident)`;
  return `${limit} ran out and the kernel killed ${whom}`;
}

const requests: Readonly<Record<string, string>> = {
  stop: "a person stopped it",
  kill: "a person sent a signal",
  restart: "a person restarted it",
  remove: "a person removed it by force",
  shutdown: "the engine was going down",
  "unhealthy-stop": "it was unhealthy and is to be stopped then",
  "unhealthy-restart": "it was unhealthy and is to be restarted then",
};

function requested({ by, signal, beforeEndNs }: NonNullable<KnownEnd["stoppedBy"]>): string {
  const after = beforeEndNs < 0n ? 0n : beforeEndNs - (beforeEndNs % 1_000_000n);
  return `${formatDuration(after)} after ${signalName(signal)}: ${requests[by] ?? by}`;
}
