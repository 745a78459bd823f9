import { normalize } from "node:path/posix";
import type { WorkdirInstruction } from "../../dockerfile/types.ts";
import { layerEntry, settingEntry } from "../history.ts";
import { addStep, expander, shellOf, type StageContext } from "../stage-context.ts";
import type { StageState } from "../stage-state.ts";
import { shownInstruction } from "../step-names.ts";
import { ownerOf } from "./owner.ts";

/** The folder is made, in the user's name, unless it is the root. */
export function stepWorkdir(
  state: StageState,
  instruction: WorkdirInstruction,
  at: StageContext,
  isOnbuild: boolean,
): StageState {
  const written = expander(state, instruction, at)(instruction.path);
  if (!state.workdirSet && !written.startsWith("/")) at.linter.report("workdirRelativePath", instruction, [written]);
  // docker-compat: a `/` at the end stays.
  const WorkingDir = pathInStage(state, written);
  const after = { ...state, config: { ...state.config, WorkingDir }, workdirSet: true };
  const { dialect } = at.options;
  const text = `WORKDIR ${WorkingDir}`;
  if (WorkingDir === "/") return { ...after, history: [...state.history, settingEntry(dialect, shellOf(state), text)] };
  const { escape } = at.dockerfile;
  const shown = shownInstruction(instruction.original, (name) => state.env.get(name), { escape });
  const name = at.names.next(shown, state.platform, state.env, isOnbuild);
  const user = state.config.User ?? "";
  const tree = addStep(at, state, instruction, name, {
    kind: "mkdir",
    base: state.tree,
    path: WorkingDir.replace(/\/$/, ""),
    mode: 0o755,
    owner: user === "" || dialect === "classic" ? undefined : ownerOf(user),
  });
  return { ...after, tree, history: [...state.history, layerEntry(dialect, shellOf(state), text, tree)] };
}

/** A path of an instruction, WORKDIR put before. */
export function pathInStage(state: StageState, path: string): string {
  return normalize(path.startsWith("/") ? path : `${state.config.WorkingDir || "/"}/${path}`);
}
