import { cancelled } from "#base/errors.ts";
import type { WaitCondition, WaitResponse } from "#spec/docker/container.ts";
import type { Container, ExitResult } from "../container.ts";
import type { RecentEnds } from "./recent-ends.ts";
import type { ContainerRegistry } from "../registry.ts";

/**
 * `POST /containers/{id}/wait`. Throws `not-found` at once; the promise inside resolves when the condition holds and
 * rejects with `cancelled` when the signal aborts:
 *
 * - `not-running`: now, or at the next end that is not followed by a restart
 * - `next-exit`: at the next end, also of a container that has not started yet
 * - `removed`: when it is gone
 *
 * A container that removed itself a moment ago (`--rm`) is waited for with success, by its whole id.
 */
export function waitContainer(deps: { readonly registry: ContainerRegistry; readonly recentEnds: RecentEnds }) {
  return (
    reference: string,
    condition: WaitCondition,
    signal: AbortSignal,
  ): { readonly result: Promise<WaitResponse> } => {
    const gone = deps.recentEnds.of(reference);
    if (gone !== undefined) return { result: Promise.resolve(response(gone)) };
    const container = deps.registry.find(reference);
    return { result: outcome(container, condition, signal) };
  };
}

async function outcome(container: Container, condition: WaitCondition, signal: AbortSignal): Promise<WaitResponse> {
  const resting = restingResult(container);
  if (condition === "not-running" && resting !== undefined) return response(resting);
  const listeners = condition === "removed" ? container.removalListeners : container.exitListeners;
  const { promise, resolve, reject } = Promise.withResolvers<ExitResult>();
  const onAbort = (): void => reject(cancelled());
  listeners.add(resolve);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    return response(await promise);
  } finally {
    listeners.delete(resolve);
    signal.removeEventListener("abort", onAbort);
  }
}

function response({ exitCode, error }: ExitResult): WaitResponse {
  return error === "" ? { StatusCode: exitCode } : { StatusCode: exitCode, Error: { Message: error } };
}

/** How the last run ended, or why there was none; undefined while there is one or will be. */
function restingResult(container: Container): ExitResult | undefined {
  const { status } = container;
  switch (status.state) {
    case "created":
    case "exited":
      return { exitCode: status.exitCode, error: status.error };
    case "dead":
      return { exitCode: 0, error: "" };
    case "removing":
      return { exitCode: "exitCode" in status.before ? status.before.exitCode : 0, error: "" };
    case "starting":
    case "running":
    case "paused":
    case "restarting":
      return undefined;
  }
}
