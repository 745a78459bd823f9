import { BerthError, invalid } from "#base/errors.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { kernelAtLeast } from "#host/facts/runtime-facts.ts";
import { mountAttr, propagation, type Step } from "#runtime/plan/ops.ts";
import type { IdMappings, Mount, RuntimeSpec } from "#spec/oci/runtime.ts";
import { isBind } from "./device-steps.ts";
import { idMapText } from "./id-map-text.ts";
import { contextOption } from "./mount-context.ts";
import { parseMountOptions, type MountOptions } from "./mount-options.ts";
import { refuseOverProc } from "./refuse-over-proc.ts";

export interface MountInput {
  readonly spec: RuntimeSpec;
  /** The container's group below each hierarchy. */
  readonly cgroupPath: string;
  readonly facts: RuntimeFacts;
}

export interface MountSteps {
  /** In the spec's order. */
  readonly steps: readonly Step[];
  /** tmpfs that must stay writable until everything is mounted and made below them. */
  readonly seal: readonly Step[];
}

/** The spec's mounts as plan steps. `invalid-parameter` naming the mount for what cannot be done. */
export function mountSteps(input: MountInput): MountSteps {
  const steps: Step[] = [];
  const seal: Step[] = [];
  const context = contextOption(input.spec.linux ?? {}, input.facts);
  for (const mount of input.spec.mounts ?? []) {
    if (!mount.destination.startsWith("/"))
      throw invalid(`mount destination ${JSON.stringify(mount.destination)} is not an absolute path`);
    if (mount.destination.includes("\0") || (mount.source ?? "").includes("\0"))
      throw invalid(`mount ${JSON.stringify(mount.destination)} contains NUL`);
    const options = parseMountOptions(mount.options ?? [], mount.destination);
    const tree = options.attrSetTree | options.attrClearTree;
    if (tree !== 0 && !kernelAtLeast(input.facts.kernel, 5, 12))
      throw invalid(`mount ${mount.destination}: recursive options need Linux 5.12`);
    if (options.remount) steps.push(...remount(mount, options));
    else if (isBind(mount)) steps.push(bind(mount, options, input.spec));
    else if (mount.type === "cgroup" || mount.type === "cgroup2")
      steps.push(...cgroupMount(mount, options, input, context));
    else {
      const late = mount.type === "tmpfs" && (options.attrSet & mountAttr.readonly) !== 0;
      steps.push(newFilesystem(mount, options, takesContext(mount) ? context : [], late));
      if (mount.type === "mqueue") steps.push(...rootLabel(mount, input.spec));
      if (late)
        seal.push({
          op: "mount_attrs",
          path: mount.destination,
          attrSet: mountAttr.readonly,
          attrClear: 0,
          recursive: false,
        });
    }
  }
  return { steps, seal };
}

function remount({ destination }: Mount, options: MountOptions): Step[] {
  if (options.filesystem.length > 0) {
    throw new BerthError(
      "not-implemented",
      `mount ${destination}: remounting with filesystem options (${options.filesystem.join(",")}) is not supported`,
    );
  }
  const one = (attrSet: number, attrClear: number, recursive: boolean): Step[] =>
    (attrSet | attrClear) === 0 ? [] : [{ op: "mount_attrs", path: destination, attrSet, attrClear, recursive }];
  return [...one(options.attrSet, options.attrClear, false), ...one(options.attrSetTree, options.attrClearTree, true)];
}

function bind(mount: Mount, options: MountOptions, spec: RuntimeSpec): Step {
  const { destination, source = "" } = mount;
  if (!source.startsWith("/"))
    throw invalid(`mount ${destination}: bind source ${JSON.stringify(source)} is not an absolute path`);
  refuseOverProc(destination, source);
  const maps = idMaps(mount, options, spec);
  return {
    op: "bind",
    source,
    target: destination,
    recursive: options.bind !== "bind",
    attrSet: options.attrSet,
    attrClear: options.attrClear,
    attrSetTree: options.attrSetTree,
    attrClearTree: options.attrClearTree,
    propagation: options.propagation,
    idmapUid: idMapText(maps.uid),
    idmapGid: idMapText(maps.gid),
  };
}

function idMaps(mount: Mount, options: MountOptions, spec: RuntimeSpec): IdMappings {
  const own = { uid: mount.uidMappings ?? [], gid: mount.gidMappings ?? [] };
  if (own.uid.length > 0 || own.gid.length > 0) {
    if (own.uid.length === 0 || own.gid.length === 0)
      throw invalid(`mount ${mount.destination}: uidMappings and gidMappings must be given together`);
    return own;
  }
  if (options.idmap === "no") return { uid: [], gid: [] };
  const container = { uid: spec.linux?.uidMappings ?? [], gid: spec.linux?.gidMappings ?? [] };
  if (container.uid.length === 0 || container.gid.length === 0) {
    throw invalid(`mount ${mount.destination}: ${options.idmap} needs mappings or a user namespace`);
  }
  return container;
}

