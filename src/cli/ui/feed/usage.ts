import type { EngineClient } from "#client/engine-client.ts";
import { jsonValues } from "#client/json-stream.ts";
import type { StatsResponse } from "#spec/docker/stats.ts";
import { usageOf, type Usage } from "../../container/stats/stats-row.ts";

/** A container's samples as they come, until `signal`; throws when it has no more. */
export async function followUsage(
  api: EngineClient,
  id: string,
  signal: AbortSignal,
  tell: (usage: Usage) => void,
): Promise<void> {
  const body = await api.containers.stats(id, { stream: true, signal });
  for await (const sample of jsonValues<StatsResponse>(body)) {
    // Without a sample before it there is no share of a processor to tell.
    if ((sample.precpu_stats.system_cpu_usage ?? 0) > 0) tell(usageOf(sample));
  }
}
