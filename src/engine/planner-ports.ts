import type { Plan } from "#runtime/plan/ops.ts";
import type { AdoptedCommand, MakeCgroups } from "#runtime/types.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { ExecConfig } from "#spec/docker/exec.ts";
import type { ContainerSpec } from "./container/spec.ts";

/** What a container is given at launch, beside its spec. */
export interface ContainerPlanRequest {
  readonly spec: ContainerSpec;
  /** The launch directory; a foreign runtime is given files there. */
  readonly dir: string;
  readonly root: RootMount;
  /** Host files bound over /etc/…; what is missing stays the image's. */
  readonly files: { readonly resolvConf?: string; readonly hostname?: string; readonly hosts?: string };
  /** /proc/PID/ns/… of what is shared with another container. */
  readonly namespaces: { readonly network?: string; readonly ipc?: string; readonly pid?: string };
  /** Host paths of mounts, by target, where they are others than the spec's. */
  readonly mountSources: ReadonlyMap<string, string>;
  /** Variables of `--link`, which the config's replace. */
  readonly linkVariables: readonly string[];
  /** Pid 1 is the engine's init, which runs the command. */
  readonly init: boolean;
  /** Host directory that is the container's /dev/shm; undefined = one of its own. */
  readonly shmPath?: string;
}

export interface ExecPlanRequest {
  readonly container: ContainerSpec;
  /** The launch directory, as in {@link ContainerPlanRequest}. */
  readonly dir: string;
  /** Pid of the container's init on the host. */
  readonly pid: number;
  /** Of that init (proc_pid_stat(5) field 22): a process that got its pid later is not entered. */
  readonly startTicks: bigint;
  readonly root: RootMount;
  readonly linkVariables: readonly string[];
  readonly exec: ExecConfig;
}

/** Compiles specs to launch plans with Docker's defaults. Implemented by runtime-planner.ts over runtime/. */
export interface RuntimePlanner {
  /**
   * Compiles the plan. Nothing is left when it throws. `warnings` are sentences for the person.
   */
  container(request: ContainerPlanRequest): Promise<CompiledPlan>;
  /** Whether the plan will create a network namespace in the host's user namespace, and join none, as far as can be told by now. */
  makesNetwork(spec: ContainerSpec): boolean;
  /**
   * What the plan's `makeCgroups` will be, where another thread makes them and its settings alone tell what they are. undefined also
   * for settings that cannot be, which {@link container} refuses.
   */
  cgroupsAhead(spec: ContainerSpec): MakeCgroups | undefined;
  /**
   * What is wrong with a new container's settings (`invalid-parameter` in Docker's words) or what this machine cannot
   * give of them (the warnings), as far as it can be told before the start. Nothing is made.
   */
  check(spec: ContainerSpec): readonly string[];
  /**
   * Give a live container's cgroup the limits of `after`, where they differ from those of `before`. All or nothing; the
   * result takes them back. `warnings`: what this machine cannot limit.
   */
  changeLimits(before: ContainerSpec, after: ContainerSpec): { readonly warnings: readonly string[]; undo(): void };
  exec(request: ExecPlanRequest): Promise<CompiledPlan>;
  /** Is there anything that {@link forget} has to do for a container that was started from the launch directory `dir`? */
  mustForget(spec: ContainerSpec, dir: string): boolean;
  /** A container's processes are gone: run what is to be run then, and have a foreign runtime forget it. */
  forget(spec: ContainerSpec, dir: string): Promise<void>;
  /** Who `user[:group]` is by the root's own passwd and group files. `invalid-parameter` when nobody. */
  userIds(root: RootMount, user: string): { readonly uid: number; readonly gid: number };
  /** Where containers' cgroups are when nobody says otherwise; shared by all engines of the machine. */
  readonly cgroupParent: string;
  /** Path of a container's cgroup below the hierarchies. */
  cgroupPath(spec: ContainerSpec): string;
}

export interface CompiledPlan {
  readonly plan: Plan;
  /** The plan runs a foreign runtime. */
  readonly adopt?: AdoptedCommand;
  /** As in LaunchRequest: creates the container's cgroup with its limits, or nothing. */
  readonly makeCgroups?: MakeCgroups;
  /** As in LaunchRequest. */
  readonly onWait?: (point: number, pid: number) => Promise<void>;
  /** To be called when the process runs; it is ended when this rejects. */
  readonly onStarted?: (pid: number) => Promise<void>;
  readonly oomEventsPath: string | undefined;
  /** What to do so that programs of the image's platform run, where they do not. */
  readonly advice?: string | undefined;
  readonly warnings: readonly string[];
}
