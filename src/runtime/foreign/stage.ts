import { idMapText } from "#runtime/compile/id-map-text.ts";
import { propagation, type Step } from "#runtime/plan/ops.ts";
import type { IdMappings, Mount, RuntimeSpec } from "#spec/oci/runtime.ts";

/**
 * Where a container's root and the sources of its binds are laid out, in the mount namespace that ends with the runtime's
 * command, when they need other owners than they have on the disk or a way to them that the container's own root may go. Few
 * runtimes know mappings of mounts, so it gets them mapped already.
 *
 *   DIR/           a file system of its own, through which everybody may go
 *     rootfs/      the root
 *     0, 1, …      sources
 */
export interface Stage {
  /** A directory of the host that everybody can reach, with an empty `rootfs` in it. */
  readonly dir: string;
  /** The owners of the root's layers; of none when the container has the host's ids. */
  readonly root: IdMappings;
  readonly binds: readonly StagedBind[];
}

interface StagedBind extends IdMappings {
  readonly source: string;
  readonly isDirectory: boolean;
  readonly recursive: boolean;
}

const isBind = ({ type, options = [] }: Mount): boolean =>
  type === "bind" || options.includes("bind") || options.includes("rbind");

/** Undefined when the runtime can do with what is on the disk. */
export function stageFor(
  { mounts = [], linux }: RuntimeSpec,
  dir: string,
  root: IdMappings | undefined,
  isDirectory: (path: string) => boolean,
): Stage | undefined {
  const inUserNamespace = (linux?.namespaces ?? []).some(({ type }) => type === "user");
  if (!inUserNamespace && !mounts.some(({ uidMappings }) => uidMappings !== undefined)) return undefined;
  const binds = mounts
    .filter(isBind)
    .map(({ source = "", options = [], uidMappings: uid = [], gidMappings: gid = [] }): StagedBind => ({
      ...{ source, uid, gid },
      isDirectory: isDirectory(source),
      recursive: options.includes("rbind"),
    }));
  return { dir, root: root ?? { uid: [], gid: [] }, binds };
}

/** The mounts of `spec` with what is on the stage for their sources. */
export function stagedMounts(mounts: readonly Mount[], { dir }: Stage): readonly Mount[] {
  let count = 0;
  return mounts.map((mount) => {
    if (!isBind(mount)) return mount;
    const { uidMappings: _uid, gidMappings: _gid, ...kept } = mount;
    return { ...kept, source: `${dir}/${count++}` };
  });
}

export const stagedRoot = ({ dir }: Stage): string => `${dir}/rootfs`;

/** Makes the stage, before the root is mounted on {@link stagedRoot}: paths are the host's until then. */
export function stageSteps(stage: Stage): readonly Step[] {
  const own: Step = {
    op: "mount",
    type: "tmpfs",
    source: "tmpfs",
    target: stage.dir,
    options: ["mode=711"],
    attrSet: 0,
    propagation: propagation.private,
    copyUp: false,
  };
  return [own, { op: "mkdir", path: stagedRoot(stage), mode: 0o755, uid: 0, gid: 0 }, ...bindSteps(stage)];
}

function bindSteps({ dir, binds }: Stage): readonly Step[] {
  return binds.flatMap(({ source, isDirectory, recursive, uid, gid }, index): Step[] => {
    const target = `${dir}/${index}`;
    return [
      isDirectory
        ? { op: "mkdir", path: target, mode: 0o711, uid: 0, gid: 0 }
        : { op: "touch", path: target, mode: 0o600 },
      {
        op: "bind",
        ...{ source, target, recursive },
        ...{ attrSet: 0, attrClear: 0, attrSetTree: 0, attrClearTree: 0, propagation: 0 },
        ...{ idmapUid: idMapText(uid), idmapGid: idMapText(gid) },
      },
    ];
  });
}
