import { realpathSync } from "node:fs";
import { BerthError } from "#base/errors.ts";
import { readTextFile } from "../files/files.ts";
import { unescapeMountPath } from "./mount-point.ts";

interface MountPoint {
  readonly path: string;
  /** Optional fields of proc_pid_mountinfo(5): `shared:N`, `master:N`. */
  readonly tags: readonly string[];
}

/**
 * A bind with shared (or slave) propagation only works when the mount that holds its source is shared (or shared or
 * slave). `invalid-parameter` in Docker's words otherwise; other propagation modes always pass.
 */
export function checkPropagation(source: string, propagation: string, mountinfo?: string): void {
  const mode = propagation.replace(/^r/u, "");
  if (mode !== "shared" && mode !== "slave") return;
  const mount = mountOf(realpathSync(source), mountinfo ?? readTextFile("/proc/self/mountinfo", 16 << 20));
  const has = (tag: string): boolean => mount.tags.some((text) => text.startsWith(tag));
  if (has("shared:") || (mode === "slave" && has("master:"))) return;
  const needed = mode === "shared" ? "a shared mount" : "a shared or slave mount";
  throw new BerthError("invalid-parameter", `path ${source} is mounted on ${mount.path} but it is not ${needed}`);
}

/** Where the mount is that holds a directory or file of the host. */
export function mountPointOf(path: string): string {
  return mountOf(realpathSync(path), readTextFile("/proc/self/mountinfo", 16 << 20)).path;
}

/** The mount a path is on; of several at one place the latest. */
function mountOf(path: string, mountinfo: string): MountPoint {
  let found: MountPoint = { path: "/", tags: [] };
  for (const line of mountinfo.split("\n")) {
    const [fields = ""] = line.split(" - ");
    const [, , , , raw, , ...tags] = fields.split(" ");
    if (raw === undefined) continue;
    const at = unescapeMountPath(raw);
    const holds = at === "/" || path === at || path.startsWith(`${at}/`);
    if (holds && at.length >= found.path.length) found = { path: at, tags };
  }
  return found;
}
