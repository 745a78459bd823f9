import type { Log } from "#base/log.ts";
import { fileLabel, setTreeLabel } from "#host/files/file-labels.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import type { ContainerContexts } from "#runtime/selinux/container-labels.ts";
import { parseContainerContexts, policyType } from "#runtime/selinux/policy-files.ts";
import type { Layout } from "#state/layout.ts";

const MAX_FILE_BYTES = 1 << 20;

/** What the machine's SELinux policy says of containers; undefined where it cannot be had. */
export function readContainerContexts({ selinux }: Pick<RuntimeFacts, "selinux">): ContainerContexts | undefined {
  if (!selinux) return undefined;
  const read = (path: string): string | undefined => readTextFileMaybe(path, MAX_FILE_BYTES);
  const policy = `/etc/selinux/${policyType(read("/etc/selinux/config") ?? "")}/contexts/lxc_contexts`;
  return parseContainerContexts(read("/usr/share/containers/selinux/contexts") ?? read(policy) ?? "");
}

/** The same, for who wants labels: with a warning where there cannot be any. */
export function checkedContexts(
  contexts: ContainerContexts | undefined,
  { selinux }: Pick<RuntimeFacts, "selinux">,
  log: Log,
): ContainerContexts | undefined {
  if (!selinux) log.warn("Docker could not enable SELinux on the host system");
  else if (contexts === undefined) log.warn("SELinux's policy says nothing of containers: they have no labels");
  return contexts;
}

/**
 * Give what images and containers lie in the label of files that every container may read: what is made there later takes
 * it from its folder. A container's own files have its label by its mounts, but of a program that is mapped into memory
 * the kernel asks for the label of the layer's file. Once, before the engine serves.
 */
export function labelTrees(
  { layersDir, snapshotsDir, snapshotsAheadDir }: Pick<Layout, "layersDir" | "snapshotsDir" | "snapshotsAheadDir">,
  label: string,
): void {
  for (const path of [layersDir, snapshotsDir, snapshotsAheadDir])
    if (fileLabel(path) !== label) setTreeLabel(path, label);
}
