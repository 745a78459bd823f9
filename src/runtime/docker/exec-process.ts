import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { capabilityNames } from "#runtime/compile/capabilities.ts";
import type { ResolvedUser } from "#runtime/user/types.ts";
import type { ExecConfig } from "#spec/docker/exec.ts";
import type { Process, RuntimeSpec } from "#spec/oci/runtime.ts";
import { override } from "./environment.ts";

export interface ExecProcessInput {
  /** The container's spec, made for `user` so that HOME is that user's. */
  readonly container: RuntimeSpec;
  readonly exec: ExecConfig;
  readonly user: ResolvedUser;
  readonly facts: RuntimeFacts;
}

/** The process of `docker exec` (moby daemon/exec_linux.go): the container's own with what the exec says put in. Pure. */
export function execProcess({ container, exec, user, facts }: ExecProcessInput): Process {
  const base: Process = container.process ?? { user: { uid: 0, gid: 0 }, cwd: "/" };
  const all = capabilityNames.slice(0, facts.lastCapability + 1);
  const { oomScoreAdj: _oomScoreAdj, consoleSize: _consoleSize, ...kept } = base;
  return {
    ...kept,
    terminal: exec.Tty,
    ...(exec.Tty && exec.ConsoleSize !== null && exec.ConsoleSize[0] > 0
      ? { consoleSize: { height: exec.ConsoleSize[0], width: exec.ConsoleSize[1] } }
      : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: [user.gid, ...user.additionalGids] },
    args: exec.Cmd ?? [],
    env: override(withTerm(base.env ?? [], base.terminal === true, exec.Tty), exec.Env ?? []),
    cwd: exec.WorkingDir === "" ? base.cwd : exec.WorkingDir,
    ...(exec.Privileged ? { capabilities: { bounding: all, effective: all, permitted: all } } : {}),
    ...(exec.Privileged && base.apparmorProfile !== undefined ? { apparmorProfile: "unconfined" } : {}),
  };
}

/** TERM stands after PATH and HOSTNAME when, and only when, this process has a terminal or the config says so. */
function withTerm(env: readonly string[], had: boolean, has: boolean): readonly string[] {
  if (has && !env.some((entry) => entry.startsWith("TERM=")))
    return [...env.slice(0, 2), "TERM=xterm", ...env.slice(2)];
  return !has && had && env[2] === "TERM=xterm" ? [...env.slice(0, 2), ...env.slice(3)] : env;
}
