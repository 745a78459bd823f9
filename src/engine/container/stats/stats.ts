import { BerthError } from "#base/errors.ts";
import type { StatsResponse } from "#spec/docker/stats.ts";
import type { MachineFacts } from "../../host-facts.ts";
import type { Container } from "../container.ts";
import type { ContainerRegistry } from "../registry.ts";
import { isLive } from "../status.ts";
import { statsResponse, type Sample } from "./sample.ts";
import type { StatsSampler } from "./stats-sampler.ts";
import type { TakeSample } from "./take-sample.ts";

export interface StatsDeps {
  readonly registry: ContainerRegistry;
  readonly machine: MachineFacts;
  readonly takeSample: TakeSample;
  readonly sampler: StatsSampler;
}

/** `one-shot`: this moment. `two-readings`: after a second, with the counters before it. `stream`: one a second. */
export type StatsMode = "one-shot" | "two-readings" | "stream";

/**
 * `GET /containers/{id}/stats`. Throws `not-found` at once. A container that does not run has zeros everywhere; a
 * stream goes on through its ends and starts until it is removed.
 */
export function containerStats(deps: StatsDeps) {
  return (reference: string, mode: StatsMode, signal: AbortSignal): AsyncIterable<StatsResponse> => {
    const container = deps.registry.find(reference);
    const print = (sample: Sample | undefined, previous: Sample | undefined): StatsResponse =>
      statsResponse(container, sample, previous, deps.machine.memoryBytes);
    return readings(deps, container, mode, signal, print);
  };
}

async function* readings(
  deps: StatsDeps,
  container: Container,
  mode: StatsMode,
  signal: AbortSignal,
  print: (sample: Sample | undefined, previous: Sample | undefined) => StatsResponse,
): AsyncGenerator<StatsResponse, void> {
  if (mode === "one-shot" || (mode === "two-readings" && !isLive(container.status))) {
    yield print(await deps.takeSample(container), undefined);
    return;
  }
  for await (const { sample, previous } of deps.sampler.watch(container, signal)) {
    if (mode === "stream") yield print(sample, previous);
    else if (previous !== undefined || sample === undefined) {
      yield print(sample, previous);
      return;
    }
  }
  if (mode === "two-readings" && !signal.aborted)
    throw new BerthError("not-found", `No such container: ${container.id}`);
}
