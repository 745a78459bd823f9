import { cleanPath } from "#base/absolute-path.ts";
import { BerthError } from "#base/errors.ts";
import type { Mount } from "#spec/docker/mount.ts";
import { MAX_ID } from "./mount-owner.ts";

const propagations: ReadonlySet<string> = new Set(["", "private", "rprivate", "shared", "rshared", "slave", "rslave"]);

/**
 * The checks of one entry of HostConfig.Mounts that need no machine; gives its clean target. `invalid-parameter` in
 * Docker's words.
 */
export function validateMount(mount: Mount): string {
  const fail = (why: string): BerthError => mountError(mount, why);
  if (mount.Target === "") throw fail("field Target must not be empty");
  if (!mount.Target.startsWith("/")) throw fail(`invalid mount path: '${mount.Target}' mount path must be absolute`);
  for (const path of [mount.Target, mount.Type === "bind" ? mount.Source : ""])
    if (path.includes("\0")) throw fail(`stat ${path}: invalid argument`);
  const target = cleanPath(mount.Target);
  if (target === "/") throw fail("invalid specification: destination can't be '/'");
  if (mount.Owner !== null) {
    if (mount.Type !== "bind" && mount.Type !== "volume") throw fail("field Owner must not be specified");
    if ([mount.Owner.UID, mount.Owner.GID].some((id) => id !== null && id > MAX_ID)) throw fail("invalid owner");
  }
  switch (mount.Type) {
    case "bind":
      validateBind(mount, fail);
      break;
    case "volume":
      validateVolume(mount, fail);
      break;
    case "tmpfs":
      refuseExtra(mount, fail, "BindOptions", "VolumeOptions", "ImageOptions");
      if (mount.Source !== "") throw fail("field Source must not be specified");
      for (const [option = "", ...rest] of (mount.TmpfsOptions?.Options ?? []).map((pair) => pair ?? []))
        if ((option !== "exec" && option !== "noexec") || rest.length > 0) throw fail(`invalid option: ${option}`);
      break;
    case "image":
      refuseExtra(mount, fail, "BindOptions", "VolumeOptions", "TmpfsOptions");
      if (mount.Source === "") throw fail("field Source must not be empty");
      checkSubpath(mount.ImageOptions?.Subpath ?? "", fail);
      break;
    default:
      throw fail("mount type unknown");
  }
  return target;
}

export function mountError(mount: Pick<Mount, "Type">, why: string): BerthError {
  return new BerthError("invalid-parameter", `invalid mount config for type "${mount.Type}": ${why}`);
}

type Fail = (why: string) => BerthError;
type Options = "BindOptions" | "VolumeOptions" | "ImageOptions" | "TmpfsOptions";

function refuseExtra(mount: Mount, fail: Fail, ...fields: readonly Options[]): void {
  for (const field of fields) if (mount[field] !== null) throw fail(`field ${field} must not be specified`);
}

function validateBind(mount: Mount, fail: Fail): void {
  if (mount.Source === "") throw fail("field Source must not be empty");
  const options = mount.BindOptions;
  if (!propagations.has(options?.Propagation ?? "")) throw fail(`invalid propagation mode: ${options?.Propagation}`);
  refuseExtra(mount, fail, "VolumeOptions", "ImageOptions", "TmpfsOptions");
  if (!mount.Source.startsWith("/")) throw fail(`invalid mount path: '${mount.Source}' mount path must be absolute`);
  if (options?.ReadOnlyNonRecursive === true && options.ReadOnlyForceRecursive)
    throw new BerthError("invalid-parameter", "mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive");
}

function validateVolume(mount: Mount, fail: Fail): void {
  refuseExtra(mount, fail, "BindOptions", "ImageOptions", "TmpfsOptions");
  const subpath = mount.VolumeOptions?.Subpath ?? "";
  if (subpath !== "" && mount.Source === "") throw fail("must not set Subpath when using anonymous volumes");
  checkSubpath(subpath, fail);
  if (mount.ReadOnly && mount.Source === "") throw fail("must not set ReadOnly mode when using anonymous volumes");
}

/** Relative, and not leading out by its words; links are followed inside only. */
function checkSubpath(subpath: string, fail: Fail): void {
  let depth = 0;
  for (const part of subpath.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) throw fail("subpath must be a relative path within the volume");
  }
  if (subpath.startsWith("/")) throw fail("subpath must be a relative path within the volume");
}
