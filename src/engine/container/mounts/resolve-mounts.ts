import { cleanPath } from "#base/absolute-path.ts";
import { BerthError, isBerthError } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import { refuseArtifact } from "#image/artifact.ts";
import type { ImageService } from "#image/types.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { Mount } from "#spec/docker/mount.ts";
import type { NewVolume } from "#volume/types.ts";
import type { Events, Files, Volumes } from "../../ports.ts";
import { parseBindText, type BindText } from "./bind-text.ts";
import { inheritedMounts } from "./inherited-mounts.ts";
import { mountOwner, type MountOwner } from "./mount-owner.ts";
import type { ContainerRegistry } from "../registry.ts";
import type { MountSpec } from "../spec.ts";
import { checkTmpfsOptions } from "./tmpfs-options.ts";
import { mountError, validateMount } from "./validate-mount.ts";

export interface ResolveMountsDeps {
  readonly files: Files;
  readonly volumes: Volumes;
  readonly images: ImageService;
  readonly registry: ContainerRegistry;
  readonly events: Events;
}

export interface ResolvedMounts {
  readonly mounts: readonly MountSpec[];
  /** To be called when the creation fails after all: remove the volumes that nobody else can have come to use meanwhile. */
  readonly takeBack: () => Promise<void>;
}

/**
 * All mounts of a new container, Docker's precedence: volumes-from, then -v, then --mount, then the image's VOLUMEs where
 * nothing else is mounted. A -v source that is missing is made; a --mount source that is missing is an error.
 */
export async function resolveMounts(
  deps: ResolveMountsDeps,
  config: ContainerConfig,
  host: HostConfig,
  options: { readonly shallowReadOnlyBinds: boolean },
): Promise<ResolvedMounts> {
  const byTarget = new Map<string, MountSpec>();
  const maker = new VolumeMaker(deps);
  try {
    for (const reference of host.VolumesFrom ?? []) {
      for (const mount of inheritedMounts(deps.registry, reference)) byTarget.set(mount.target, mount);
    }
    const chosen = new Set<string>();
    const claim = (target: string): void => {
      if (chosen.has(target)) throw new BerthError("invalid-parameter", `Duplicate mount point: ${target}`);
      chosen.add(target);
    };
    for (const text of host.Binds ?? []) {
      const bind = parseBindText(text);
      claim(bind.target);
      const mount = await fromText(deps.files, bind, maker, host.VolumeDriver);
      const shallow = options.shallowReadOnlyBinds && mount.type === "bind";
      byTarget.set(bind.target, shallow ? { ...mount, recursiveReadOnly: "no" } : mount);
    }
    for (const mount of host.Mounts ?? []) {
      const target = validateMount(mount);
      claim(target);
      byTarget.set(target, await fromMount(deps, mount, target, maker));
    }
    for (const [target, options] of Object.entries(host.Tmpfs ?? {})) claim(tmpfsTarget(target, options));
    for (const declared of Object.keys(config.Volumes ?? {})) {
      const target = cleanPath(declared);
      if (target.includes("\0")) throw new BerthError("invalid-parameter", `stat ${target}: invalid argument`);
      if (target === "/")
        throw new BerthError("invalid-parameter", "invalid volume specification: '/': destination can't be '/'");
      if (byTarget.has(target) || chosen.has(target)) continue;
      const made = await maker.make({ name: "", driver: host.VolumeDriver });
      byTarget.set(target, { type: "volume", target, readOnly: false, copyUp: true, subpath: "", mode: "", ...made });
    }
  } catch (error) {
    await maker.takeBack();
    throw error;
  }
  return { mounts: [...byTarget.values()].toSorted(byDepth), takeBack: () => maker.takeBack() };
}

/** Parents before children, as they must be mounted. */
const byDepth = (a: MountSpec, b: MountSpec): number => a.target.split("/").length - b.target.split("/").length;

interface VolumeRequest {
  /** "" = one for this container only. */
  readonly name: string;
  readonly driver: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
}

class VolumeMaker {
  readonly #anonymous: { readonly name: string; readonly driver: string }[] = [];
  readonly #volumes: Volumes;
  readonly #events: Events;

  constructor({ volumes, events }: Pick<ResolveMountsDeps, "volumes" | "events">) {
    this.#volumes = volumes;
    this.#events = events;
  }

