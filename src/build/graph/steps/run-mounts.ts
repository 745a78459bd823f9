import { join, normalize } from "node:path/posix";
import { quoteGo } from "#base/quote-go.ts";
import { wrong } from "../../dockerfile/dockerfile-error.ts";
import { parseMount } from "../../dockerfile/instructions/parse-mount.ts";
import type { RunInstruction, RunMount } from "../../dockerfile/types.ts";
import { expander, type StageContext } from "../stage-context.ts";
import type { StageState } from "../stage-state.ts";
import type { ExecMount, SecretVariable, Tree } from "../types.ts";
import { pathInStage } from "./workdir.ts";

export interface RunMounts {
  readonly mounts: readonly ExecMount[];
  readonly secretEnv: readonly SecretVariable[];
}

/** Every `--mount` of a RUN, with trees for names. `invalid-parameter` for a stage that comes later. */
export function mountsOf(state: StageState, instruction: RunInstruction, at: StageContext): RunMounts {
  const expand = expander(state, instruction, at);
  const mounts: ExecMount[] = [];
  const secretEnv: SecretVariable[] = [];
  let sockets = 0;
  for (const text of instruction.mounts) {
    const mount = parseMount(text, expand);
    if (mount.type === "secret") {
      if (mount.env !== undefined)
        secretEnv.push({ name: mount.env === "" ? mount.id : mount.env, id: mount.id, required: mount.required });
      if (mount.env === undefined || mount.target !== undefined) mounts.push(secretMount(mount));
    } else if (mount.type === "ssh") {
      const { type, id, required, mode, uid, gid } = mount;
      const target = mount.target ?? `/run/buildkit/ssh_agent.${sockets++}`;
      mounts.push({ type, target, id, required, mode, uid, gid });
    } else mounts.push(treeMount(state, mount, at));
  }
  return { mounts, secretEnv };
}

function secretMount(mount: RunMount & { readonly type: "secret" }): ExecMount {
  const { type, id, required, mode, uid, gid } = mount;
  const target = mount.target ?? `/run/secrets/${id.split("/").at(-1) ?? id}`;
  return { type, target, id, required, mode, uid, gid };
}

function treeMount(
  state: StageState,
  mount: Exclude<RunMount, { readonly type: "secret" | "ssh" }>,
  at: StageContext,
): ExecMount {
  const target = pathInStage(state, mount.target).replace(/(?<=.)\/$/, "");
  if (target === "/")
    throw wrong(`invalid mount target ${quoteGo(target)}`, "a mount needs a folder of its own: target=");
  if (mount.type === "tmpfs") return { type: "tmpfs", target, sizeBytes: mount.sizeBytes };
  const source = join("/", mount.source);
  const from = treeFor(mount, at);
  at.writer.use(from, source);
  if (mount.type === "bind") return { type: "bind", target, from, source, readOnly: !mount.readWrite };
  const { type, sharing, readOnly, mode, uid, gid } = mount;
  const own = mount.id === "" ? normalize(mount.target).replace(/(?<=.)\/$/, "") : mount.id;
  const namespace = at.options.buildArgs.get("BUILDKIT_CACHE_MOUNT_NS") ?? "";
  const id = namespace === "" ? own : `${namespace}/${own}`;
  return { type, target, id, sharing, readOnly, from, source, mode, uid, gid };
}

/** Without `from` a bind reads the build context, and a cache begins empty. */
function treeFor(mount: RunMount & { readonly type: "bind" | "cache" }, at: StageContext): Tree {
  if (mount.from === "") return mount.type === "bind" ? at.contextTree() : undefined;
  const found = at.treeOf(at.list.mountFrom(mount.from));
  if (found === undefined)
    throw wrong(
      `cannot mount from stage ${quoteGo(mount.from)} to ${quoteGo(mount.target)}, stage needs to be defined before current command`,
    );
  return found.tree;
}
