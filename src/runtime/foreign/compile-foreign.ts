import { overlayOptions } from "#host/overlay-options.ts";
import { propagation, type Plan } from "#runtime/plan/ops.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { Mount, RuntimeSpec } from "#spec/oci/runtime.ts";
import { launchFile, programPath, runtimeCommand, type ForeignRuntime } from "./foreign-runtime.ts";

export interface ForeignContainer {
  readonly runtime: ForeignRuntime;
  readonly id: string;
  /** The launch directory, which becomes the bundle. */
  readonly dir: string;
  /** Where the mount that holds `dir` is. */
  readonly mountPoint: string;
  readonly root: RootMount;
  readonly terminal: boolean;
}

/**
 * A plan that runs a foreign runtime's `create`. The root is mounted in a mount namespace that ends with the command: the
 * container's own, made below it, keeps a copy, and nothing is left on the host for an engine that is killed. Only the
 * mount that holds the bundle is cut off from the host's, so that shared binds go on being shared.
 */
export function compileForeignContainer({ runtime, id, dir, mountPoint, root, terminal }: ForeignContainer): Plan {
  const { console, log, pid, rootfs } = launchFile;
  const target = `${dir}/${rootfs}`;
  return {
    ...emptyPlan,
    create: ["mount"],
    steps: [
      { op: "mount_propagation", path: mountPoint, propagation: propagation.private, recursive: false },
      { op: "mkdir", path: target, mode: 0o755, uid: 0, gid: 0 },
      {
        op: "root_overlay",
        lower: root.lowerDirs,
        upper: root.upperDir,
        work: root.workDir,
        options: overlayOptions,
        attrSet: 0,
        target,
        idmapUid: [],
        idmapGid: [],
      },
    ],
    exec: command(runtime, [
      `${dir}/${log}`,
      ...["create", "--bundle", ".", "--pid-file", pid],
      ...(terminal ? ["--console-socket", console] : []),
      id,
    ]),
  };
}

/** A plan that waits to be let go, then runs a foreign runtime's `exec` of the process in the launch directory. */
export function compileForeignExec(
  runtime: ForeignRuntime,
  { id, dir, terminal }: Pick<ForeignContainer, "id" | "dir" | "terminal">,
): Plan {
  const { console, log, pid, process } = launchFile;
  return {
    ...emptyPlan,
    steps: [{ op: "wait", point: 0 }],
    exec: command(runtime, [
      `${dir}/${log}`,
      ...["exec", "--process", process, "--pid-file", pid, "--detach"],
      ...(terminal ? ["--console-socket", console] : []),
      id,
    ]),
  };
}

/**
 * A spec as runtimes of any age take it: some refuse a version that is newer than they are; a new time namespace without
 * offsets changes nothing, and few know it; crun 1.8 cannot make a single file read-only "recursively".
 */
export function foreignSpec(spec: RuntimeSpec, isDirectory: (path: string) => boolean): RuntimeSpec {
  const namespaces = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== "time");
  const mounts = (spec.mounts ?? []).map((mount): Mount => {
    const { options = [], source = "" } = mount;
    if (!options.includes("rro") || isDirectory(source)) return mount;
    return { ...mount, options: options.map((option) => (option === "rro" ? "ro" : option)) };
  });
  return {
    ...spec,
    ociVersion: "1.0.2",
    root: { ...spec.root, path: launchFile.rootfs },
    mounts,
    linux: { ...spec.linux, namespaces },
  };
}

const emptyPlan = { create: [], join: [], uidMap: [], gidMap: [], cgroup: { procs: [] } } as const;

function command(runtime: ForeignRuntime, [log = "", ...words]: readonly string[]): Plan["exec"] {
  return { argv: runtimeCommand(runtime, log, ...words), env: [`PATH=${programPath}`] };
}
