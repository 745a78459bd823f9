import { overlayOptions } from "#host/mounts/overlay-options.ts";
import type { KernelVersion } from "#host/facts/runtime-facts.ts";
import { propagation, type Plan } from "#runtime/plan/ops.ts";
import { overlayFields } from "#runtime/compile/overlay-fields.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { Mount, RuntimeSpec } from "#spec/oci/runtime.ts";
import { launchFile, programPath, runtimeCommand, type ForeignRuntime } from "./foreign-runtime.ts";
import { stagedMounts, stagedRoot, stageSteps, type Stage } from "./stage.ts";

export interface ForeignContainer {
  readonly runtime: ForeignRuntime;
  readonly id: string;
  /** The launch directory, which becomes the bundle. */
  readonly dir: string;
  /** Where the mount that holds `dir` is. */
  readonly mountPoint: string;
  readonly root: RootMount;
  readonly terminal: boolean;
  readonly stage?: Stage | undefined;
  /** Options of the root beyond the usual ones. */
  readonly rootOptions: readonly string[];
  readonly kernel: KernelVersion;
}

/**
 * A plan that runs a foreign runtime's `create`. The root is mounted in a mount namespace that ends with the command: the
 * container's own, made below it, keeps a copy, and nothing is left on the host for an engine that is killed. Only the
 * mount that holds the bundle is cut off from the host's, so that shared binds go on being shared.
 */
export function compileForeignContainer(container: ForeignContainer): Plan {
  const { runtime, id, dir, mountPoint, root, terminal, stage, rootOptions, kernel } = container;
  const { console, log, pid, rootfs } = launchFile;
  const target = stage === undefined ? `${dir}/${rootfs}` : stagedRoot(stage);
  return {
    ...emptyPlan,
    create: ["mount"],
    steps: [
      { op: "mount_propagation", path: mountPoint, propagation: propagation.private, recursive: false },
      ...(stage === undefined
        ? [{ op: "mkdir" as const, path: target, mode: 0o755, uid: 0, gid: 0 }]
        : stageSteps(stage)),
      {
        op: "root_overlay",
        ...overlayFields(
          {
            lowerDirs: root.lowerDirs,
            upper: { directory: root.upperDir, work: root.workDir },
            options: [...overlayOptions, ...rootOptions],
            attrSet: 0,
            target,
            mappings: stage?.root,
          },
          kernel,
        ),
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
export function foreignSpec(spec: RuntimeSpec, isDirectory: (path: string) => boolean, stage?: Stage): RuntimeSpec {
  const namespaces = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== "time");
  const mounts = (spec.mounts ?? []).map((mount): Mount => {
    const { options = [], source = "" } = mount;
    if (!options.includes("rro") || isDirectory(source)) return mount;
    return { ...mount, options: options.map((option) => (option === "rro" ? "ro" : option)) };
  });
  // runc wants to know them of a user namespace that it joins too.
  const joined = namespaces.some(({ type, path }) => type === "user" && path !== undefined);
  const mappings = joined && stage !== undefined ? { uidMappings: stage.root.uid, gidMappings: stage.root.gid } : {};
  return {
    ...spec,
    ociVersion: "1.0.2",
    root: { ...spec.root, path: stage === undefined ? launchFile.rootfs : stagedRoot(stage) },
    mounts: stage === undefined ? mounts : stagedMounts(mounts, stage),
    linux: { ...spec.linux, ...mappings, namespaces },
  };
}

const emptyPlan = { create: [], join: [], uidMap: "", gidMap: "", cgroup: { procs: [] } } as const;

function command(runtime: ForeignRuntime, [log = "", ...words]: readonly string[]): Plan["exec"] {
  return { argv: runtimeCommand(runtime, log, ...words), env: [`PATH=${programPath}`] };
}
