import { isBerthError } from "#base/errors.ts";
import { filesHash, serviceHash, type ContainerIdOf } from "../engine/config-hash.ts";
import { containerRequest } from "../engine/container-request.ts";
import { grantedArchive, grantedFiles, grantedMounts } from "../engine/granted-files.ts";
import { label } from "../engine/labels.ts";
import type { ObservedContainer } from "../engine/observe.ts";
import type { InheritedVolumes } from "../engine/mounts.ts";
import type { Project, Service } from "../load/project.ts";
import { nameToTake, type ContainerStep } from "../plan/plan-up.ts";
import { containerNameOf, imageNameOf, type ApplyContext } from "./context.ts";
import { toldWithPlace } from "./told-with-place.ts";
import { stopContainer } from "./stop-containers.ts";

export interface CreateOptions {
  readonly imageIds: ReadonlyMap<string, string>;
  /** Give anonymous volumes' content up instead of taking it over. */
  readonly renewVolumes: boolean;
  /** Seconds a container that is replaced has to end. */
  readonly stopTimeoutSeconds: number | undefined;
  /** Name or id of the first container of a service. */
  readonly containerOf: (service: string) => string;
  readonly containerIdOf: ContainerIdOf;
}

/** Carry out one step of a plan. The id of the container that was made. */
export async function carryOut(
  context: ApplyContext,
  step: ContainerStep,
  options: CreateOptions,
): Promise<string | undefined> {
  const { project, progress } = context;
  if (step.kind === "keep") {
    await completeFiles(context, step);
    const shown = { running: "Running", exited: "Created" }[step.old.state as string];
    if (shown !== undefined) progress.report(`Container ${step.old.name}`, shown, "done");
    return undefined;
  }
  if (step.kind === "remove") {
    await removeContainer(context, step.old, options.stopTimeoutSeconds);
    return undefined;
  }
  const service = project.services.get(step.service);
  if (service === undefined) return undefined;
  const name = containerNameOf(project, service, step.number);
  if (step.kind === "create") {
    progress.report(`Container ${name}`, "Creating");
    const id = context.dryRun
      ? undefined
      : await toldWithPlace(project, containerKey(service, project), () =>
          createContainer(context, service, { name, number: step.number }, options),
        );
    progress.report(`Container ${name}`, "Created", "done");
    return id;
  }
  progress.report(`Container ${step.old.name}`, "Recreate");
  const id = context.dryRun
    ? undefined
    : await toldWithPlace(project, containerKey(service, project), () =>
        recreate(context, service, step, name, options),
      );
  progress.report(`Container ${step.old.name}`, "Recreated", "done");
  return id;
}

/** What is to be looked at when the engine refuses to make a service's container. */
const containerKey =
  (service: Service, project: Project) =>
  (message: string): readonly string[] => {
    const own = ["services", service.name];
    if (service.container_name !== undefined && message.includes("is already in use by container"))
      return [...own, "container_name"];
    const [, missing] = /bind source path does not exist: (.+)$/u.exec(message) ?? [];
    if (missing === undefined) return own;
    const mount = (service.volumes ?? []).findIndex(({ source }) => source === missing);
    if (mount >= 0) return [...own, "volumes", String(mount)];
    for (const kind of ["secrets", "configs"] as const) {
      const key = (service[kind] ?? []).find(({ source }) => project[kind].get(source)?.file === missing)?.source;
      if (key !== undefined) return [kind, key, "file"];
    }
    return own;
  };

/** A container that was never started may come from a run that was cut off before its files were written. */
async function completeFiles(
  context: ApplyContext,
  { service: name, old }: Extract<ContainerStep, { kind: "keep" }>,
): Promise<void> {
  const { project, client, dryRun } = context;
  const service = project.services.get(name);
  if (dryRun || service === undefined || old.state !== "created") return;
  const archive = grantedArchive(grantedFiles(service, project, (path) => context.readBytes(path)));
  if (archive !== undefined) await client.containers.writeArchive(old.id, "/", archive);
}

