import { BerthError } from "#base/errors.ts";
import { runCommand } from "#host/process.ts";
import type { Hook, Hooks, OciState } from "#spec/oci/runtime.ts";

/** Longest a hook without a timeout of its own may take. */
const longestMs = 24 * 3600 * 1000;

/**
 * Run hooks in order, each with the state on stdin (config.md, "POSIX-platform Hooks"). The first that fails stops the
 * rest; `internal` names it and holds what it printed.
 */
export async function runHooks(kind: keyof Hooks, hooks: readonly Hook[], state: OciState): Promise<void> {
  for (const [index, hook] of hooks.entries()) {
    if (!hook.path.startsWith("/"))
      throw new BerthError("invalid-parameter", `${kind} hook path ${JSON.stringify(hook.path)} is not absolute`);
    const [argv0 = hook.path, ...args] = hook.args ?? [];
    const result = await runCommand({
      file: hook.path,
      argv0,
      args,
      env: Object.fromEntries((hook.env ?? []).map(nameAndValue)),
      input: new TextEncoder().encode(JSON.stringify(state)),
      timeoutMs: hook.timeout === undefined ? longestMs : hook.timeout * 1000,
    });
    if (result.exitCode === 0) continue;
    const why = result.exitCode === undefined ? `signal ${result.signal ?? ""}` : `exit status ${result.exitCode}`;
    const said = new TextDecoder().decode(result.stderr).trim();
    throw new BerthError(
      "internal",
      `error running ${kind} hook #${index}: ${why}, stdout: ${new TextDecoder().decode(result.stdout).trim()}, stderr: ${said}`,
    );
  }
}

function nameAndValue(entry: string): readonly [string, string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** Hooks that would have to run inside the container are refused by name. */
export function checkHooks(hooks: Hooks | undefined): void {
  for (const kind of ["createContainer", "startContainer"] as const) {
    if ((hooks?.[kind] ?? []).length > 0)
      throw new BerthError("not-implemented", `${kind} hooks are not supported yet`);
  }
}
