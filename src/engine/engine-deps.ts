import type { Log } from "#base/log.ts";
import type { Builder } from "#build/builder.ts";
import type { SentTrees } from "#build/sources/sent-trees.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { ImageService } from "#image/types.ts";
import type { LogKeeper, LogReader } from "#logs/types.ts";
import type { NetworkService } from "#network/types.ts";
import type { ShimLauncher } from "#runtime/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { BuildHistoryRows } from "./build/build-history.ts";
import type { CacheKeeper } from "./build/prune.ts";
import type { EngineConfig } from "./config.ts";
import type { RecentEnds } from "./container/life/recent-ends.ts";
import type { ContainerRegistry } from "./container/registry.ts";
import type { ExecRegistry } from "./exec/exec.ts";
import type { FileLabels } from "./files/file-labels.ts";
import type { PortListeners, PullFailureRows } from "./forensics-ports.ts";
import type { MachineFacts } from "./host-facts.ts";
import type { EngineMeters } from "./metrics/engine-meters.ts";
import type {
  Clock,
  ContainerFiles,
  ContainerRows,
  EnginePaths,
  Events,
  ExecRows,
  ExitRows,
  Files,
  HostCounters,
  HostMounts,
  NamespaceSockets,
  OomKills,
  ProcessTable,
  VolumeCopies,
  VolumeFiles,
  Volumes,
} from "./ports.ts";
import type { RuntimePlanner } from "./planner-ports.ts";
import type { Downloads, Registries, RegistryLogin } from "./registry-ports.ts";
import type { ScheduleRows } from "./schedule-ports.ts";

/** Everything the engine stands on; made in main/. */
export interface EngineDeps {
  readonly config: EngineConfig;
  readonly machine: MachineFacts;
  readonly log: Log;
  readonly clock: Clock;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly containers: ContainerRows;
  readonly containerFiles: ContainerFiles;
  readonly execs: ExecRows;
  readonly exits: ExitRows;
  readonly pullFailures: PullFailureRows;
  readonly listeners: PortListeners;
  readonly schedules: ScheduleRows;
  readonly oomKills: OomKills;
  readonly events: Events;
  readonly images: ImageService;
  readonly builder: Pick<Builder, "build" | "place">;
  readonly cacheKeeper: CacheKeeper;
  readonly buildHistory: BuildHistoryRows;
  readonly trees: Pick<SentTrees, "offer" | "archive" | "sweep">;
  readonly snapshots: Snapshotter;
  readonly networks: NetworkService;
  readonly volumes: Volumes;
  readonly copies: VolumeCopies;
  readonly volumeFiles: VolumeFiles;
  readonly hostMounts: HostMounts;
  readonly fileLabels: FileLabels;
  readonly launcher: ShimLauncher;
  readonly planner: RuntimePlanner;
  readonly cgroups: CgroupManager;
  readonly processes: ProcessTable;
  readonly sockets: NamespaceSockets;
  readonly counters: HostCounters;
  readonly logs: LogReader;
  readonly logKeeper: LogKeeper;
  readonly registryLogin: RegistryLogin;
  readonly downloads: Downloads;
  readonly registries: Registries;
}

/** With what the engine keeps in memory, for all its verbs. */
export interface EngineCore extends Omit<EngineDeps, "execs"> {
  readonly registry: ContainerRegistry;
  readonly execs: ExecRegistry;
  readonly recentEnds: RecentEnds;
  readonly meters: EngineMeters;
}
