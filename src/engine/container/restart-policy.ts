import type { RestartPolicy } from "#spec/docker/host-config.ts";

const firstDelayMs = 100;
const longestDelayMs = 60_000;

/**
 * How long to wait before a container that ended is started again; undefined = it stays ended. The pause doubles from
 * 100 ms to a minute; `previousMs` is undefined for the first restart and after a run of ten seconds or more.
 */
export function restartDelayMs(
  policy: RestartPolicy,
  ended: { readonly exitCode: number; readonly restartCount: number; readonly stoppedByUser: boolean },
  previousMs: number | undefined,
): number | undefined {
  if (ended.stoppedByUser || !wants(policy, ended)) return undefined;
  return previousMs === undefined ? firstDelayMs : Math.min(previousMs * 2, longestDelayMs);
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
