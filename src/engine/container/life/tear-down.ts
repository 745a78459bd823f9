import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { NetworkService } from "#network/types.ts";
import type { EnginePaths, Files, HostMounts, RuntimePlanner, Volumes } from "../../ports.ts";
import { releaseVolumes } from "../mounts/prepare-mounts.ts";
import type { ContainerRegistry } from "../registry.ts";
import type { Container } from "../container.ts";

export interface TearDownDeps {
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly hostMounts: HostMounts;
  readonly registry: ContainerRegistry;
  readonly volumes: Volumes;
  readonly networks: NetworkService;
  readonly planner: RuntimePlanner;
  readonly cgroups: CgroupManager;
  readonly log: Log;
}

/** Takes away all that a container has only while it runs. Never throws: what stays is logged and found by reconcile. */
export type TearDown = (container: Container) => Promise<void>;

/**
 * The process is killed first and its end waited for, so that nothing is taken from under it; then cgroup (killing what
 * init left behind), network and the shim's directory, together.
 */
export function tearDown(deps: TearDownDeps): TearDown {
  return async (container) => {
    const { process } = container;
    container.process = undefined;
    const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        deps.log.error(`could not clean up after a container: ${what}`, {
          container: container.id,
          error: messageOf(error),
        });
      }
    };
    const cgroup = deps.cgroups.open(deps.planner.cgroupPath(container.spec));
    await attempt("cgroup", () => cgroup.remove());
    if (process !== undefined) {
      await attempt("process", async () => {
        // Neither is an error: a process that has ended already, or one that failed before its execve.
        await process.signal(9).catch(() => undefined);
        await process.exited().catch(() => undefined);
        process.detach();
      });
    }
    await attempt("runtime", () => deps.planner.forget(container.spec, deps.paths.containerRunDir(container.id)));
    await Promise.all([
      attempt("network", () => deps.networks.release(container.id)),
      attempt("volumes", () => releaseVolumes(deps, container)),
      attempt("mounts", () => deps.hostMounts.release(deps.paths.containerMountsDir(container.id))),
      attempt("directory", () => deps.files.removeTree(deps.paths.containerRunDir(container.id))),
    ]);
  };
}
