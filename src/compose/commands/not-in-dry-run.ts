import { BerthError } from "#base/errors.ts";

/** docker-compat: what a person would work in has nothing to work in. */
export const notInDryRun = (verb: "exec" | "run"): Error =>
  new BerthError("not-implemented", `interactive ${verb} is not supported in dry-run mode`);
