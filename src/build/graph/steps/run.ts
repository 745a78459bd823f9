import { parseHeredocMark } from "../../dockerfile/lines/heredoc-mark.ts";
import type { CommandLine, Heredoc, RunInstruction } from "../../dockerfile/types.ts";
import { runEntry } from "../history.ts";
import { proxyVariables } from "../proxy-args.ts";
import { addStep, shellOf, type StageContext } from "../stage-context.ts";
import type { StageState } from "../stage-state.ts";
import { shownInstruction } from "../step-names.ts";
import type { ExecMount } from "../types.ts";
import { mountsOf } from "./run-mounts.ts";

/** Folder that a script of the Dockerfile is mounted in. */
const SCRIPTS = "/dev/pipes";

/** Source: the Dockerfile reference, "RUN" and "Here-Documents". */
export function stepRun(
  state: StageState,
  instruction: RunInstruction,
  at: StageContext,
  isOnbuild: boolean,
): StageState {
  const { args, script } = commandOf(state, instruction.command);
  const { mounts, secretEnv } = mountsOf(state, instruction, at);
  const tree = addStep(
    at,
    state,
    instruction,
    at.names.next(shownRun(state, instruction, at, secretEnv), state.platform, state.env, isOnbuild),
    {
      kind: "exec",
      base: state.tree,
      args,
      env: environment(state, mounts),
      keylessEnv: proxyVariables(at.options.buildArgs),
      secretEnv,
      cwd: state.config.WorkingDir || "/",
      user: state.config.User ?? "",
      hostname: at.options.buildArgs.get("BUILDKIT_SANDBOX_HOSTNAME"),
      network: instruction.network === "default" ? at.options.network : instruction.network,
      security: instruction.security,
      devices: instruction.devices,
      mounts: [...(script === undefined ? [] : [script]), ...mounts],
    },
  );
  const history = [...state.history, runEntry(at.options.dialect, args, argsInEffect(state), tree)];
  return { ...state, tree, history };
}

/** The stage's variables, and where the first ssh agent is. */
function environment({ env }: StageState, mounts: readonly ExecMount[]): readonly string[] {
  const agent = mounts.find(({ type }) => type === "ssh");
  const agentEnv = agent === undefined || env.has("SSH_AUTH_SOCK") ? [] : [`SSH_AUTH_SOCK=${agent.target}`];
  return [...[...env].map(([key, value]) => `${key}=${value}`), ...agentEnv];
}

interface Command {
  readonly args: readonly string[];
  readonly script: ExecMount | undefined;
}

function commandOf(state: StageState, command: CommandLine): Command {
  if (command.form === "exec") return { args: command.words, script: undefined };
  const shell = shellOf(state);
  const [first] = command.heredocs;
  if (first === undefined) return { args: [...shell, command.script], script: undefined };
  if (parseHeredocMark(command.script) === undefined)
    return { args: [...shell, withHeredocs(command.script, command.heredocs)], script: undefined };
  const content = first.stripTabs ? first.content.replace(/^\t+/gm, "") : first.content;
  if (!content.startsWith("#!")) return { args: [...shell, content], script: undefined };
  const target = `${SCRIPTS}/${first.name}`;
  // docker-compat: BuildKit hands the path to the shell, so that the system finds the interpreter.
  return { args: [...shell, target], script: { type: "file", target, content, mode: 0o755 } };
}

/** A command with heredocs among its words is the shell's to read, heredocs and all. */
function withHeredocs(script: string, heredocs: readonly Heredoc[]): string {
  return script + heredocs.map(({ content, name }) => `\n${content}${name}`).join("");
}

function shownRun(
  state: StageState,
  instruction: RunInstruction,
  at: StageContext,
  secretEnv: readonly { readonly name: string }[],
): string {
  const { command, original } = instruction;
  const isHeredoc = command.form === "shell" && parseHeredocMark(command.script) !== undefined;
  const content = isHeredoc ? (command.heredocs[0]?.content ?? "") : undefined;
  const text = content === undefined ? original : `${original} (${summaryOf(content)})`;
  const { escape } = at.dockerfile;
  return shownInstruction(
    text,
    (name) => (secretEnv.some((secret) => secret.name === name) ? "****" : state.env.get(name)),
    { escape, keepQuotes: true, keepEscapes: true, keepUnset: true },
  );
}

function summaryOf(content: string): string {
  const lines = content.trim().split(/\r?\n/);
  return `${lines[0] ?? ""}${lines.length > 1 ? "..." : ""}`;
}

/** ARGs as history tells them: each once, with the value that the command sees. */
function argsInEffect(state: StageState): readonly string[] {
  const shown = new Map(state.args.map(({ key, value }) => [key, state.env.get(key) ?? value ?? ""]));
  return [...shown].map(([key, value]) => `${key}=${value}`);
}
