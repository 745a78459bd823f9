import type { Plan } from "#runtime/plan/ops.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { AuthConfig } from "#spec/docker/auth.ts";
import type { ExecConfig } from "#spec/docker/exec.ts";
import type { ContainerSpec } from "./container/spec.ts";

/**
 * The narrow interfaces through which the engine sees what lies below it, beside those that own a contract of their own
 * (ImageService, Snapshotter, NetworkService, ShimLauncher). Implementations are chosen in main/; tests give fakes.
 */

/** A container's row. `spec` never changes; `life` is written at every step of the container's life. Both are JSON. */
export interface ContainerRow {
  readonly id: string;
  /** Without the leading slash; unique. */
  readonly name: string;
  readonly imageId: string;
  /** Unix nanoseconds, decimal. */
  readonly createdAtNs: string;
  readonly spec: string;
  readonly life: string;
}

/** Each call is one durable, synchronous transaction. */
export interface ContainerRows {
  all(): readonly ContainerRow[];
  /** `already-exists` when the id or the name is taken. */
  insert(row: ContainerRow): void;
  setLife(id: string, life: string): void;
  /** `already-exists` when the name is taken. */
  rename(id: string, name: string): void;
  delete(id: string): void;
}

export interface ExecRow {
  readonly id: string;
  readonly containerId: string;
  readonly spec: string;
  readonly life: string;
}

export interface ExecRows {
  all(): readonly ExecRow[];
  insert(row: ExecRow): void;
  setLife(id: string, life: string): void;
  delete(id: string): void;
  deleteOf(containerId: string): void;
}

export interface EventInput {
  readonly type: "container" | "image" | "network" | "volume" | "daemon";
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface EventRecord extends EventInput {
  /** Unix nanoseconds. */
  readonly timeNs: bigint;
}

export interface Events {
  publish(event: EventInput): void;
  /**
   * Past records at or after `sinceNs` that are still kept, then live ones, in order, until the signal or `untilNs`.
   * Without `sinceNs` only live ones.
   */
  subscribe(options: {
    readonly sinceNs?: bigint;
    readonly untilNs?: bigint;
    readonly signal?: AbortSignal;
  }): AsyncIterable<EventRecord>;
  /** Number of live subscribers. */
  readonly listeners: number;
}

/** Files of the host. Paths are absolute. */
export interface Files {
  readText(path: string): Promise<string>;
  /** Replaces atomically. */
  writeText(path: string, text: string, mode: number): Promise<void>;
  makeDirectory(path: string, mode: number): Promise<void>;
  /** A tree and all below it; no error when it is gone. */
  removeTree(path: string): Promise<void>;
  kind(path: string): Promise<"directory" | "file" | "other" | undefined>;
}

/** Where the engine keeps a container's files. Implemented by state/layout.ts. */
export interface EnginePaths {
  readonly dataRoot: string;
  /** Durable: hosts, hostname, resolv.conf, the log. */
  containerDir(id: string): string;
  /** On a tmpfs: the shim's socket and status. Gone after a reboot. */
  containerRunDir(id: string): string;
  execRunDir(containerId: string, execId: string): string;
}

/** What a container is given at launch, beside its spec. */
export interface ContainerPlanRequest {
  readonly spec: ContainerSpec;
  readonly root: RootMount;
  readonly hostname: string;
  /** Host files bound over /etc/…. */
  readonly files: { readonly resolvConf: string; readonly hostname: string; readonly hosts: string };
  /** /proc/PID/ns/… of what is shared with another container. */
  readonly namespaces: { readonly network?: string; readonly ipc?: string; readonly pid?: string };
  readonly shmPath?: string;
}

export interface ExecPlanRequest {
  readonly container: ContainerSpec;
  /** Pid of the container's init on the host. */
  readonly pid: number;
  readonly root: RootMount;
  readonly exec: ExecConfig;
}

/** Compiles specs to launch plans with Docker's defaults. Implemented by runtime-planner.ts over runtime/. */
export interface RuntimePlanner {
  /**
   * Creates the container's cgroup with its limits and compiles the plan. Nothing is left when it throws. `warnings` are
   * sentences for the person.
   */
  container(request: ContainerPlanRequest): Promise<CompiledPlan>;
  exec(request: ExecPlanRequest): Promise<CompiledPlan>;
  /** Path of a container's cgroup below the hierarchies. */
  cgroupPath(spec: ContainerSpec): string;
}

export interface CompiledPlan {
  readonly plan: Plan;
  readonly oomEventsPath: string | undefined;
  readonly warnings: readonly string[];
}

/** Named and anonymous volumes of the local driver. */
export interface Volumes {
  /** Create or find. `created` tells which. */
  ensure(name: string): Promise<{ readonly path: string; readonly created: boolean }>;
  /** `conflict` and `not-found` are the caller's business: no error when it is gone. */
  remove(name: string): Promise<void>;
  /** Fill an empty volume with a directory of an image's layers. */
  copyUp(request: { readonly volumePath: string; readonly root: RootMount; readonly target: string }): Promise<void>;
}

export interface Clock {
  nowNs(): bigint;
}

/** Asks a registry whether it accepts credentials. Implemented by remote/. */
export interface RegistryLogin {
  /** Resolves with an identity token when the registry gives one. `unauthorized` in the registry's words. */
  login(auth: AuthConfig): Promise<{ readonly identityToken: string | undefined }>;
}
