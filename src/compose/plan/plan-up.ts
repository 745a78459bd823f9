import type { Network, Project, Service, Volume } from "../load/project.ts";
import { networkHash, serviceHash, volumeHash, type ContainerIdOf } from "../engine/config-hash.ts";
import { isUp, type ObservedContainer, type ObservedResources } from "../engine/observe.ts";
import { composeVersion, label, scheduleLabels } from "../engine/labels.ts";

/** Why a container is made anew; undefined: it is kept. */
export type RecreateReason =
  | "asked for"
  | "its configuration changed"
  | "a file that is written into it changed"
  | "its image changed"
  | "its schedule changed"
  | "a service it depends on is recreated"
  | "its network is another one";

export type ContainerStep =
  | { readonly kind: "create"; readonly service: string; readonly number: number }
  | {
      readonly kind: "recreate";
      readonly service: string;
      readonly number: number;
      readonly old: ObservedContainer;
      readonly why: RecreateReason;
    }
  | { readonly kind: "keep"; readonly service: string; readonly number: number; readonly old: ObservedContainer }
  | {
      readonly kind: "remove";
      readonly service: string;
      readonly old: ObservedContainer;
      readonly why: "scaled down" | "orphan";
    };

/** What changes, before anything does: printed by `plan`, carried out by `up`. */
export interface UpPlan {
  readonly networks: readonly Network[];
  readonly volumes: readonly Volume[];
  /** Those that are there and that the file describes otherwise than when they were made. */
  readonly changedNetworks: readonly Network[];
  readonly changedVolumes: readonly Volume[];
  /** By service, in dependency order. */
  readonly containers: readonly ContainerStep[];
  /** Containers of services that the project does not have any more; removed only when asked for. */
  readonly orphans: readonly ObservedContainer[];
}

export interface UpOptions {
  /** Those to converge; dependencies are among them unless `--no-deps`. */
  readonly services: readonly Service[];
  /** Of these networks and volumes are made, and their containers are left alone. */
  readonly untouched?: ReadonlySet<string>;
  /** Those that were named; the others are dependencies. */
  readonly named: ReadonlySet<string>;
  readonly recreate: "diverged" | "force" | "never";
  readonly recreateDependencies: "diverged" | "force" | "never";
  readonly removeOrphans: boolean;
  /** By service, what `--scale` says. */
  readonly scale: ReadonlyMap<string, number>;
  /** Networks and volumes that no service uses are made too. */
  readonly allResources?: boolean;
  /** By service: of what is written into its containers. */
  readonly filesHashes: ReadonlyMap<string, string>;
  readonly imageIds: ReadonlyMap<string, string>;
}

/** How many containers a service should have. */
const replicasOf = (service: Service, scale: ReadonlyMap<string, number>): number =>
  scale.get(service.name) ?? service.scale ?? service.deploy?.replicas ?? 1;

/** Compare a project with what is there. Pure. */
export function planUp(
  project: Project,
  containers: readonly ObservedContainer[],
  resources: ObservedResources,
  options: UpOptions,
): UpPlan {
  const own = containers.filter(({ oneOff }) => !oneOff);
  const changed = changedResources(project, resources, options);
  const lost = new Set(changed.changedNetworks.map(({ name }) => name));
  const planning: Planning = { project, resources, options, lost, recreated: new Set(), containers: own };
  const steps = inDependencyOrder(options.services)
    .filter(({ provider, name }) => provider === undefined && options.untouched?.has(name) !== true)
    .flatMap((service) => planService(service, planning));
  const known = new Set([...project.services.keys(), ...project.disabledServices.keys()]);
  const orphans = own.filter((container) => !known.has(container.service));
  if (options.removeOrphans)
    steps.push(...orphans.map((old): ContainerStep => ({ kind: "remove", service: old.service, old, why: "orphan" })));
  return { ...changed, containers: steps, orphans };
}

function changedResources(
  project: Project,
  resources: ObservedResources,
  { services, allResources = false }: UpOptions,
): Pick<UpPlan, "networks" | "volumes" | "changedNetworks" | "changedVolumes"> {
  const usedNetworks = new Set(services.flatMap((service) => Object.keys(service.networks)));
  const usedVolumes = new Set(services.flatMap(({ volumes }) => (volumes ?? []).map(({ source }) => source)));
  const networks = [...project.networks.values()].filter(
    ({ key, external }) => (allResources || usedNetworks.has(key)) && !external,
  );
  const volumes = [...project.volumes.values()].filter(
    ({ key, external }) => (allResources || usedVolumes.has(key)) && !external,
  );
  // What carries no hash was made by an older tool, or by hand: nobody knows how it was described.
  const differs = (labels: Readonly<Record<string, string>> | null | undefined, hash: string): boolean =>
    isOf(labels, project.name) && ![undefined, hash].includes(labels?.[label.configHash]);
  return {
    networks: networks.filter(({ name }) => !resources.networks.has(name)),
    volumes: volumes.filter(({ name }) => !resources.volumes.has(name)),
    changedNetworks: networks.filter((network) =>
      differs(resources.networks.get(network.name)?.Labels, networkHash(network)),
    ),
    changedVolumes: volumes.filter((volume) => differs(resources.volumes.get(volume.name), volumeHash(volume))),
  };
}