  /** docker-compat: what has a name stays, as another container may have data in it by now. */
  async takeBack(): Promise<void> {
    await Promise.all(
      this.#anonymous.map(async (volume) => {
        await this.#volumes.remove(volume.name);
        this.#tell("destroy", volume);
      }),
    );
  }

  #tell(action: "create" | "destroy", { name, driver }: { readonly name: string; readonly driver: string }): void {
    this.#events.publish({ type: "volume", action, id: name, attributes: { driver } });
  }

  async make(request: VolumeRequest): Promise<{ name: string; driver?: string; anonymous: boolean; source: string }> {
    const { driver, labels = {}, options = {} } = request;
    const anonymous = request.name === "";
    const name = anonymous ? randomId() : request.name;
    const marked = anonymous ? { ...labels, "com.docker.volume.anonymous": "" } : labels;
    const { path, created, driver: chosen } = await this.#ensure(name, driver, { labels: marked, options });
    if (created) this.#tell("create", { name, driver: chosen });
    if (anonymous) this.#anonymous.push({ name, driver: chosen });
    return { name, anonymous, source: path, ...(chosen === "local" ? {} : { driver: chosen }) };
  }

  /** On `not-found` clients would pull the container's image. */
  async #ensure(...args: Parameters<Volumes["ensure"]>): Promise<NewVolume> {
    try {
      return await this.#volumes.ensure(...args);
    } catch (error) {
      if (!isBerthError(error, "not-found")) throw error;
      throw new BerthError("invalid-parameter", error.message, { cause: error });
    }
  }
}

async function fromText(files: Files, bind: BindText, maker: VolumeMaker, driver: string): Promise<MountSpec> {
  const { target, readOnly, propagation, copyUp, mode } = bind;
  const owner = bind.owner === undefined ? {} : { owner: bind.owner };
  if (!bind.source.startsWith("/")) {
    const made = await maker.make({ name: bind.source, driver });
    return { type: "volume", target, readOnly, copyUp, mode: mode || usualMode(made), subpath: "", ...owner, ...made };
  }
  const source = cleanPath(bind.source);
  // docker-compat: -v makes a missing host directory, owned by root.
  if ((await files.kind(source)) === undefined) await files.makeDirectory(source, 0o755);
  const recursiveReadOnly = "if-possible";
  return { type: "bind", source, target, readOnly, propagation, recursive: true, recursiveReadOnly, mode, ...owner };
}

async function fromMount(
  { files, images }: ResolveMountsDeps,
  mount: Mount,
  target: string,
  maker: VolumeMaker,
): Promise<MountSpec> {
  const { ReadOnly: readOnly } = mount;
  switch (mount.Type) {
    case "bind": {
      const { BindOptions: options } = mount;
      const source = cleanPath(mount.Source);
      if (!(await files.isThere(source))) {
        if (options?.CreateMountpoint !== true) throw mountError(mount, `bind source path does not exist: ${source}`);
        await files.makeDirectory(source, 0o755);
      }
      return {
        type: "bind",
        source,
        target,
        readOnly,
        propagation: options?.Propagation ?? "",
        recursive: options?.NonRecursive !== true,
        recursiveReadOnly: options?.ReadOnlyNonRecursive
          ? "no"
          : options?.ReadOnlyForceRecursive
            ? "force"
            : "if-possible",
        mode: "",
        ...ownerOf(mount),
      };
    }
    case "volume": {
      const { NoCopy = false, Subpath: subpath = "", Labels, DriverConfig } = mount.VolumeOptions ?? {};
      const made = await maker.make({
        name: mount.Source,
        driver: DriverConfig?.Name ?? "",
        labels: Labels ?? {},
        options: DriverConfig?.Options ?? {},
      });
      return {
        type: "volume",
        target,
        readOnly,
        copyUp: !NoCopy && subpath === "",
        subpath,
        mode: usualMode(made),
        ...ownerOf(mount),
        ...made,
      };
    }
    case "image": {
      const subpath = mount.ImageOptions?.Subpath ?? "";
      const { id: imageId } = await imageOf(images, mount.Source);
      return { type: "image", reference: mount.Source, imageId, target, readOnly: true, subpath };
    }
    default: {
      const { SizeBytes = 0, Mode = 0, Options = null } = mount.TmpfsOptions ?? {};
      const options = [
        ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
        ...(Mode > 0 ? [`mode=${Mode.toString(8)}`] : []),
        ...(Options ?? []).map((pair) => (pair ?? []).join("=")),
      ];
      return { type: "tmpfs", target, readOnly, options };
    }
  }
}

/** docker-compat: what is kept here is for all containers, although nobody said so. */
const usualMode = ({ driver }: { readonly driver?: string }): string => (driver === undefined ? "z" : "");

function ownerOf({ Owner }: Mount): { readonly owner?: MountOwner } {
  const owner = Owner === null ? undefined : mountOwner(Owner.UID ?? undefined, Owner.GID ?? undefined);
  return owner === undefined ? {} : { owner };
}

/** `invalid-parameter`: on `not-found` clients would pull the container's image. */
async function imageOf(images: ImageService, reference: string): Promise<{ readonly id: string }> {
  try {
    const image = await images.resolve(reference);
    refuseArtifact(image, reference);
    return image;
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    throw new BerthError("invalid-parameter", error.message, { cause: error });
  }
}

function tmpfsTarget(target: string, options: string): string {
  const bad = (why: string): BerthError => new BerthError("invalid-parameter", why);
  if (!target.startsWith("/")) throw bad(`invalid mount path: '${target}' mount path must be absolute`);
  if (cleanPath(target) === "/") throw bad("invalid specification: destination can't be '/'");
  checkTmpfsOptions(options);
  return cleanPath(target);
}
