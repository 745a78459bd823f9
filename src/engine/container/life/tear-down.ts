import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { NetworkService } from "#network/types.ts";
import type { EnginePaths, Files, HostMounts, Volumes } from "../../ports.ts";
import type { RuntimePlanner } from "../../planner-ports.ts";
import type { SeenEnd } from "../../forensics/exit-reporter.ts";
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

/** What is still to be done for a container, and keeps nobody waiting. To be called while its lock is still held. */
export type Clear = () => Promise<void>;

/**
 * Takes away all that a container has only while it runs. Nothing here throws: what stays is logged, and found by
 * reconcile, which takes away all of it again from whatever does not run.
 */
export class TearDown {
  readonly #deps: TearDownDeps;

  constructor(deps: TearDownDeps) {
    this.#deps = deps;
  }

  /**
   * The process is killed first and its end waited for, so that nothing is taken from under it; then cgroup (killing what
   * init left behind), network and the shim's directory, together.
   */
  async whole(container: Container): Promise<void> {
    const { cgroups, planner, paths } = this.#deps;
    const { process } = container;
    container.process = undefined;
    const cgroup = cgroups.open(planner.cgroupPath(container.spec));
    await this.#attempt(container, "cgroup", () => cgroup.remove());
    if (process !== undefined) {
      await this.#attempt(container, "process", async () => {
        // Neither is an error: a process that has ended already, or one that failed before its execve.
        await process.signal(9).catch(() => undefined);
        await process.exited().catch(() => undefined);
        process.detach();
      });
    }
    await this.#attempt(container, "runtime", () =>
      planner.forget(container.spec, paths.containerRunDir(container.id)),
    );
    await Promise.all([this.#release(container), this.#removeRunDir(container)]);
  }

  /**
   * {@link whole} for a process that has ended. What others may ask for is given back at once. Where its monitor saw that
   * end, its PID namespace has taken every process along (pid_namespaces(7)) and nothing is to be run afterwards, the rest,
   * which nobody can see, is left to the result.
   */
  async afterEnd(container: Container, { lost = false }: Pick<SeenEnd, "lost">): Promise<Clear> {
    const { cgroups, planner, paths } = this.#deps;
    const { spec } = container;
    const sharesProcesses = !["", "private"].includes(spec.hostConfig.PidMode);
    if (lost || sharesProcesses || planner.mustForget(spec, paths.containerRunDir(container.id))) {
      await this.whole(container);
      return async () => {};
    }
    container.process?.detach();
    container.process = undefined;
    await this.#release(container);
    return async () => {
      await this.#attempt(container, "cgroup", () => cgroups.open(planner.cgroupPath(spec)).remove());
      await this.#removeRunDir(container);
    };
  }

  async #release(container: Container): Promise<void> {
    const { networks, hostMounts, paths } = this.#deps;
    await Promise.all([
      this.#attempt(container, "network", () => networks.release(container.id)),
      this.#attempt(container, "volumes", () => releaseVolumes(this.#deps, container)),
      this.#attempt(container, "mounts", () => hostMounts.release(paths.containerMountsDir(container.id))),
    ]);
  }

  #removeRunDir(container: Container): Promise<void> {
    const { files, paths } = this.#deps;
    return this.#attempt(container, "directory", () => files.removeTree(paths.containerRunDir(container.id)));
  }

  async #attempt({ id }: Container, what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.error(`could not clean up after a container: ${what}`, { container: id, error: messageOf(error) });
    }
  }
}
