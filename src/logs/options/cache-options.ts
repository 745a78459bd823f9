import { invalid } from "#base/errors.ts";
import { boundedPlan } from "./file-options.ts";
import { parseBool } from "./go-values.ts";
import type { LogStorePlan } from "./log-plan.ts";
import type { LogOptions } from "./log-options.ts";

/** Options of the local copy that every forwarding driver keeps. */
export const cacheNames: readonly string[] = ["cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"];

export function checkCache(options: LogOptions): void {
  const disabled = options["cache-disabled"];
  if (disabled === undefined) return;
  try {
    parseBool(disabled);
  } catch {
    throw invalid(`invalid value for option cache-disabled: ${disabled}`);
  }
}

/** `cache-disabled` forbids reading only: the copy is also what waits for a receiver that is away. */
export function cachePlan(options: LogOptions): LogStorePlan {
  return boundedPlan(options, { size: "cache-max-size", files: "cache-max-file", compress: "cache-compress" });
}
