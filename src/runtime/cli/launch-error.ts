import { BerthError } from "#base/errors.ts";
import type { Plan, Step } from "#runtime/plan/ops.ts";
import { failureMessage, stepFailureOf } from "#runtime/process-error.ts";

/** A launcher's error in the words that podman and containerd look for in a runtime's log. Other errors as they are. */
export function launchError(error: unknown, plan: Pick<Plan, "steps">, argv0: string, prefix: string): unknown {
  const failure = stepFailureOf(error);
  if (failure === undefined) return error;
  const message = `${prefix}: unable to start container process: ${failureMessage(failure, plan, argv0)}`;
  return new BerthError("internal", message, { cause: error });
}

/** What `start` must know of a plan that `create` compiled, to tell which step failed. */
export interface PlanOutline {
  readonly argv0: string;
  /** Step names; of hooks, the hook's. */
  readonly steps: readonly string[];
}

export function outlineOf({ steps, exec }: Plan): PlanOutline {
  return { argv0: exec.argv[0] ?? "", steps: steps.map((step) => (step.op === "run_hook" ? step.name : step.op)) };
}

/** Enough of the plan for {@link launchError}; its steps after *ready* name no paths. */
export function planOfOutline({ steps }: PlanOutline): Pick<Plan, "steps"> {
  return {
    steps: steps.map((name): Step => {
      const hook = { op: "run_hook" as const, name, path: "", argv: [], env: [], timeout: 0, state: new Uint8Array() };
      return name.includes(" hook #") ? hook : ({ op: name } as unknown as Step);
    }),
  };
}
