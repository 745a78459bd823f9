import type { Log } from "#base/log.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { ImageService } from "#image/types.ts";
import type { LogReader } from "#logs/types.ts";
import type { NetworkService } from "#network/types.ts";
import type { ShimLauncher } from "#runtime/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { EngineConfig } from "./config.ts";
import type { MachineFacts } from "./host-facts.ts";
import type {
  Clock,
  ContainerRows,
  EnginePaths,
  Events,
  ExecRows,
  Files,
  RegistryLogin,
  RuntimePlanner,
  Volumes,
} from "./ports.ts";

/** Everything the engine stands on; made in main/. */
export interface EngineDeps {
  readonly config: EngineConfig;
  readonly machine: MachineFacts;
  readonly log: Log;
  readonly clock: Clock;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly containers: ContainerRows;
  readonly execs: ExecRows;
  readonly events: Events;
  readonly images: ImageService;
  readonly snapshots: Snapshotter;
  readonly networks: NetworkService;
  readonly volumes: Volumes;
  readonly launcher: ShimLauncher;
  readonly planner: RuntimePlanner;
  readonly cgroups: CgroupManager;
  readonly logs: LogReader;
  readonly registryLogin: RegistryLogin;
}
