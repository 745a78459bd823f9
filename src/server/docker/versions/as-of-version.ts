import type { ResponseShape } from "../reply.ts";
import type { ApiVersion } from "./api-version.ts";
import { containerSteps } from "./container-steps.ts";
import { imageSteps } from "./image-steps.ts";
import { systemSteps } from "./system-steps.ts";
import type { Json, VersionStep } from "./version-step.ts";

const steps: readonly VersionStep[] = [...containerSteps, ...imageSteps, ...systemSteps];

/** An answer as API `version` has it: the engine tells what any version tells. Lists are taken item by item. */
export function asOfVersion(shape: ResponseShape | undefined, version: ApiVersion, body: unknown): unknown {
  return inSteps(stepsFor(shape, version), body);
}

/** What is done to answers of a shape: versions with the same steps tell the same. */
export function stepsFor(shape: ResponseShape | undefined, version: ApiVersion): readonly VersionStep[] {
  if (shape === undefined) return [];
  return steps.filter((step) => step.shape === shape && holds(step.when, version.minor));
}

export function inSteps(wanted: readonly VersionStep[], body: unknown): unknown {
  if (wanted.length === 0) return body;
  const one = (item: Json): Json => wanted.reduce((value, step) => step.apply(value), item);
  return Array.isArray(body) ? body.map((item: Json) => one(item)) : one(body as Json);
}

function holds(when: VersionStep["when"], minor: number): boolean {
  return "before" in when ? minor < when.before : minor >= when.since;
}