/** Labels of procfs and sysfs are the kernel's; an IPC namespace's mqueue has its own before it is mounted. */
const takesContext = ({ type = "" }: Mount): boolean => !["proc", "sysfs", "mqueue"].includes(type);

function rootLabel({ destination }: Mount, { linux }: RuntimeSpec): Step[] {
  const label = linux?.mountLabel ?? "";
  return label === "" ? [] : [{ op: "file_label", path: destination, label }];
}

function newFilesystem(
  { destination, type = "", source = "" }: Mount,
  options: MountOptions,
  context: readonly string[],
  sealedLater: boolean,
): Step {
  if (type === "") throw invalid(`mount ${destination} has no type`);
  if (options.idmap !== "no")
    throw new BerthError("not-implemented", `mount ${destination}: ${options.idmap} is only supported for binds`);
  if (options.copyUp && type !== "tmpfs") throw invalid(`mount ${destination}: tmpcopyup needs a tmpfs`);
  const wanted = options.attrSet | options.attrSetTree;
  return {
    op: "mount",
    type,
    source,
    target: destination,
    options: [...options.filesystem, ...context],
    attrSet: sealedLater ? wanted & ~mountAttr.readonly : wanted,
    propagation: options.propagation,
    copyUp: options.copyUp,
  };
}

const ENOENT = 2;

/**
 * /sys/fs/cgroup. With a cgroup namespace the hierarchies themselves are mounted and show the container's group as their
 * root. Without one the container sees its own group only (v1, by binds) or the whole tree (v2, as Docker has it); the
 * latter is a bind because mounting cgroup2 in the host's namespace would change the host's mount options.
 */
function cgroupMount(
  { destination }: Mount,
  options: MountOptions,
  { spec, cgroupPath, facts }: MountInput,
  context: readonly string[],
): Step[] {
  const namespaced = (spec.linux?.namespaces ?? []).some(({ type }) => type === "cgroup");
  const base = { target: destination, attrSet: options.attrSet, propagation: options.propagation };
  const noMaps = { attrClear: 0, attrSetTree: 0, attrClearTree: 0, idmapUid: "", idmapGid: "" };
  if (facts.cgroupVersion === 2) {
    return namespaced
      ? [{ op: "mount", type: "cgroup2", source: "cgroup", options: options.filesystem, copyUp: false, ...base }]
      : [{ op: "bind", source: facts.unifiedMountpoint ?? "/sys/fs/cgroup", recursive: true, ...base, ...noMaps }];
  }
  const steps: Step[] = [
    {
      op: "mount",
      type: "tmpfs",
      source: "tmpfs",
      options: ["mode=755", ...context],
      copyUp: false,
      ...base,
      attrSet: (options.attrSet & ~mountAttr.readonly) | mountAttr.noexec | mountAttr.nosuid | mountAttr.nodev,
    },
  ];
  for (const { controllers, mountpoint } of facts.cgroupHierarchies) {
    const name = mountpoint.slice(mountpoint.lastIndexOf("/") + 1);
    const target = `${destination}/${name}`;
    const hierarchy = { ...base, target };
    const flags = controllers.flatMap((controller) =>
      controller.startsWith("name=") ? ["none", controller] : [controller],
    );
    steps.push(
      namespaced
        ? { op: "mount", type: "cgroup", source: "cgroup", options: flags, copyUp: false, ...hierarchy }
        : {
            op: "bind",
            source: `${mountpoint}${cgroupPath}`,
            recursive: true,
            ...hierarchy,
            ...noMaps,
            tolerate: [ENOENT],
          },
    );
    if (controllers.length > 1) {
      for (const controller of controllers)
        if (controller !== name) steps.push({ op: "symlink", path: `${destination}/${controller}`, target: name });
    }
  }
  if ((options.attrSet & mountAttr.readonly) !== 0) {
    steps.push({ op: "mount_attrs", path: destination, attrSet: mountAttr.readonly, attrClear: 0, recursive: false });
  }
  return steps;
}

const rootPropagations: Readonly<Record<string, number>> = {
  shared: propagation.shared,
  slave: propagation.slave,
  private: propagation.private,
  unbindable: propagation.unbindable,
};

/** Plan propagation of OCI's rootfsPropagation, with and without `r`; undefined when the spec does not say. */
export function rootPropagation(spec: RuntimeSpec): number | undefined {
  const wanted = spec.linux?.rootfsPropagation ?? "";
  if (wanted === "") return undefined;
  const mode = rootPropagations[wanted.replace(/^r/u, "")];
  if (mode === undefined) throw invalid(`rootfsPropagation ${JSON.stringify(wanted)} is not known`);
  return wanted.startsWith("r") ? mode | propagation.recursive : mode;
}
