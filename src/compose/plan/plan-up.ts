import type { Network, Project, Service, Volume } from "../load/project.ts";
import { isUp, type ObservedContainer, type ObservedResources } from "../engine/observe.ts";
import { label } from "../engine/labels.ts";

/** Why a container is made anew; undefined: it is kept. */
export type RecreateReason =
  | "asked for"
  | "its configuration changed"
  | "its image changed"
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
  /** By service, in dependency order. */
  readonly containers: readonly ContainerStep[];
  /** Containers of services that the project does not have any more; removed only when asked for. */
  readonly orphans: readonly ObservedContainer[];
}

export interface UpOptions {
  /** Those to converge; dependencies are among them unless `--no-deps`. */
  readonly services: readonly Service[];
  /** Those that were named; the others are dependencies. */
  readonly named: ReadonlySet<string>;
  readonly recreate: "diverged" | "force" | "never";
  readonly recreateDependencies: "diverged" | "force" | "never";
  readonly removeOrphans: boolean;
  /** By service, what `--scale` says. */
  readonly scale: ReadonlyMap<string, number>;
  /** By service: what its containers' labels should say. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly imageIds: ReadonlyMap<string, string>;
}

/** How many containers a service should have. */
export const replicasOf = (service: Service, scale: ReadonlyMap<string, number>): number =>
  scale.get(service.name) ?? service.scale ?? service.deploy?.replicas ?? 1;

/** Compare a project with what is there. Pure. */
export function planUp(
  project: Project,
  containers: readonly ObservedContainer[],
  resources: ObservedResources,
  options: UpOptions,
): UpPlan {
  const steps: ContainerStep[] = [];
  const recreated = new Set<string>();
  for (const service of inDependencyOrder(options.services)) {
    const own = containers.filter((container) => container.service === service.name && !container.oneOff);
    const planned = planService(service, own, recreated, project, resources, options);
    if (planned.some(({ kind }) => kind === "recreate")) recreated.add(service.name);
    steps.push(...planned);
  }
  const known = new Set([...project.services.keys(), ...project.disabledServices.keys()]);
  const orphans = containers.filter((container) => !known.has(container.service) && !container.oneOff);
  if (options.removeOrphans)
    steps.push(...orphans.map((old): ContainerStep => ({ kind: "remove", service: old.service, old, why: "orphan" })));
  const usedNetworks = new Set(options.services.flatMap((service) => Object.keys(service.networks)));
  const usedVolumes = new Set(options.services.flatMap(({ volumes }) => (volumes ?? []).map(({ source }) => source)));
  return {
    networks: [...project.networks.values()].filter(
      ({ key, name, external }) => usedNetworks.has(key) && !external && !resources.networks.has(name),
    ),
    volumes: [...project.volumes.values()].filter(
      ({ key, name, external }) => usedVolumes.has(key) && !external && !resources.volumes.has(name),
    ),
    containers: steps,
    orphans,
  };
}

function planService(
  service: Service,
  own: readonly ObservedContainer[],
  recreated: ReadonlySet<string>,
  project: Project,
  resources: ObservedResources,
  options: UpOptions,
): readonly ContainerStep[] {
  const wanted = replicasOf(service, options.scale);
  const { name } = service;
  // Those that run and are as they should be are kept before others.
  const worth = (old: ObservedContainer): number =>
    (isUp(old) ? 2 : 0) + (whyRecreate(service, old, recreated, project, resources, options) === undefined ? 1 : 0);
  const ranked = own.toSorted((a, b) => worth(b) - worth(a) || a.number - b.number);
  const kept = ranked.slice(0, wanted).toSorted((a, b) => a.number - b.number);
  const steps: ContainerStep[] = ranked
    .slice(wanted)
    .map((old) => ({ kind: "remove", service: name, old, why: "scaled down" }) as const);
  for (const old of kept) {
    const why = whyRecreate(service, old, recreated, project, resources, options);
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

function whyRecreate(
  service: Service,
  old: ObservedContainer,
  recreated: ReadonlySet<string>,
  project: Project,
  resources: ObservedResources,
  options: UpOptions,
): RecreateReason | undefined {
  const mode = options.named.has(service.name) ? options.recreate : options.recreateDependencies;
  if (mode === "never") return undefined;
  if (mode === "force") return "asked for";
  // A namespace that is shared is gone with the container that had it.
  const shares = Object.entries(service.depends_on).some(([name, { restart }]) => restart && recreated.has(name));
  if (shares) return "a service it depends on is recreated";
  if (old.configHash !== options.hashes.get(service.name)) return "its configuration changed";
  const image = options.imageIds.get(service.name);
  if (image !== undefined && image !== old.imageId) return "its image changed";
  const networks = Object.keys(service.networks).map((key) => project.networks.get(key)?.name ?? key);
  if (networks.some((name) => !resources.networks.has(name) || !old.networks.includes(name)))
    return "its network is another one";
  return undefined;
}

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

/** Networks of the project at the engine. */
export const isOf = (labels: Readonly<Record<string, string>> | null | undefined, project: string): boolean =>
  labels?.[label.project] === project;
