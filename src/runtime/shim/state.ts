import { viewOf } from "#base/data-view.ts";
import { BerthError } from "#base/errors.ts";
import type { ExitStatus, StepFailure } from "../types.ts";

/**
 * What the shim says about itself, on its control socket and in the file `status`; struct state of native/shim/shim.h.
 *
 *   u32 magic  state  point  pid  monitor pid  step  errno  exit code  signal  oom killed
 *   u64 start ticks  started ns  finished ns      char what[96]
 */
export interface ShimState {
  readonly phase: "launching" | "waiting" | "running" | "exited" | "failed";
  /** The `wait` step's number while waiting. */
  readonly point: number;
  readonly pid: number;
  readonly monitorPid: number;
  readonly startTicks: bigint;
  readonly startedAtNs: bigint;
  readonly exit: ExitStatus;
  readonly failure: StepFailure;
}

export const stateBytes = 160;
const stateMagic = 0x31535442;
const phases: readonly (ShimState["phase"] | undefined)[] = [
  undefined,
  "launching",
  "waiting",
  "running",
  "exited",
  "failed",
];
const decoder = new TextDecoder();

/** Up to the first NUL, if there is one. */
function textOf(field: Uint8Array): string {
  const end = field.indexOf(0);
  return end === 0 ? "" : decoder.decode(end < 0 ? field : field.subarray(0, end));
}

/** Throws `data-loss` for anything that is not a state. */
export function parseState(bytes: Uint8Array): ShimState {
  const view = viewOf(bytes);
  const phase =
    bytes.length === stateBytes && view.getUint32(0, true) === stateMagic ? phases[view.getUint32(4, true)] : undefined;
  if (phase === undefined) throw new BerthError("data-loss", "the shim's status is not readable");
  return {
    phase,
    point: view.getUint32(8, true),
    pid: view.getInt32(12, true),
    monitorPid: view.getInt32(16, true),
    startTicks: view.getBigUint64(40, true),
    startedAtNs: view.getBigUint64(48, true),
    exit: {
      exitCode: view.getInt32(28, true),
      signal: view.getInt32(32, true),
      oomKilled: view.getUint32(36, true) !== 0,
      finishedAtNs: view.getBigUint64(56, true),
    },
    failure: {
      step: view.getInt32(20, true),
      errno: view.getInt32(24, true),
      what: textOf(bytes.subarray(64, stateBytes)),
    },
  };
}
