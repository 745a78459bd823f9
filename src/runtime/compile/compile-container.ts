import type { Plan } from "#runtime/plan/ops.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";
import type { HostFacts } from "./host-facts.ts";

/** The container's root: a snapshot mounted inside its own mount namespace, or a directory of the host (OCI bundle). */
export type ContainerRoot = RootMount | { readonly kind: "bind"; readonly path: string };

/** Cgroups that exist already and that the process enters; `Cgroup.entry` of host/cgroup. */
export interface CgroupEntry {
  /** v2: its directory. */
  readonly directory?: string;
  /** v1: `cgroup.procs` files, one a hierarchy. */
  readonly procs: readonly string[];
}

export interface CompileInput {
  readonly spec: RuntimeSpec;
  readonly root: ContainerRoot;
  readonly cgroup: CgroupEntry;
  /** The container's path below each hierarchy, for binds of /sys/fs/cgroup in a cgroup-namespace-less container. */
  readonly cgroupPath: string;
  readonly facts: HostFacts;
}

export interface Compiled {
  readonly plan: Plan;
  /** Sentences for the person: what was asked for and cannot be given on this machine. */
  readonly warnings: readonly string[];
}

export declare function compileContainer(input: CompileInput): Compiled;
