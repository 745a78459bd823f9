import { parseSignal } from "#spec/docker/signals.ts";
import type { ContainerDefaults } from "#spec/oci/image.ts";
import type {
  CmdInstruction,
  CommandLine,
  EntrypointInstruction,
  EnvInstruction,
  HealthcheckInstruction,
  LabelInstruction,
  MaintainerInstruction,
  OnbuildInstruction,
  ShellInstruction,
  StageInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
} from "../../dockerfile/types.ts";
import { wrong } from "../../dockerfile/dockerfile-error.ts";
import { healthcheckText, plainList, quotedList, settingEntry } from "../history.ts";
import { expander, shellOf, type StageContext } from "../stage-context.ts";
import { withVariable, type StageState } from "../stage-state.ts";
import { lintSecretName } from "./lint-secrets.ts";

/** A state with other settings and a line of history that says so. */
export function withSetting(
  state: StageState,
  at: StageContext,
  config: Partial<ContainerDefaults>,
  text: string,
): StageState {
  const history = [...state.history, settingEntry(at.options.dialect, shellOf(state), text)];
  return { ...state, config: { ...state.config, ...config }, history };
}

export function stepEnv(state: StageState, instruction: EnvInstruction, at: StageContext): StageState {
  const expand = expander(state, instruction, at);
  const pairs = instruction.pairs.map(({ key, value }) => ({ key: expand(key), value: expand(value) }));
  if (instruction.pairs.some(({ oldForm }) => oldForm))
    at.linter.report("legacyKeyValueFormat", instruction, [instruction.keyword]);
  let { env } = state;
  const list = [...(state.config.Env ?? [])];
  for (const { key, value } of pairs) {
    lintSecretName("ENV", key, instruction, at.linter);
    env = withVariable(env, key, value);
    const known = list.findIndex((entry) => entry.split("=", 1)[0] === key);
    list[known < 0 ? list.length : known] = `${key}=${value}`;
  }
  const text = `ENV ${pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`;
  return withSetting({ ...state, env }, at, { Env: list }, text);
}

export function stepLabel(state: StageState, instruction: LabelInstruction, at: StageContext): StageState {
  const expand = expander(state, instruction, at);
  const pairs = instruction.pairs.map(({ key, value }) => [expand(key), expand(value)] as const);
  if (instruction.pairs.some(({ oldForm }) => oldForm))
    at.linter.report("legacyKeyValueFormat", instruction, [instruction.keyword]);
  const Labels = { ...state.config.Labels, ...Object.fromEntries(pairs) };
  return withSetting(state, at, { Labels }, `LABEL ${pairs.map(([key, value]) => `${key}=${value}`).join(" ")}`);
}

export function stepMaintainer(state: StageState, instruction: MaintainerInstruction, at: StageContext): StageState {
  const { maintainer } = instruction;
  return withSetting({ ...state, author: maintainer }, at, {}, `MAINTAINER ${maintainer}`);
}

export function stepUser(state: StageState, instruction: UserInstruction, at: StageContext): StageState {
  const User = expander(state, instruction, at)(instruction.user);
  return withSetting(state, at, { User }, `USER ${User}`);
}

export function stepVolume(state: StageState, instruction: VolumeInstruction, at: StageContext): StageState {
  const paths = instruction.paths.map(expander(state, instruction, at));
  if (paths.includes("")) throw wrong("VOLUME specified can not be an empty string");
  const Volumes = { ...state.config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
  return withSetting(state, at, { Volumes }, `VOLUME ${plainList(paths)}`);
}

export function stepStopsignal(state: StageState, instruction: StopsignalInstruction, at: StageContext): StageState {
  const StopSignal = expander(state, instruction, at)(instruction.signal);
  parseSignal(StopSignal);
  return withSetting(state, at, { StopSignal }, `STOPSIGNAL ${StopSignal}`);
}

export function stepShell(state: StageState, { shell }: ShellInstruction, at: StageContext): StageState {
  // The classic builder's line is already in the new shell's name.
  return withSetting({ ...state, config: { ...state.config, Shell: shell } }, at, {}, `SHELL ${plainList(shell)}`);
}

export function stepOnbuild(state: StageState, { trigger }: OnbuildInstruction, at: StageContext): StageState {
  const config = { ...state.config, OnBuild: [...(state.config.OnBuild ?? []), trigger] };
  // docker-compat: BuildKit's history has no ONBUILD.
  if (at.options.dialect === "buildkit") return { ...state, config };
  return withSetting(state, at, config, `ONBUILD ${trigger}`);
}

export function stepCmd(state: StageState, instruction: CmdInstruction, at: StageContext): StageState {
  const Cmd = commandWords(state, instruction, instruction.command, at);
  const once = usedOnce(state, "cmd", instruction, at);
  return withSetting(once, at, { Cmd, ArgsEscaped: true }, `CMD ${quotedList(Cmd)}`);
}

export function stepEntrypoint(state: StageState, instruction: EntrypointInstruction, at: StageContext): StageState {
  const Entrypoint = commandWords(state, instruction, instruction.command, at);
  const once = usedOnce(state, "entrypoint", instruction, at);
  // The base's command was meant for the base's entrypoint.
  const { Cmd: _cmd, ...withoutCmd } = once.config;
  const config = once.last.cmd === undefined ? withoutCmd : once.config;
  return withSetting({ ...once, config }, at, { Entrypoint }, `ENTRYPOINT ${quotedList(Entrypoint)}`);
}

export function stepHealthcheck(state: StageState, instruction: HealthcheckInstruction, at: StageContext): StageState {
  const { check } = instruction;
  const once = usedOnce(state, "healthcheck", instruction, at);
  const Healthcheck = Object.fromEntries(Object.entries(check).filter(([, value]) => value !== 0));
  return withSetting(once, at, { Healthcheck }, `HEALTHCHECK ${healthcheckText(check)}`);
}

function commandWords(
  state: StageState,
  instruction: CmdInstruction | EntrypointInstruction,
  command: CommandLine,
  at: StageContext,
): readonly string[] {
  if (command.form === "exec") return command.words;
  if ((state.config.Shell ?? []).length === 0)
    at.linter.report("jsonArgsRecommended", instruction, [instruction.keyword]);
  return [...shellOf(state), command.script];
}

/** The earlier one is what is told: it has no effect. */
function usedOnce(
  state: StageState,
  kind: "cmd" | "entrypoint" | "healthcheck",
  instruction: StageInstruction,
  at: StageContext,
): StageState {
  const earlier = state.last[kind];
  if (earlier !== undefined)
    at.linter.report("multipleInstructionsDisallowed", instruction, [instruction.keyword], earlier);
  return { ...state, last: { ...state.last, [kind]: instruction.range } };
}
