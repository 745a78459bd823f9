import { sharedLabel } from "#runtime/selinux/container-labels.ts";
import type { FileLabels } from "../../files/file-labels.ts";
import type { ContainerSpec, MountSpec } from "../spec.ts";

/**
 * Give what is mounted with `:z` and `:Z` the container's SELinux label, without or with its level; every volume, unless it
 * says `:Z`, counts as shared. `sources`: host paths by target where they are others than the mounts' own.
 */
export async function relabelMounts(
  { fileLabels }: { readonly fileLabels: FileLabels },
  { labels, mounts }: Pick<ContainerSpec, "labels" | "mounts">,
  sources: ReadonlyMap<string, string>,
): Promise<void> {
  if (labels === undefined) return;
  for (const mount of mounts) {
    if (mount.type !== "bind" && mount.type !== "volume") continue;
    const wanted = wantedLabel(mount);
    if (wanted === undefined) continue;
    const label = wanted === "shared" ? sharedLabel(labels.mount) : labels.mount;
    await fileLabels.relabel(sources.get(mount.target) ?? mount.source, label);
  }
}

/** docker-compat: an anonymous volume of the image shows no mode. */
function wantedLabel(
  mount: Extract<MountSpec, { readonly type: "bind" | "volume" }>,
): "shared" | "private" | undefined {
  const words = mount.mode.split(",");
  if (words.includes("Z")) return "private";
  return words.includes("z") || (mount.type === "volume" && mount.anonymous) ? "shared" : undefined;
}
