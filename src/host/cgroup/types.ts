import type { Resources } from "#spec/oci/runtime.ts";
import type { Announcement } from "../kernel/operations-beside.ts";

/**
 * One container's control group, on every hierarchy of a v1 machine or the one of v2. All methods are safe to call on a
 * group that another engine process made. Errors are BerthError and name the limit, the value and the kernel's reason.
 */
export interface Cgroup {
  /** Below the hierarchies' roots, e.g. `/berth/3f2a…`. */
  readonly path: string;
  /** For the launch plan. `directory` is below cgroup2; `procs` are v1 `tasks` files, where a thread that writes "0" moves itself. */
  readonly entry: { readonly directory?: string; readonly procs: readonly string[] };
  /** File whose `oom_kill` counter tells of OOM kills (v1 memory.oom_control, v2 memory.events); undefined without the memory controller. */
  readonly oomEventsPath: string | undefined;
  /** Move a whole process in. */
  add(pid: number): void;
  /**
   * Change limits of a live group; what `resources` does not mention stays. All or nothing: when the kernel refuses one,
   * the others are put back. The result puts them back later.
   */
  update(resources: Resources): () => void;
  /** Resolves when every process is frozen. */
  freeze(): Promise<void>;
  /** Resolves when nothing is frozen any more, also because the group is gone. */
  thaw(): Promise<void>;
  isFrozen(): boolean;
  /** Pids of this pid namespace, subgroups included. */
  pids(): readonly number[];
  /** SIGKILL everything in it, also what forks meanwhile. */
  kill(): Promise<void>;
  stats(): CgroupStats;
  /** Kill what is left and remove the group with its subgroups; no error when it is gone. `unavailable` when it stays busy. */
  remove(): Promise<void>;
}

export interface CgroupManager {
  readonly version: 1 | 2;
  /** Controllers in use, e.g. `memory`, `pids`. */
  readonly controllers: readonly string[];
  /**
   * Create `path` with `resources` applied before anything runs in it. Nothing is left when it throws. A limit whose
   * controller is missing is an error, not ignored.
   */
  create(path: string, resources: Resources): Cgroup;
  /** Whether {@link createBeside} leaves this thread free. */
  readonly createsBeside: boolean;
  /**
   * {@link create}, by another thread where that can. The announcement is made as soon as the group is there, whatever this thread
   * is at, and not otherwise; its descriptor must stay open until the promise settles.
   */
  createBeside(path: string, resources: Resources, announcement: Announcement): Promise<void>;
  /** The handle of an existing (or vanished) group. */
  open(path: string): Cgroup;
  /** Paths of the groups right below `parent`, on any hierarchy; for reconciling. */
  children(parent: string): readonly string[];
  /** Remove an empty parent such as `/berth`; nothing happens while it has children. */
  removeEmpty(parent: string): void;
  /** Which limits this machine can set. */
  features(): CgroupFeatures;
}

export interface CgroupFeatures {
  readonly memory: boolean;
  /** A limit of memory and swap together. */
  readonly swap: boolean;
  readonly memoryReservation: boolean;
  readonly swappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly cpuShares: boolean;
  readonly cpuQuota: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly blockIoWeight: boolean;
  readonly blockIoThrottle: boolean;
}

/** Raw counters; bytes, nanoseconds and counts. Undefined = the controller is not there. */
export interface CgroupStats {
  readonly cpu:
    | {
        readonly usageNs: number;
        readonly userNs: number;
        readonly systemNs: number;
        readonly perCpuNs: readonly number[];
        readonly periods: number;
        readonly throttledPeriods: number;
        readonly throttledNs: number;
      }
    | undefined;
  readonly memory:
    | {
        readonly usageBytes: number;
        /** 0 where the kernel does not keep it (v2 before 5.19). */
        readonly maxUsageBytes: number;
        /** -1 = unlimited. */
        readonly limitBytes: number;
        /** How often the limit was reached. */
        readonly failCount: number;
        /** How often that could not be helped by reclaiming; 0 on v1, which does not count it. */
        readonly oomCount: number;
        /** memory.stat as it is. */
        readonly stat: Readonly<Record<string, number>>;
      }
    | undefined;
  readonly pids: { readonly current: number; /** -1 = unlimited */ readonly limit: number } | undefined;
  readonly io: readonly {
    readonly major: number;
    readonly minor: number;
    readonly op: string;
    readonly value: number;
    readonly kind: "bytes" | "operations";
  }[];
}
