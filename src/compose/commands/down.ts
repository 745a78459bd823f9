import { BerthError, isBerthError } from "#base/errors.ts";
import { removeContainer } from "../apply/create-containers.ts";
import { dependentsFirst } from "../apply/stop-containers.ts";
import type { ApplyContext } from "../apply/context.ts";
import { imageNameOf } from "../apply/context.ts";
import { label } from "../engine/labels.ts";
import { observeContainers } from "../engine/observe.ts";
import type { Project } from "../load/project.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { applyContext, openProjectName, progressOf } from "./session.ts";
import { timeoutFlag, warn } from "./flag-readers.ts";

/** `down`: stop and remove what the project has. */
export const down: ComposeHandler = async (invocation) => {
  const { flags } = invocation;
  const rmi = flags.text("rmi");
  if (rmi !== "" && rmi !== "all" && rmi !== "local")
    throw new BerthError("invalid-parameter", `invalid value for --rmi: ${JSON.stringify(rmi)}`, {
      hint: "It is all or local.",
    });
  await takeDown(invocation, {
    images: rmi === "" ? "none" : rmi,
    volumes: flags.on("volumes"),
    removeOrphans: flags.on("remove-orphans"),
    timeoutSeconds: timeoutFlag(invocation),
  });
  return 0;
};

export interface DownOptions {
  readonly images: "none" | "local" | "all";
  readonly volumes: boolean;
  readonly removeOrphans: boolean;
  readonly timeoutSeconds: number | undefined;
}

/** The project is known by its labels; the file is needed only for what else it names. */
export async function takeDown(invocation: ComposeInvocation, options: DownOptions): Promise<void> {
  const { args, io } = invocation;
  const { name, project } = await openProjectName(invocation);
  for (const service of args) {
    if (project !== undefined && !project.services.has(service))
      throw new BerthError("not-found", `no such service: ${service}`);
  }
  const progress = progressOf(invocation);
  const context = await applyContext(invocation, project ?? emptyProject(name, invocation), progress);
  const all = await observeContainers(context.client, name, { oneOff: true, hooks: true });
  const known = (service: string): boolean =>
    project === undefined || project.services.has(service) || project.disabledServices.has(service);
  const orphans = all.filter(({ service, oneOff }) => !known(service) && !oneOff);
  const removesOrphans = options.removeOrphans || /^(?:1|true)$/iu.test(io.env["COMPOSE_REMOVE_ORPHANS"] ?? "");
  const targets = all.filter(
    (container) =>
      (args.length === 0 || args.includes(container.service)) && (removesOrphans || !orphans.includes(container)),
  );
  await dependentsFirst(targets, (container) =>
    removeContainer(context, container, options.timeoutSeconds, { volumes: options.volumes }),
  );
  await unprovideAny(context, args, "down");
  if (args.length === 0) await removeResources(context, name, project, options.volumes);
  if (options.images !== "none" && project !== undefined)
    await removeImages(context, project, options.images === "all");
  progress.close();
  if (all.length === 0 && project === undefined)
    warn(invocation, `No resource found to remove for project ${JSON.stringify(name)}.`);
}

/** Providers are asked only by projects that have some. */
export async function unprovideAny(
  context: ApplyContext,
  named: readonly string[],
  verb: "down" | "stop",
): Promise<void> {
  if ([...context.project.services.values()].every(({ provider }) => provider === undefined)) return;
  const { unprovide } = await import("../provide/provide.ts");
  await unprovide(context, named, verb);
}

export const emptyProject = (name: string, { io }: ComposeInvocation): Project => ({
  name,
  separator: "-",
  workingDirectory: io.workingDirectory,
  files: [],
  environmentFiles: [],
  environment: new Map(),
  services: new Map(),
  disabledServices: new Map(),
  networks: new Map(),
  volumes: new Map(),
  configs: new Map(),
  secrets: new Map(),
  models: new Map(),
  profiles: [],
  source: { kind: "mapping", entries: new Map(), at: { file: "", line: 0, column: 0 } },
  warnings: [],
});

async function removeResources(
  context: ApplyContext,
  name: string,
  project: Project | undefined,
  withVolumes: boolean,
): Promise<void> {
  const { client } = context;
  const filters = { label: [`${label.project}=${name}`] };
  const networks = await client.networks.list(filters);
  const external = new Set(
    [...(project?.networks.values() ?? [])].filter((network) => network.external).map((network) => network.name),
  );
  await Promise.all(
    networks
      .filter((network) => !external.has(network.Name))
      .map((network) => removed(context, `Network ${network.Name}`, () => client.networks.remove(network.Id))),
  );
  if (!withVolumes) return;
  const volumes = await client.volumes.list(filters);
  await Promise.all(
    volumes.map((volume) =>
      removed(context, `Volume ${volume.Name}`, () => client.volumes.remove(volume.Name, { force: true })),
    ),
  );
}

async function removed(context: ApplyContext, id: string, remove: () => Promise<unknown>): Promise<void> {
  context.progress.report(id, "Removing");
  try {
    if (!context.dryRun) await remove();
    context.progress.report(id, "Removed", "done");
  } catch (error) {
    if (isBerthError(error, "not-found")) context.progress.report(id, "Removed", "done");
    else if (isBerthError(error, "conflict") || isBerthError(error, "forbidden"))
      context.progress.report(id, "Resource is still in use", "warning");
    else throw error;
  }
}

async function removeImages(context: ApplyContext, project: Project, all: boolean): Promise<void> {
  const images = new Set(
    [...project.services.values()]
      .filter(({ image, provider }) => provider === undefined && (all || image === undefined))
      .map((service) => imageNameOf(project, service)),
  );
  await Promise.all(
    [...images].map((image) => removed(context, `Image ${image}`, () => context.client.images.remove(image))),
  );
}
