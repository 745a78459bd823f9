import type { RestartPolicy } from "#spec/docker/host-config.ts";
import type { ContainerSpec, Life, StopReason } from "../spec.ts";

const firstDelayMs = 100;
const longestDelayMs = 60_000;
const longRunNs = 10_000_000_000n;
const aftermathNs = 10_000_000_000n;

/** One run of a container that has ended. */
export interface EndedRun {
  readonly spec: Pick<ContainerSpec, "hostConfig" | "config">;
  readonly life: Life;
  readonly exitCode: number;
  readonly ranNs: bigint;
  readonly finishedAtNs: bigint;
}

/**
 * How long to wait before a container that ended is started again; undefined = it stays ended. The pause doubles from
 * 100 ms to a minute, over restarts of the engine too; a run of ten seconds or more begins anew.
 */
export function restartDelayMs({ spec, life, exitCode, ranNs, finishedAtNs }: EndedRun): number | undefined {
  const wished = life.stoppedByUser || endedOfSignal(spec, life, finishedAtNs);
  if (wished || !wants(spec.hostConfig.RestartPolicy, { exitCode, restartCount: life.restartCount })) return undefined;
  const previousMs = ranNs >= longRunNs ? undefined : life.restartDelayMs;
  return previousMs === undefined ? firstDelayMs : Math.min(previousMs * 2, longestDelayMs);
}

/**
 * docker-compat: without a stop signal of its own, a container counts as stopped after any signal that a person sent.
 * Docker keeps to that for ever, so that a server told to read its files again (HUP) is not started again after a crash
 * weeks later; here it holds for the ten seconds in which it may be the signal that ended it.
 */
function endedOfSignal(spec: EndedRun["spec"], { stopRequest }: Life, finishedAtNs: bigint): boolean {
  if (stopRequest === undefined || spec.config.StopSignal !== "" || !staysDown(stopRequest.by)) return false;
  return finishedAtNs - BigInt(stopRequest.atNs) < aftermathNs;
}

/** Does a container that ended for this reason stay down whatever its policy? */
export function staysDown(by: StopReason): boolean {
  switch (by) {
    case "stop":
    case "kill":
    case "restart":
    case "remove":
    case "unhealthy-stop":
      return true;
    case "shutdown":
    case "unhealthy-restart":
      return false;
  }
}

/** Should the engine start this container when it comes up itself? `always` also when a person had stopped it. */
export function startsWithEngine(
  policy: RestartPolicy,
  ended: { readonly exitCode: number; readonly restartCount: number; readonly stoppedByUser: boolean },
): boolean {
  if (ended.stoppedByUser && policy.Name !== "always") return false;
  return wants(policy, ended);
}

function wants(policy: RestartPolicy, ended: { readonly exitCode: number; readonly restartCount: number }): boolean {
  switch (policy.Name) {
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return ended.exitCode !== 0 && (policy.MaximumRetryCount === 0 || ended.restartCount < policy.MaximumRetryCount);
    default:
      return false;
  }
}
