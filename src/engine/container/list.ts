import { Limit } from "#base/async.ts";
import type { ImageService } from "#image/types.ts";
import type { Endpoint, NetworkService } from "#network/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import type { Clock } from "../ports.ts";
import type { Container } from "./container.ts";
import { containerFilter, type ListRequest } from "./list-filter.ts";
import { namesByLink } from "./links.ts";
import { mountPoints } from "./mount-points.ts";
import { networksOf, portSummaries } from "./network-settings.ts";
import type { ContainerRegistry } from "./registry.ts";
import { stateName } from "./state.ts";
import { isLive } from "./status.ts";
import { statusText } from "./status-text.ts";

/** A tree that is being measured holds a descriptor for each level of it. */
const treesAtOnce = 4;

export interface ListDeps {
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly snapshots: Snapshotter;
  readonly images: ImageService;
  readonly clock: Clock;
}

/** `GET /containers/json`, newest first. */
export function listContainers(deps: ListDeps) {
  const measuring = new Limit(treesAtOnce);
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
        const size = request.size ? await measuring.run(() => writableSize(deps, container)) : {};
        return summary(container, { linkNames: linked.get(container.id) ?? [], endpoints, size, nowNs });
      }),
    );
  };
}

interface Surroundings {
  readonly linkNames: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly size: Pick<ContainerSummary, "SizeRw" | "SizeRootFs">;
  readonly nowNs: bigint;
}

function summary(container: Container, { linkNames, endpoints, size, nowNs }: Surroundings): ContainerSummary {
  const { spec, status } = container;
  const { health } = container.life;
  const annotations = spec.hostConfig.Annotations;
  return {
    Id: container.id,
    Names: [container.name, ...linkNames].map((name) => `/${name}`),
    Image: spec.image.reference,
    ImageID: spec.image.id,
    ...(spec.image.manifest === undefined ? {} : { ImageManifestDescriptor: spec.image.manifest }),
    Command: commandText(spec.argv),
    Created: Number(container.createdAtNs / 1_000_000_000n),
    Ports: portSummaries(container, endpoints),
    ...size,
    Labels: spec.config.Labels ?? {},
    State: stateName(status),
    Status: statusText(status, nowNs, health),
    Health: { Status: health?.status ?? "none", FailingStreak: health?.failingStreak ?? 0 },
    HostConfig: {
      NetworkMode: spec.hostConfig.NetworkMode,
      ...(annotations === null || annotations === undefined ? {} : { Annotations: annotations }),
    },
    NetworkSettings: { Networks: networksOf(container, endpoints) },
    Mounts: mountPoints(spec.mounts),
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

/** The path and the words joined; words with blanks are quoted as Docker does. */
function commandText(argv: readonly string[]): string {
  return argv.map((word, index) => (index > 0 && word.includes(" ") ? `'${word}'` : word)).join(" ");
}
