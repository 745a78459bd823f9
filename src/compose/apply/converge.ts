import { filesHash } from "../engine/config-hash.ts";
import { grantedFiles } from "../engine/granted-files.ts";
import {
  observeContainers,
  observeResources,
  type ObservedContainer,
  type ObservedResources,
} from "../engine/observe.ts";
import type { Service } from "../load/project.ts";
import { withDependencies } from "../load/choose-services.ts";
import { firstContainers, planUp, type ContainerStep, type UpOptions, type UpPlan } from "../plan/plan-up.ts";
import { alongDependencies } from "./along-dependencies.ts";
import { carryOut, finishRename, writtenFiles, type CreateOptions } from "./create-containers.ts";
import { rollingUpdate, type RecreateStep } from "./rolling-update.ts";
import { startServices } from "./start-services.ts";
import { containerNameOf, type ApplyContext } from "./context.ts";
import { ensureImages, type ImageOptions } from "./ensure-images.ts";
import { ignoredDeploy } from "./ignored-deploy.ts";
import { refuseUnsupported } from "./refuse-unsupported.ts";
import { createNetwork, createVolume, requireExternal, strangeResources } from "./ensure-resources.ts";
import { removeChangedNetwork, removeChangedVolume } from "./renew-resources.ts";

export interface ConvergeOptions extends Omit<UpOptions, "filesHashes" | "imageIds">, ImageOptions {
  readonly renewVolumes: boolean;
  /** Running containers are replaced as `deploy.update_config` says; their dependencies are started for it. */
  readonly rolling?: boolean;
  readonly stopTimeoutSeconds: number | undefined;
  onWarning(sentence: string): void;
  /** What is about to be done. */
  onPlan?(plan: UpPlan): void;
  /** May a volume that is described otherwise by now be made anew, its content lost? */
  mayLose?(volume: string): Promise<boolean>;
}

/** A project as the engine has it. */
export interface Observed {
  readonly containers: readonly ObservedContainer[];
  readonly resources: ObservedResources;
}

export async function observe({ client, project }: ApplyContext): Promise<Observed> {
  const [containers, resources] = await Promise.all([
    observeContainers(client, project.name),
    observeResources(client),
  ]);
  return { containers, resources };
}

/** What `up` would change. Images are looked for but not fetched. */
export function planOf(
  context: ApplyContext,
  { containers, resources }: Observed,
  options: Omit<UpOptions, "filesHashes" | "imageIds">,
  imageIds: ReadonlyMap<string, string>,
): UpPlan {
  const used = {
    networks: new Set(options.services.flatMap(({ networks }) => Object.keys(networks))),
    volumes: new Set(options.services.flatMap(({ volumes }) => (volumes ?? []).map(({ source }) => source ?? ""))),
  };
  requireExternal(context.project, resources, used);
  return planUp(context.project, containers, resources, {
    ...options,
    filesHashes: filesHashes(context, options.services),
    imageIds,
  });
}

function filesHashes(context: ApplyContext, services: readonly Service[]): ReadonlyMap<string, string> {
  return new Map(
    services.map((service) => {
      const files = grantedFiles(service, context.project, (path) => context.readBytes(path));
      return [service.name, filesHash(writtenFiles(files))];
    }),
  );
}

/**
 * Make images, networks, volumes and containers as the project says; nothing is started. The containers that are there
 * afterwards, undefined when some were made or removed.
 */
