import { DEFAULT_PATH } from "./stage-state.ts";
import type { BuildGraph, CopyOperation, ExecOperation, MakeDirectory } from "./types.ts";

/**
 * A command on what a step that is none would have worked on: with the variables and the user of the stage's last command
 * before it, in the folder of its last WORKDIR.
 */
export function lookAround(graph: BuildGraph, { base }: CopyOperation | MakeDirectory): ExecOperation {
  let cwd: string | undefined;
  for (let at = base; at !== undefined;) {
    const operation = graph.vertices[at]?.operation;
    if (operation?.kind === "exec") {
      const { env, user, network } = operation;
      return { ...plain(base), env, user, network, cwd: cwd ?? operation.cwd };
    }
    if (operation?.kind !== "copy" && operation?.kind !== "mkdir") break;
    if (operation.kind === "mkdir") cwd ??= operation.path;
    at = operation.base;
  }
  return { ...plain(base), cwd: cwd ?? "/" };
}

function plain(base: ExecOperation["base"]): ExecOperation {
  return {
    ...{
      kind: "exec",
      base,
      args: [],
      env: [`PATH=${DEFAULT_PATH}`],
      keylessEnv: [],
      secretEnv: [],
      cwd: "/",
      user: "",
    },
    ...{ network: "default", security: "sandbox", devices: [], mounts: [] },
  };
}
