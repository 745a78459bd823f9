import { BerthError } from "#base/errors.ts";
import type { WaitCondition } from "#spec/docker/container.ts";

const conditions: readonly WaitCondition[] = ["not-running", "next-exit", "removed"];

/** As it stands in a query. `invalid-parameter` in Docker's words. */
export function waitCondition(words: string): WaitCondition {
  const text = words.trim().toLowerCase();
  const condition = text === "" ? "not-running" : conditions.find((known) => known === text);
  if (condition === undefined) throw new BerthError("invalid-parameter", `invalid condition: "${text}"`);
  return condition;
}
