import { BerthError, isBerthError } from "#base/errors.ts";
import { familiarString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import { removeContainer } from "../apply/create-containers.ts";
import { dependentsFirst } from "../apply/stop-containers.ts";
import type { ApplyContext } from "../apply/context.ts";
import { imageNameOf } from "../apply/context.ts";
import { hasImage } from "../engine/has-image.ts";
import { label } from "../engine/labels.ts";
import { observeContainers, type ObservedContainer } from "../engine/observe.ts";
import type { Project, Resource } from "../load/project.ts";
import { withoutUnused } from "../load/used-resources.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { applyContext, openProjectName, progressOf } from "./session.ts";
import { timeoutFlag } from "./flag-readers.ts";

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

/**
 * The project is known by its labels; the file says which services, networks and volumes are meant. Without one all that
 * carries the labels goes.
 */
export async function takeDown(invocation: ComposeInvocation, options: DownOptions): Promise<void> {
  const { args, io } = invocation;
  const named = await openProjectName(invocation);
  const { name, project } = named;
  const unknown = args.find((service) => project?.services.has(service) === false);
  if (unknown !== undefined) throw new BerthError("not-found", `no such service: ${unknown}`);
  const progress = progressOf(invocation);
  const context = await applyContext(invocation, project ?? emptyProject(name, invocation), progress);
  const all = await observeContainers(context.client, name, { oneOff: true, hooks: true });
  const removesOrphans = options.removeOrphans || /^(?:1|true)$/iu.test(io.env["COMPOSE_REMOVE_ORPHANS"] ?? "");
  const services = args.length > 0 ? args : [...named.active];
  const isMeant = ({ service }: ObservedContainer): boolean =>
    (args.length === 0 && project === undefined) || services.includes(service);
  const isOrphan = ({ service }: ObservedContainer): boolean => project?.services.has(service) === false;
  await dependentsFirst(
    all.filter((each) => (isMeant(each) && (removesOrphans || !each.oneOff)) || (removesOrphans && isOrphan(each))),
    (container) => removeContainer(context, container, options.timeoutSeconds, { volumes: options.volumes }),
  );
  await unprovideAny(context, services, "down");
  const meant = project === undefined ? undefined : { ...project, services: servicesOf(project, services) };
  const resources = await resourcesToRemove(context, name, meant, {
    // Without a service named, also what no service uses.
    onlyUsed: args.length > 0,
    volumes: options.volumes,
    others: removesOrphans,
  });
  await Promise.all(resources.map(({ id, remove }) => removed(context, id, remove)));
  if (options.images !== "none" && meant !== undefined) await removeImages(context, meant, options.images === "all");
  progress.close();
  if (all.length === 0 && project === undefined && resources.length === 0)
    io.stderr.write(`Warning: No resource found to remove for project ${JSON.stringify(name)}.\n`);
}

const servicesOf = ({ services }: Project, names: readonly string[]): Project["services"] =>
  new Map([...services].filter(([name]) => names.includes(name)));

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

interface RemovableResource {
  readonly id: string;
  readonly remove: () => Promise<unknown>;
}

/** Networks, and volumes where they are to go: those of the file, and with `others` every network that has the label. */
async function resourcesToRemove(
  { client }: ApplyContext,
  name: string,
  project: Project | undefined,
  options: { readonly onlyUsed: boolean; readonly volumes: boolean; readonly others: boolean },
): Promise<readonly RemovableResource[]> {
  const filters = { label: [`${label.project}=${name}`] };
  const file = project !== undefined && options.onlyUsed ? withoutUnused(project) : project;
  const named = (resources: Iterable<Resource> | undefined): ReadonlySet<string> =>
    new Set([...(resources ?? [])].filter(({ external }) => !external).map((resource) => resource.name));
  const external = new Set(
    [...(project?.networks.values() ?? [])].flatMap((network) => (network.external ? network.name : [])),
  );
  const ownNetworks = named(file?.networks.values());
  const ownVolumes = named(file?.volumes.values());
  const networks = (await client.networks.list(filters)).filter(
    ({ Name }) => ownNetworks.has(Name) || ((file === undefined || options.others) && !external.has(Name)),
  );
  const volumes = options.volumes
    ? (await client.volumes.list(filters)).filter(({ Name }) => file === undefined || ownVolumes.has(Name))
    : [];
  return [
    ...networks.map(({ Id, Name }) => ({ id: `Network ${Name}`, remove: () => client.networks.remove(Id) })),
    ...volumes.map(({ Name }) => ({
      id: `Volume ${Name}`,
      remove: () => client.volumes.remove(Name, { force: true }),
    })),
  ];
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
    [...images].map(async (image) => {
      const name = familiarString(withDefaultTag(parseReference(image)));
      if (await hasImage(context.client, name))
        await removed(context, `Image ${name}`, () => context.client.images.remove(name));
    }),
  );
}
