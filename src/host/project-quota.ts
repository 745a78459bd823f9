import { realpathSync } from "node:fs";
import { readTextFile } from "./files.ts";
import { unescapeMountPath } from "./mount-point.ts";

/** Does the file system that holds `path` keep project quotas (mounted with `pquota` or `prjquota`)? */
export function hasProjectQuota(path: string, mountinfo = readTextFile("/proc/self/mountinfo", 16 << 20)): boolean {
  const real = realpathSync(path);
  let found = { at: "", options: "" };
  for (const line of mountinfo.split("\n")) {
    const [mount = "", fileSystem = ""] = line.split(" - ");
    const at = unescapeMountPath(mount.split(" ")[4] ?? "");
    if (at === "" || at.length < found.at.length) continue;
    if (at === "/" || real === at || real.startsWith(`${at}/`)) found = { at, options: fileSystem.split(" ")[2] ?? "" };
  }
  return found.options.split(",").some((option) => option === "pquota" || option === "prjquota");
}
