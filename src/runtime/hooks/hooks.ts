import { BerthError } from "#base/errors.ts";
import { runCommand } from "#host/processes/process.ts";
import { pidMark, textWithPid } from "#runtime/compile/pid-mark.ts";
import type { Step } from "#runtime/plan/ops.ts";
import type { Hook, Hooks, OciState } from "#spec/oci/runtime.ts";

/** Longest a hook without a timeout of its own may take. */
const longestMs = 24 * 3600 * 1000;

/**
 * Run hooks on the host in order, each with the state on stdin (config.md, "POSIX-platform Hooks"). The first that fails
 * stops the rest; `internal` names it and holds what it printed.
 */
export async function runHooks(kind: keyof Hooks, hooks: readonly Hook[], state: OciState): Promise<void> {
  for (const [index, hook] of hooks.entries()) await runHook(nameOf(kind, index), checked(kind, hook), state);
}

/** {@link runHooks} that goes on after a failure, which is told to `warn`: the rule for poststop (runtime.md, "Lifecycle"). */
export async function runHooksAnyway(
  kind: keyof Hooks,
  hooks: readonly Hook[],
  state: OciState,
  warn: (text: string) => void,
): Promise<void> {
  for (const [index, hook] of hooks.entries()) {
    await runHook(nameOf(kind, index), hook, state).catch((error: unknown) => warn(String(error)));
  }
}

async function runHook(name: string, hook: Hook, state: OciState): Promise<void> {
  const [argv0 = hook.path, ...args] = hook.args ?? [];
  const result = await runCommand({
    file: hook.path,
    argv0,
    args,
    env: Object.fromEntries((hook.env ?? []).map(nameAndValue)),
    input: new TextEncoder().encode(JSON.stringify(state)),
    timeoutMs: hook.timeout === undefined ? longestMs : hook.timeout * 1000,
  });
  if (result.exitCode === 0) return;
  const why = result.exitCode === undefined ? `signal ${result.signal ?? ""}` : `exit status ${result.exitCode}`;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim();
  throw new BerthError(
    "internal",
    `error running ${name}: ${why}, stdout: ${text(result.stdout)}, stderr: ${text(result.stderr)}`,
  );
}

/** Hooks that run inside the container, as steps of its plan. The pid in the state is the one seen from inside. */
export function hookSteps(
  kind: "createContainer" | "startContainer",
  hooks: readonly Hook[] | undefined,
  state: OciState,
): Step[] {
  return (hooks ?? []).map((hook, index) => {
    const { path, args, env, timeout } = checked(kind, hook);
    return {
      op: "run_hook",
      name: nameOf(kind, index),
      path,
      argv: args === undefined || args.length === 0 ? [path] : args,
      env: env ?? [],
      timeout: timeout ?? 0,
      state: textWithPid({ ...state, pid: pidMark }),
    };
  });
}

/** Refuse hooks that could not run before anything is made. */
export function checkHooks(hooks: Hooks | undefined): void {
  for (const [kind, list] of Object.entries(hooks ?? {}) as [keyof Hooks, readonly Hook[]][])
    for (const hook of list) checked(kind, hook);
}

function checked(kind: keyof Hooks, hook: Hook): Hook {
  const bad = (why: string): BerthError =>
    new BerthError("invalid-parameter", `${kind} hook ${JSON.stringify(hook.path)}: ${why}`);
  if (!hook.path.startsWith("/")) throw bad("the path is not absolute");
  if (hook.timeout !== undefined && !(hook.timeout > 0)) throw bad("the timeout is not above zero");
  return hook;
}

const nameOf = (kind: keyof Hooks, index: number): string => `${kind} hook #${String(index)}`;

function nameAndValue(entry: string): readonly [string, string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}