export async function converge(
  context: ApplyContext,
  options: ConvergeOptions,
): Promise<readonly ObservedContainer[] | undefined> {
  refuseUnsupported(options.services);
  const ignored = ignoredDeploy(options.services);
  if (ignored !== undefined) options.onWarning(ignored);
  let worked = false;
  const [imageIds, early] = await Promise.all([
    ensureImages(context, options.services, { ...options, onWork: () => (worked = true) }),
    observe(context),
  ]);
  // Pulls and builds take their time: others may have changed something meanwhile.
  const observed = worked ? await observe(context) : early;
  for (const sentence of strangeResources(context.project, observed.resources)) options.onWarning(sentence);
  const { plan, containers: before } = await agreedPlan(context, observed, options, imageIds);
  options.onPlan?.(plan);
  if (plan.orphans.length > 0 && !options.removeOrphans) {
    options.onWarning(
      `Found orphan containers ([${plan.orphans.map(({ name }) => name).join(" ")}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
    );
  }
  await Promise.all(plan.changedNetworks.map((network) => removeChangedNetwork(context, network)));
  await Promise.all([...plan.networks, ...plan.changedNetworks].map((network) => createNetwork(context, network)));
  await Promise.all(plan.volumes.map((volume) => createVolume(context, volume)));
  const byService = Map.groupBy(plan.containers, ({ service }) => service);
  const made = new Map<string, string>();
  const idBefore = firstContainers(before);
  const creation: CreateOptions = {
    imageIds,
    renewVolumes: options.renewVolumes,
    stopTimeoutSeconds: options.stopTimeoutSeconds,
    containerOf(other) {
      const service = context.project.services.get(other);
      const existing = before.find((container) => container.service === other);
      return service === undefined
        ? (existing?.name ?? other)
        : containerNameOf(context.project, service, existing?.number ?? 1);
    },
    containerIdOf: (other) => made.get(other) ?? idBefore(other),
  };
  await alongDependencies(
    [...byService.keys()],
    (name) => Object.keys(context.project.services.get(name)?.depends_on ?? {}),
    async (name) => {
      const steps = byService.get(name) ?? [];
      const service = context.project.services.get(name);
      const rolled = options.rolling === true && service !== undefined ? rolledSteps(service, steps) : [];
      const carried = (some: readonly ContainerStep[]) =>
        Promise.all(some.map((step) => context.parallel.run(() => carryOut(context, step, creation))));
      // What goes first makes room for names: an earlier run may have been cut off.
      await carried(steps.filter(({ kind }) => kind === "remove"));
      const ids = await carried(
        steps.filter((step) => step.kind !== "remove" && !rolled.includes(step as RecreateStep)),
      );
      if (ids[0] !== undefined) made.set(name, ids[0]);
      for (const step of steps) if (step.kind === "keep") await finishRename(context, step.old);
      if (service === undefined || rolled.length === 0) return;
      const dependencies = withDependencies(context.project.services, Object.keys(service.depends_on));
      await startServices(context, [...dependencies.values()]);
      await rollingUpdate(context, service, rolled, creation);
    },
  );
  return plan.containers.every(({ kind }) => kind === "keep") ? before : undefined;
}

/**
 * Steps that are taken a few at a time: of a service that says how it is updated, containers that run, and those that an
 * update was cut off at, which may have been stopped for it.
 */
function rolledSteps(service: Service, steps: readonly ContainerStep[]): readonly RecreateStep[] {
  if (service.deploy?.update_config === undefined) return [];
  const begun = new Set(steps.flatMap((step) => (step.kind === "remove" ? [step.old.number] : [])));
  return steps.filter(
    (step): step is RecreateStep =>
      step.kind === "recreate" && (step.old.state === "running" || begun.has(step.number)),
  );
}

/** The plan, when volumes that are described otherwise by now are gone or may stay. */
async function agreedPlan(
  context: ApplyContext,
  observed: Observed,
  options: ConvergeOptions,
  imageIds: ReadonlyMap<string, string>,
): Promise<{ readonly plan: UpPlan; readonly containers: readonly ObservedContainer[] }> {
  const plan = planOf(context, observed, options, imageIds);
  let removed = 0;
  for (const volume of plan.changedVolumes) {
    if ((await options.mayLose?.(volume.name)) === true) {
      await removeChangedVolume(context, volume);
      removed++;
    } else
      options.onWarning(
        `volume ${JSON.stringify(volume.name)} exists but does not match its description in the Compose file; it stays as it is`,
      );
  }
  if (removed === 0) return { plan, containers: observed.containers };
  const now = await observe(context);
  return { plan: planOf(context, now, options, imageIds), containers: now.containers };
}
