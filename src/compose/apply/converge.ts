import { serviceHash } from "../engine/config-hash.ts";
import { grantedFiles } from "../engine/granted-files.ts";
import { observeContainers, observeResources } from "../engine/observe.ts";
import type { Service } from "../load/project.ts";
import { planUp, type UpOptions, type UpPlan } from "../plan/plan-up.ts";
import { alongDependencies } from "./along-dependencies.ts";
import { carryOut, filesHash } from "./create-containers.ts";
import { containerNameOf, type ApplyContext } from "./context.ts";
import { ensureImages, type ImageOptions } from "./ensure-images.ts";
import { refuseUnsupported } from "./refuse-unsupported.ts";
import { createNetwork, createVolume, requireExternal, strangeResources } from "./ensure-resources.ts";

export interface ConvergeOptions extends Omit<UpOptions, "hashes" | "imageIds">, ImageOptions {
  readonly renewVolumes: boolean;
  readonly stopTimeoutSeconds: number | undefined;
  onWarning(sentence: string): void;
}

/** What `up` would change. Images are looked for but not fetched. */
export async function planOf(
  context: ApplyContext,
  options: Omit<UpOptions, "hashes" | "imageIds">,
  imageIds: ReadonlyMap<string, string>,
): Promise<UpPlan> {
  const [containers, resources] = await Promise.all([
    observeContainers(context.client, context.project.name),
    observeResources(context.client),
  ]);
  const used = {
    networks: new Set(options.services.flatMap(({ networks }) => Object.keys(networks))),
    volumes: new Set(options.services.flatMap(({ volumes }) => (volumes ?? []).map(({ source }) => source ?? ""))),
  };
  requireExternal(context.project, resources, used);
  return planUp(context.project, containers, resources, {
    ...options,
    hashes: hashesOf(context, options.services),
    imageIds,
  });
}

export function hashesOf(context: ApplyContext, services: readonly Service[]): ReadonlyMap<string, string> {
  return new Map(
    services.map((service) => {
      const files = grantedFiles(service, context.project, (path) => context.readBytes(path));
      return [service.name, serviceHash(service, filesHash(files))];
    }),
  );
}

/** Make images, networks, volumes and containers as the project says; nothing is started. */
export async function converge(context: ApplyContext, options: ConvergeOptions): Promise<UpPlan> {
  refuseUnsupported(options.services);
  const imageIds = await ensureImages(context, options.services, options);
  for (const sentence of strangeResources(context.project, await observeResources(context.client)))
    options.onWarning(sentence);
  const plan = await planOf(context, options, imageIds);
  if (plan.orphans.length > 0 && !options.removeOrphans) {
    options.onWarning(
      `Found orphan containers ([${plan.orphans.map(({ name }) => name).join(" ")}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
    );
  }
  await Promise.all(plan.networks.map((network) => createNetwork(context, network)));
  await Promise.all(plan.volumes.map((volume) => createVolume(context, volume)));
  const byService = Map.groupBy(plan.containers, ({ service }) => service);
  const before = await observeContainers(context.client, context.project.name);
  await alongDependencies(
    [...byService.keys()],
    (name) => Object.keys(context.project.services.get(name)?.depends_on ?? {}),
    async (name) => {
      const steps = byService.get(name) ?? [];
      await Promise.all(
        steps.map((step) =>
          carryOut(context, step, {
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
          }),
        ),
      );
    },
  );
  return plan;
}
