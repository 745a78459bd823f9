import { BerthError, isBerthError } from "#base/errors.ts";
import { refuseArtifact } from "#image/artifact.ts";
import type { ImageBasis, ImageService, StoredImage } from "#image/types.ts";
import { checkLog } from "#logs/options/plan-log.ts";
import type { NetworkService } from "#network/types.ts";
import { mergeConfig } from "../settings/merge-config.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import type { CreateRequest, CreateResponse } from "#spec/docker/container.ts";
import { formatPlatform, normalizePlatform, parsePlatform, platformRank, type Platform } from "#spec/oci/platform.ts";
import type { EngineConfig } from "../../config.ts";
import type { MachineFacts } from "../../host-facts.ts";
import type { Clock, EnginePaths, Events, Files, Volumes } from "../../ports.ts";
import type { RuntimePlanner } from "../../planner-ports.ts";
import { randomId } from "#base/ids.ts";
import { Container } from "../container.ts";
import { discardedSettings } from "../settings/discarded-settings.ts";
import { defaultHostConfig } from "../settings/default-host-config.ts";
import { publishContainerEvent } from "../events.ts";
import { resolveLinks } from "../network/links.ts";
import { labelled, withLabelOptions } from "../settings/labels.ts";
import { checkName, nameConflict, randomName } from "../settings/names.ts";
import { portPublications } from "../network/ports.ts";
import { withAllowLists } from "../network/publish-rules.ts";
import type { ContainerRegistry } from "../registry.ts";
import { resolveMounts } from "../mounts/resolve-mounts.ts";
import { resolvePartners } from "./resolve-partners.ts";
import type { ContainerSpec, Life } from "../spec.ts";
import { initialStatus } from "../status.ts";
import { ownSettings, withOwnHealth } from "../settings/own-settings.ts";
import { validateConfig } from "../settings/validate-config.ts";
import { validateStorageOpt } from "../settings/validate-storage.ts";
import { validateModes } from "../settings/validate-modes.ts";
import { resolveEndpoints } from "../network/validate-endpoints.ts";
import { validateHostConfig } from "../settings/validate-resources.ts";

export interface CreateDeps {
  readonly config: EngineConfig;
  readonly machine: MachineFacts;
  readonly clock: Clock;
  readonly registry: ContainerRegistry;
  readonly images: ImageService;
  readonly networks: NetworkService;
  readonly volumes: Volumes;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly events: Events;
  readonly planner: Pick<RuntimePlanner, "check">;
}

/**
 * Create a container: check everything that can be checked, merge the image's config, write the row. Nothing runs and
 * no cgroup, network or mount exists yet.
 *
 * Errors: `invalid-parameter`, `not-implemented` naming the setting, `not-found` "No such image: X", `conflict` for the
 * name.
 */
export function createContainer(deps: CreateDeps) {
  return async (
    request: CreateRequest & { readonly name: string; readonly platform?: string },
  ): Promise<CreateResponse> => {
    const platform = platformOf(request.platform ?? "", deps.machine);
    if (request.config.Image === "")
      throw new BerthError("invalid-parameter", "config cannot be empty in order to create a container");
    validateHostConfig(request.hostConfig, deps.machine, deps.config);
    const { networking, mode } = await resolveEndpoints(deps.networks, request);
    const image = await imageFor(deps.images, request.config.Image, platform);
    const merged = withOwnHealth(mergeConfig(request.config, image.config.config), request.hostConfig);
    validateConfig(merged);
    const own = ownSettings({ config: merged, hostConfig: request.hostConfig });
    validateModes(request.config, request.hostConfig);
    validateStorageOpt(request.hostConfig, deps.machine);
    const argv = [...(merged.Entrypoint ?? []), ...(merged.Cmd ?? [])];
    if (argv.length === 0) throw new BerthError("invalid-parameter", "no command specified");
    const hostConfig = withLabelOptions(
      deps.registry,
      resolvePartners(
        deps.registry,
        defaultHostConfig({ ...request.hostConfig, NetworkMode: mode }, deps.config, deps.machine, {
          hostCgroupNamespaceOnV1: request.hostCgroupNamespaceOnV1 === true,
        }),
      ),
    );
    checkLog(hostConfig.LogConfig);
    withAllowLists(portPublications(merged, hostConfig), own.allow);
    const links = resolveLinks(deps.registry, hostConfig);
    const wanted = request.name === "" ? undefined : checkName(request.name);
    refuseTakenName(deps.registry, wanted);

    const id = randomId();
    const { mounts, takeBack } = await resolveMounts(deps, merged, hostConfig, {
      shallowReadOnlyBinds: request.shallowReadOnlyBinds === true,
    });
    const madeFor = image.config.architecture === "" ? {} : { platform: platformOfImage(image) };
    const spec: ContainerSpec = {
      id,
      image: {
        id: image.id,
        reference: request.config.Image,
        diffIds: image.diffIds,
        ...madeFor,
        manifest: { ...madeFor, ...image.manifest },
      },
      config: { ...merged, Hostname: hostname(merged, hostConfig.NetworkMode, id, deps) },
      hostConfig,
      networking,
      argv,
      mounts,
    };
    const warnings = [
      ...discardedSettings(request.hostConfig, deps.machine.cgroupVersion),
      ...warningsFor(deps.machine, hostConfig),
      ...(platform === undefined ? otherPlatform(deps.machine, spec.image.platform) : []),
    ];
    try {
      await deps.files.makeContainerDirectory(deps.paths.containerDir(id));
      const whole = labelled(deps.registry, deps.machine.selinux, spec);
      warnings.push(...deps.planner.check(whole));
      insert(deps, whole, wanted, links);
    } catch (error) {
      await deps.files.discard(deps.paths.containerDir(id));
      await takeBack();
      throw error;
    }
    publishContainerEvent(deps.events, "create", deps.registry.find(id));
    return { Id: id, Warnings: warnings };
  };
}

