import type { CgroupManager } from "#host/cgroup/types.ts";
import type { TopResponse } from "#spec/docker/container.ts";
import type { Events, ProcessTable } from "../../ports.ts";
import type { RuntimePlanner } from "../../planner-ports.ts";
import { publishContainerEvent } from "../events.ts";
import { refuseUnlessUp } from "../life/refuse-unless-up.ts";
import type { ContainerRegistry } from "../registry.ts";

export interface TopDeps {
  readonly registry: ContainerRegistry;
  readonly cgroups: CgroupManager;
  readonly planner: RuntimePlanner;
  readonly processes: ProcessTable;
  readonly events: Events;
}

/** `GET /containers/{id}/top`: the container's processes as the host sees them. `conflict` when it does not run. */
export function topContainer(deps: TopDeps) {
  return async (reference: string, psArgs: string): Promise<TopResponse> => {
    const container = deps.registry.find(reference);
    refuseUnlessUp(container);
    const pids = deps.cgroups.open(deps.planner.cgroupPath(container.spec)).pids();
    const answer = await deps.processes.list(pids, psArgs === "" ? "-ef" : psArgs);
    publishContainerEvent(deps.events, "top", container);
    return answer;
  };
}
