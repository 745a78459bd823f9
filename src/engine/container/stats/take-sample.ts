import type { CgroupManager } from "#host/cgroup/types.ts";
import type { InterfaceCounters } from "#host/facts/interface-counters.ts";
import type { NetworkService } from "#network/types.ts";
import type { Clock, HostCounters } from "../../ports.ts";
import type { RuntimePlanner } from "../../planner-ports.ts";
import type { Container } from "../container.ts";
import type { ContainerRegistry } from "../registry.ts";
import { isLive } from "../status.ts";
import type { Sample } from "./sample.ts";

export interface SampleDeps {
  readonly registry: ContainerRegistry;
  readonly cgroups: CgroupManager;
  readonly planner: RuntimePlanner;
  readonly networks: NetworkService;
  readonly counters: HostCounters;
  readonly clock: Clock;
}

/** Reads a container's counters. Undefined when it does not run. */
export type TakeSample = (container: Container) => Promise<Sample | undefined>;

export function takeSample(deps: SampleDeps): TakeSample {
  return async (container) => {
    if (!isLive(container.status)) return undefined;
    const interfaces = await interfacesOf(deps, container);
    // It may have ended meanwhile: an empty group has no processes to speak of, but no counters either.
    if (!isLive(container.status)) return undefined;
    const counters = deps.cgroups.open(deps.planner.cgroupPath(container.spec)).stats();
    return {
      readAtNs: deps.clock.nowNs(),
      cgroupVersion: deps.cgroups.version,
      counters,
      system: deps.counters.cpuTime(),
      interfaces,
    };
  };
}

/** docker-compat: the interfaces of the engine's networks, or those of the container whose network it shares. */
async function interfacesOf(
  deps: SampleDeps,
  container: Container,
): Promise<ReadonlyMap<string, InterfaceCounters> | undefined> {
  const owner = networkOwner(deps.registry, container);
  if (owner === undefined || !isLive(owner.status)) return undefined;
  const names = (await deps.networks.endpoints(owner.id))
    .map(({ interfaceName }) => interfaceName)
    .filter((name) => name !== "");
  if (names.length === 0 || !isLive(owner.status)) return undefined;
  const all = deps.counters.interfaces(owner.status.pid);
  return new Map(
    names.flatMap((name) => {
      const counters = all.get(name);
      return counters === undefined ? [] : [[name, counters] as const];
    }),
  );
}

/** Along `--network container:X`; a ring of them cannot start, but may have been renamed into one. */
function networkOwner(registry: ContainerRegistry, container: Container): Container | undefined {
  let owner: Container | undefined = container;
  for (let hops = 0; owner !== undefined && hops < 32; hops += 1) {
    const mode: string = owner.spec.hostConfig.NetworkMode;
    if (!mode.startsWith("container:")) return owner;
    owner = registry.lookup(mode.slice("container:".length));
  }
  return undefined;
}