async function imageFor(images: ImageService, reference: string, platform: Platform | undefined): Promise<ImageBasis> {
  if (platform === undefined) return orRefused(images.basis(reference), reference);
  return forPlatform(await orRefused(images.resolve(reference), reference), reference, platform);
}

async function orRefused<T extends ImageBasis>(found: Promise<T>, reference: string): Promise<T> {
  try {
    const image = await found;
    refuseArtifact(image, reference);
    return image;
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    throw new BerthError("not-found", `No such image: ${withTag(reference)}`, { cause: error });
  }
}

/** docker-compat: the client pulls when it reads this message, and Docker names the tag that was meant. */
const withTag = (reference: string): string =>
  reference.includes("@") || /:[^/]*$/.test(reference) ? reference : `${reference}:latest`;

const platformOf = (text: string, machine: MachineFacts): Platform | undefined =>
  text === "" ? undefined : parsePlatform(text, { os: "linux", architecture: machine.architecture });

/** The image or its variant for a platform. `not-found`, on which clients pull, when none is here. */
function forPlatform(image: StoredImage, reference: string, wanted: Platform): StoredImage {
  const found = [image, ...image.variants].find((one) => isFor(platformOfImage(one), wanted));
  if (found !== undefined) return found;
  throw new BerthError(
    "not-found",
    `image with reference ${withTag(reference)} was found but its platform (${formatPlatform(platformOfImage(image))}) does not match the specified platform (${formatPlatform(wanted)})`,
  );
}

function platformOfImage({ config: { os, architecture, variant = "" } }: ImageBasis): Platform {
  return normalizePlatform({ os, architecture, ...(variant === "" ? {} : { variant }) });
}

/** A variant that one of the two leaves open does not part them. */
function isFor(actual: Platform, wanted: Platform): boolean {
  const variants = [wanted.variant, actual.variant].filter((name) => name !== undefined);
  return wanted.os === actual.os && wanted.architecture === actual.architecture && new Set(variants).size < 2;
}

/** docker-compat: the sentence for an image of another platform that nobody asked for. */
function otherPlatform({ architecture }: MachineFacts, platform: Platform | undefined): string[] {
  const host = { os: "linux", architecture };
  if (platform === undefined || platformRank(host, platform) !== undefined) return [];
  return [
    `The requested image's platform (${formatPlatform(platform)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`,
  ];
}

function refuseTakenName(registry: ContainerRegistry, name: string | undefined): void {
  const holder = name === undefined ? undefined : registry.named(name);
  if (holder !== undefined) throw nameConflict(holder.name, holder.id);
}

/** No await between choosing the name and writing the row, so that two creations cannot choose the same. */
function insert(
  deps: CreateDeps,
  spec: ContainerSpec,
  wanted: string | undefined,
  links: NonNullable<Life["links"]>,
): void {
  refuseTakenName(deps.registry, wanted);
  const name = wanted ?? randomName((candidate) => deps.registry.named(candidate) !== undefined);
  deps.registry.insert(
    new Container({
      id: spec.id,
      createdAtNs: deps.clock.nowNs(),
      spec,
      name,
      life: { status: initialStatus, restartCount: 0, stoppedByUser: false, ...(links.length === 0 ? {} : { links }) },
    }),
  );
}

function hostname(config: ContainerConfig, mode: string, id: string, deps: CreateDeps): string {
  if (mode.startsWith("container:")) return deps.registry.find(mode.slice("container:".length)).spec.config.Hostname;
  if (config.Hostname !== "") return config.Hostname;
  return mode === "host" ? deps.machine.hostname : id.slice(0, 12);
}

function warningsFor(machine: MachineFacts, host: ContainerSpec["hostConfig"]): string[] {
  const warnings: string[] = [];
  if (host.OomKillDisable === true && host.Memory === 0) {
    warnings.push(
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    );
  }
  if (machine.cgroupVersion === 2 && host.OomKillDisable === true) {
    warnings.push("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
  }
  if (host.NetworkMode === "host" && Object.keys(host.PortBindings ?? {}).length > 0) {
    warnings.push("Published ports are discarded when using host network mode");
  }
  return warnings;
}
