import { Limit } from "#base/async.ts";
import type { ImageService } from "#image/types.ts";
import type { NetworkService } from "#network/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import type { Clock } from "../../ports.ts";
import type { Container } from "../container.ts";
import { containerSummary, Summaries } from "./container-summary.ts";
import { containerFilter, type ListRequest } from "./list-filter.ts";
import { namesByLink } from "../network/links.ts";
import type { ContainerRegistry } from "../registry.ts";
import { isLive } from "../status.ts";

/** A tree that is being measured holds a descriptor for each level of it. */
const treesAtOnce = 4;

export interface ListDeps {
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly snapshots: Snapshotter;
  readonly images: ImageService;
  readonly clock: Clock;
}

/** `GET /containers/json`, newest first. Without sizes, {@link Summaries}. */
export function listContainers(deps: ListDeps) {
  const measuring = new Limit(treesAtOnce);
  const summaries = new Summaries();
  return async (request: ListRequest): Promise<readonly ContainerSummary[]> => {
    // Almost in order already: the registry has them as they were made.
    const newestFirst = deps.registry.all().toReversed();
    newestFirst.sort((a, b) => (a.createdAtNs < b.createdAtNs ? 1 : -1));
    const shown = await containerFilter(deps, request, newestFirst);
    const chosen = newestFirst.filter(shown);
    const limited = request.limit > 0 ? chosen.slice(0, request.limit) : chosen;
    const linked = namesByLink(deps.registry);
    const nowNs = deps.clock.nowNs();
    return Promise.all(
      limited.map(async (container) => {
        const endpoints = isLive(container.status) ? await deps.networks.endpoints(container.id) : [];
        const surroundings = { linkNames: linked.get(container.id) ?? [], endpoints, nowNs };
        if (!request.size) return summaries.of(container, surroundings);
        return containerSummary(container, surroundings, await measuring.run(() => writableSize(deps, container)));
      }),
    );
  };
}

/** docker-compat: a size of nothing is left out. */
async function writableSize(
  deps: ListDeps,
  container: Container,
): Promise<{ readonly SizeRw?: number; readonly SizeRootFs?: number }> {
  const [writable, image] = await Promise.all([
    deps.snapshots.usage(container.id).then(
      (usage) => usage.sizeBytes,
      () => 0,
    ),
    deps.images.resolve(container.spec.image.id).then(
      (found) => found.sizeBytes,
      () => 0,
    ),
  ]);
  const whole = writable + image;
  return { ...(writable === 0 ? {} : { SizeRw: writable }), ...(whole === 0 ? {} : { SizeRootFs: whole }) };
}
