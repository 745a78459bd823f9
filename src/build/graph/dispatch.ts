import type { StageContext } from "./stage-context.ts";
import type { StageState } from "./stage-state.ts";
import type { StageStep } from "./prepare-stages.ts";
import { stepArg } from "./steps/arg.ts";
import { stepCopy } from "./steps/copy.ts";
import { stepExpose } from "./steps/expose.ts";
import { stepRun } from "./steps/run.ts";
import {
  stepCmd,
  stepEntrypoint,
  stepEnv,
  stepHealthcheck,
  stepLabel,
  stepMaintainer,
  stepOnbuild,
  stepShell,
  stepStopsignal,
  stepUser,
  stepVolume,
} from "./steps/settings.ts";
import { stepWorkdir } from "./steps/workdir.ts";

/** A stage after one instruction more. `invalid-parameter` in BuildKit's words, without the place. */
export function dispatch(state: StageState, { instruction, isOnbuild }: StageStep, at: StageContext): StageState {
  switch (instruction.kind) {
    case "add":
    case "copy":
      return stepCopy(state, instruction, at, isOnbuild);
    case "arg":
      return stepArg(state, instruction, at);
    case "cmd":
      return stepCmd(state, instruction, at);
    case "entrypoint":
      return stepEntrypoint(state, instruction, at);
    case "env":
      return stepEnv(state, instruction, at);
    case "expose":
      return stepExpose(state, instruction, at);
    case "healthcheck":
      return stepHealthcheck(state, instruction, at);
    case "label":
      return stepLabel(state, instruction, at);
    case "maintainer":
      return stepMaintainer(state, instruction, at);
    case "onbuild":
      return stepOnbuild(state, instruction, at);
    case "run":
      return stepRun(state, instruction, at, isOnbuild);
    case "shell":
      return stepShell(state, instruction, at);
    case "stopsignal":
      return stepStopsignal(state, instruction, at);
    case "user":
      return stepUser(state, instruction, at);
    case "volume":
      return stepVolume(state, instruction, at);
    case "workdir":
      return stepWorkdir(state, instruction, at, isOnbuild);
  }
}