interface Planning {
  readonly project: Project;
  readonly resources: ObservedResources;
  readonly options: UpOptions;
  readonly containers: readonly ObservedContainer[];
  /** Names of networks that are made anew. */
  readonly lost: ReadonlySet<string>;
  /** Services that a container was recreated of. */
  readonly recreated: Set<string>;
}

function planService(service: Service, planning: Planning): readonly ContainerStep[] {
  const wanted = replicasOf(service, planning.options.scale);
  const { name } = service;
  const own = planning.containers.filter((container) => container.service === name);
  const reasons = new Map(own.map((old) => [old, whyRecreate(service, old, planning)]));
  // Those that run and are as they should be are kept before others.
  const worth = (old: ObservedContainer): number => (isUp(old) ? 2 : 0) + (reasons.get(old) === undefined ? 1 : 0);
  const ranked = own.toSorted((a, b) => worth(b) - worth(a) || a.number - b.number);
  const kept = onePerNumber(ranked)
    .slice(0, wanted)
    .toSorted((a, b) => a.number - b.number);
  const steps: ContainerStep[] = ranked
    .filter((old) => !kept.includes(old))
    .map((old) => ({ kind: "remove", service: name, old, why: "scaled down" }) as const);
  for (const old of kept) {
    const why = reasons.get(old);
    if (why !== undefined) planning.recreated.add(name);
    steps.push(
      why === undefined
        ? { kind: "keep", service: name, number: old.number, old }
        : { kind: "recreate", service: name, number: old.number, old, why },
    );
  }
  const taken = new Set(kept.map(({ number }) => number));
  for (let number = 1; taken.size < wanted; number++) {
    if (taken.has(number)) continue;
    taken.add(number);
    steps.push({ kind: "create", service: name, number });
  }
  return steps;
}

/**
 * Where a run was cut off while one container took another's place there are two of a number: the one with the name counts,
 * since the other has not shown yet that it works, or is done with.
 */
function onePerNumber(ranked: readonly ObservedContainer[]): readonly ObservedContainer[] {
  const byNumber = Map.groupBy(ranked, ({ number }) => number);
  const meant = [...byNumber.values()].map(
    (same) => same.find(({ name }) => nameToTake(name) === undefined) ?? same[0],
  );
  return ranked.filter((old) => meant.includes(old));
}

/** The name behind an id: a container has both while it takes another's place, or gives its own away. */
export const nameToTake = (name: string): string | undefined => /^[0-9a-f]{12}_(.+)$/u.exec(name)?.[1];

function whyRecreate(service: Service, old: ObservedContainer, planning: Planning): RecreateReason | undefined {
  const { project, resources, options, recreated, lost } = planning;
  const mode = options.named.has(service.name) ? options.recreate : options.recreateDependencies;
  const networks = Object.keys(service.networks).map((key) => project.networks.get(key)?.name ?? key);
  // It cannot go on without what is taken from under it.
  if (networks.some((name) => lost.has(name))) return "its network is another one";
  if (mode === "never") return undefined;
  if (mode === "force") return "asked for";
  // A namespace that is shared is gone with the container that had it. docker-compat: so does --always-recreate-deps.
  const follows = Object.entries(service.depends_on).some(
    ([name, { restart }]) => (restart || options.recreateDependencies === "force") && recreated.has(name),
  );
  if (follows) return "a service it depends on is recreated";
  if (old.configHash !== serviceHash(service, firstContainers(planning.containers))) return "its configuration changed";
  // Other tools do not tell what they wrote into it.
  const tellsFiles = old.filesHash !== "" || old.labels[label.version] === composeVersion;
  if (tellsFiles && old.filesHash !== (options.filesHashes.get(service.name) ?? ""))
    return "a file that is written into it changed";
  const planned = scheduleLabels(service);
  if ([label.schedule, label.scheduleMissed].some((key) => old.labels[key] !== planned[key]))
    return "its schedule changed";
  const image = options.imageIds.get(service.name);
  if (image !== undefined && image !== old.imageId) return "its image changed";
  if (networks.some((name) => !resources.networks.has(name) || !old.networks.includes(name)))
    return "its network is another one";
  return undefined;
}

/** Of what is there: by number, the lowest first. */
export const firstContainers =
  (containers: readonly ObservedContainer[]): ContainerIdOf =>
  (name) =>
    containers.filter(({ service, oneOff }) => service === name && !oneOff).toSorted((a, b) => a.number - b.number)[0]
      ?.id;

/** Every service after those it depends on; otherwise in the order given. */
export function inDependencyOrder(services: readonly Service[]): readonly Service[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const ordered = new Set<Service>();
  const add = (service: Service): void => {
    if (ordered.has(service)) return;
    for (const name of Object.keys(service.depends_on)) {
      const other = byName.get(name);
      if (other !== undefined) add(other);
    }
    ordered.add(service);
  };
  for (const service of services) add(service);
  return [...ordered];
}

/** Labels of something that was made for the project. */
const isOf = (labels: Readonly<Record<string, string>> | null | undefined, project: string): boolean =>
  labels?.[label.project] === project;
