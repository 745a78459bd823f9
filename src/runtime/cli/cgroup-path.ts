import { BerthError } from "#base/errors.ts";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";

/** Parent of groups whose configuration names none. */
export const defaultCgroupParent = "/berth-runtime";

/**
 * Absolute paths are below the hierarchies' roots, relative ones too (config-linux.md leaves it to the runtime). `..` goes
 * up, never above the root: what dockerd makes of --cgroup-parent ../x.
 */
export function cgroupPathOf(spec: RuntimeSpec, id: string): string {
  const wanted = spec.linux?.cgroupsPath ?? "";
  if (wanted === "") return `${defaultCgroupParent}/${id}`;
  if (wanted.includes(":") && wanted.split(":").length === 3 && !wanted.startsWith("/")) {
    throw new BerthError(
      "not-implemented",
      `cgroupsPath ${JSON.stringify(wanted)} is for systemd's cgroup driver, which is not supported: use cgroupfs`,
    );
  }
  const parts: string[] = [];
  for (const part of wanted.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  if (parts.length === 0)
    throw new BerthError("invalid-parameter", `cgroupsPath ${JSON.stringify(wanted)} is not a path of a group`);
  return `/${parts.join("/")}`;
}

/** `exec --cgroup`: a group below the container's; v1's `CONTROLLER:PATH` is refused. */
export function cgroupBelow(path: string, below: string | undefined): string {
  if (below === undefined) return path;
  const parts = below.split("/").filter((part) => part !== "" && part !== ".");
  if (below.includes(":") || parts.includes(".."))
    throw new BerthError("invalid-parameter", `bad sub cgroup path: ${below}`);
  return parts.length === 0 ? path : `${path}/${parts.join("/")}`;
}
