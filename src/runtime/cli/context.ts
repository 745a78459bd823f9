import type { CgroupManager } from "#host/cgroup/types.ts";
import type { RuntimeFacts } from "#host/runtime-facts.ts";
import type { FilterCache } from "#runtime/compile/filter-cache.ts";
import type { ShimLauncher } from "#runtime/types.ts";
import type { ContainerStore } from "./container-store.ts";

/** What the commands of the OCI runtime work with. */
export interface RuntimeContext {
  readonly store: ContainerStore;
  readonly cgroups: CgroupManager;
  readonly facts: RuntimeFacts;
  readonly filters: FilterCache;
  readonly launcher: ShimLauncher;
  readonly workingDirectory: string;
  print(text: string): void;
  warn(text: string): void;
}
