import type { ServiceMount } from "../model/mounts.ts";
import type { Project, Service } from "../load/project.ts";
import { defined } from "./resources.ts";

type Json = Readonly<Record<string, unknown>>;

export interface MountRequest {
  /** `SOURCE:TARGET:MODE`: the engine makes the folder of the host when it is missing. */
  readonly Binds: readonly string[];
  readonly Mounts: readonly Json[];
}

/** Anonymous volumes that a container's predecessor had, by target. */
export type InheritedVolumes = ReadonlyMap<string, string>;

/** A service's mounts as HostConfig wants them. */
export function mountsOf(service: Service, project: Project, inherited: InheritedVolumes): MountRequest {
  const Binds: string[] = [];
  const Mounts: Json[] = [];
  for (const mount of service.volumes ?? []) {
    if (mount.type === "bind" && mount.bind?.create_host_path !== false && mount.bind?.recursive === undefined)
      Binds.push(bindText(mount));
    else Mounts.push(mountRequest(mount, project, inherited));
  }
  return { Binds, Mounts };
}

function bindText(mount: ServiceMount): string {
  const words = [
    mount.read_only === true ? "ro" : "rw",
    ...(mount.bind?.selinux === undefined ? [] : [mount.bind.selinux]),
    ...(mount.bind?.propagation === undefined ? [] : [mount.bind.propagation]),
  ];
  return `${mount.source ?? ""}:${mount.target}:${words.join(",")}`;
}

function mountRequest(mount: ServiceMount, project: Project, inherited: InheritedVolumes): Json {
  const { type, source, target, read_only, consistency, bind, volume, tmpfs, image } = mount;
  const named =
    type === "volume" ? (source === undefined ? inherited.get(target) : project.volumes.get(source)?.name) : source;
  return defined({
    Type: type,
    Source: named,
    Target: target,
    ReadOnly: read_only,
    Consistency: consistency,
    BindOptions:
      bind &&
      defined({
        Propagation: bind.propagation,
        CreateMountpoint: bind.create_host_path,
        NonRecursive: bind.recursive === "disabled" ? true : undefined,
        ReadOnlyNonRecursive: bind.recursive === "writable" ? true : undefined,
        ReadOnlyForceRecursive: bind.recursive === "readonly" ? true : undefined,
      }),
    VolumeOptions: volume && defined({ NoCopy: volume.nocopy, Subpath: volume.subpath, Labels: volume.labels }),
    TmpfsOptions: tmpfs && defined({ SizeBytes: tmpfs.size, Mode: tmpfs.mode }),
    ImageOptions: image && defined({ Subpath: image.subpath }),
  });
}

/** `volumes_from` with services' names become containers' names. */
export function volumesFrom(service: Service, containerOf: (service: string) => string): readonly string[] | undefined {
  return service.volumes_from?.map((written) => {
    if (written.startsWith("container:")) return written.slice("container:".length);
    const [name = "", ...mode] = written.split(":");
    return [containerOf(name), ...mode].join(":");
  });
}