interface Wanted {
  readonly name: string;
  readonly number: number;
  readonly replaces?: ObservedContainer;
  readonly oneOff?: boolean;
  readonly useAliases?: boolean;
  readonly attachStdin?: boolean;
}

/** Make a container and write into it what it is granted. Its id. */
export async function createContainer(
  context: ApplyContext,
  service: Service,
  wanted: Wanted,
  options: CreateOptions,
): Promise<string> {
  const { project, client } = context;
  const files = grantedFiles(service, project, (path) => context.readBytes(path));
  const inherited: InheritedVolumes =
    wanted.replaces === undefined || options.renewVolumes ? new Map() : wanted.replaces.anonymousVolumes;
  const body = containerRequest(service, {
    project,
    identity: {
      number: wanted.number,
      oneOff: wanted.oneOff ?? false,
      configHash: serviceHash(service, options.containerIdOf),
      filesHash: filesHash(writtenFiles(files)),
      imageId: options.imageIds.get(service.name) ?? "",
    },
    containerName: nameToTake(wanted.name) ?? wanted.name,
    image: imageNameOf(project, service),
    inherited,
    useAliases: wanted.useAliases ?? true,
    attachStdin: wanted.attachStdin ?? false,
    grantedMounts: grantedMounts(files),
    containerOf: (other) => options.containerOf(other),
  });
  const labelled =
    wanted.replaces === undefined
      ? body
      : { ...body, Labels: { ...(body["Labels"] as object), [label.replaces]: wanted.replaces.id } };
  const { Id } = await client.containers.create(labelled, { name: wanted.name, platform: service.platform ?? "" });
  const archive = grantedArchive(files);
  if (archive !== undefined) await client.containers.writeArchive(Id, "/", archive);
  return Id;
}

/** What is copied into a container, by target: it makes it another one when it changes. */
export function writtenFiles(files: ReturnType<typeof grantedFiles>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    files.flatMap((file) =>
      file.kind === "copy" ? [[file.target, Buffer.from(file.content).toString("base64")]] : [],
    ),
  );
}

/** The new one is made beside the old one under another name, so that a failure leaves the old one as it was. */
async function recreate(
  context: ApplyContext,
  service: Service,
  step: Extract<ContainerStep, { kind: "recreate" }>,
  name: string,
  options: CreateOptions,
): Promise<string> {
  const { client } = context;
  const temporary = `${step.old.id.slice(0, 12)}_${name}`;
  const id = await createContainer(
    context,
    service,
    { name: temporary, number: step.number, replaces: step.old },
    options,
  );
  await client.containers.stop(step.old.id, timeoutOf(options.stopTimeoutSeconds));
  await client.containers.remove(step.old.id, { force: true });
  await client.containers.rename(id, name);
  return id;
}

/** A container that was to take another's place when an earlier run was cut off has the name it was made under. */
export async function finishRename({ client, dryRun }: ApplyContext, { id, name }: ObservedContainer): Promise<void> {
  const wanted = nameToTake(name);
  if (wanted === undefined || dryRun) return;
  try {
    await client.containers.rename(id, wanted);
  } catch (error) {
    // The name is somebody else's by now.
    if (!isBerthError(error, "conflict")) throw error;
  }
}

export async function removeContainer(
  context: ApplyContext,
  container: ObservedContainer,
  timeoutSeconds: number | undefined,
  options: { readonly volumes?: boolean; /** It is known not to run. */ readonly ended?: boolean } = {},
): Promise<void> {
  const id = `Container ${container.name}`;
  if (options.ended !== true) await stopContainer(context, container, timeoutSeconds);
  context.progress.report(id, "Removing");
  try {
    if (!context.dryRun)
      await context.client.containers.remove(container.id, { force: true, volumes: options.volumes ?? false });
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
  }
  context.progress.report(id, "Removed", "done");
}

export const timeoutOf = (seconds: number | undefined): { readonly timeoutSeconds?: number } =>
  seconds === undefined ? {} : { timeoutSeconds: seconds };
