import { BerthError } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { Mount } from "#spec/docker/mount.ts";
import type { Files, Volumes } from "../ports.ts";
import { cleanPath, parseBindText } from "./bind-text.ts";
import type { ContainerRegistry } from "./registry.ts";
import type { MountSpec } from "./spec.ts";

export interface ResolveMountsDeps {
  readonly files: Files;
  readonly volumes: Volumes;
  readonly registry: ContainerRegistry;
}

export interface ResolvedMounts {
  readonly mounts: readonly MountSpec[];
  /** Volumes that were made now, to be taken back when the creation fails. */
  readonly createdVolumes: readonly string[];
}

/**
 * All mounts of a new container, Docker's precedence: volumes-from, then -v, then --mount, then the image's VOLUMEs where
 * nothing else is mounted. A -v source that is missing is made; a --mount source that is missing is an error.
 */
export async function resolveMounts(
  deps: ResolveMountsDeps,
  config: ContainerConfig,
  host: HostConfig,
): Promise<ResolvedMounts> {
  const byTarget = new Map<string, MountSpec>();
  const createdVolumes: string[] = [];
  const volume = async (name: string): Promise<{ name: string; anonymous: boolean; source: string }> => {
    const actual = name === "" ? randomId() : name;
    const { path, created } = await deps.volumes.ensure(actual);
    if (created) createdVolumes.push(actual);
    return { name: actual, anonymous: name === "", source: path };
  };
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
    byTarget.set(
      bind.target,
      bind.source.startsWith("/")
        ? await hostBind(deps.files, bind)
        : { type: "volume", subpath: "", ...pick(bind), ...(await volume(bind.source)) },
    );
  }
  for (const mount of host.Mounts ?? []) {
    const target = checkedTarget(mount);
    claim(target);
    byTarget.set(target, await fromMount(deps.files, mount, target, volume));
  }
  for (const target of Object.keys(host.Tmpfs ?? {})) {
    if (!target.startsWith("/"))
      throw new BerthError("invalid-parameter", `invalid mount path: '${target}' mount path must be absolute`);
    claim(cleanPath(target));
  }
  for (const declared of Object.keys(config.Volumes ?? {})) {
    const target = cleanPath(declared);
    if (target === "/")
      throw new BerthError("invalid-parameter", "invalid volume specification: '/': destination can't be '/'");
    if (byTarget.has(target) || chosen.has(target)) continue;
    byTarget.set(target, {
      type: "volume",
      target,
      readOnly: false,
      copyUp: true,
      subpath: "",
      mode: "",
      ...(await volume("")),
    });
  }
  return { mounts: [...byTarget.values()].toSorted(byDepth), createdVolumes };
}

/** Parents before children, as they must be mounted. */
const byDepth = (a: MountSpec, b: MountSpec): number => a.target.split("/").length - b.target.split("/").length;

const pick = (bind: {
  readonly target: string;
  readonly readOnly: boolean;
  readonly copyUp: boolean;
  readonly mode: string;
}) => ({
  target: bind.target,
  readOnly: bind.readOnly,
  copyUp: bind.copyUp,
  mode: bind.mode,
});

async function hostBind(files: Files, bind: ReturnType<typeof parseBindText>): Promise<MountSpec> {
  const source = cleanPath(bind.source);
  // docker-compat: -v makes a missing host directory, owned by root.
  if ((await files.kind(source)) === undefined) await files.makeDirectory(source, 0o755);
  const { target, readOnly, propagation, mode } = bind;
  return { type: "bind", source, target, readOnly, propagation, recursive: true, mode };
}

function checkedTarget(mount: Mount): string {
  const fail = (why: string): BerthError =>
    new BerthError("invalid-parameter", `invalid mount config for type "${mount.Type}": ${why}`);
  if (mount.Target === "") throw fail("field Target must not be empty");
  if (!mount.Target.startsWith("/")) throw fail(`invalid mount path: '${mount.Target}' mount path must be absolute`);
  const target = cleanPath(mount.Target);
  if (target === "/") throw fail("invalid specification: destination can't be '/'");
  return target;
}

async function fromMount(
  files: Files,
  mount: Mount,
  target: string,
  volume: (name: string) => Promise<{ name: string; anonymous: boolean; source: string }>,
): Promise<MountSpec> {
  const fail = (why: string): BerthError =>
    new BerthError("invalid-parameter", `invalid mount config for type "${mount.Type}": ${why}`);
  switch (mount.Type) {
    case "bind": {
      if (mount.Source === "") throw fail("field Source must not be empty");
      if (!mount.Source.startsWith("/"))
        throw fail(`invalid mount path: '${mount.Source}' mount path must be absolute`);
      if (mount.VolumeOptions !== null) throw fail("field VolumeOptions must not be specified");
      if (mount.TmpfsOptions !== null) throw fail("field TmpfsOptions must not be specified");
      const source = cleanPath(mount.Source);
      if ((await files.kind(source)) === undefined) {
        if (mount.BindOptions?.CreateMountpoint !== true) throw fail(`bind source path does not exist: ${source}`);
        await files.makeDirectory(source, 0o755);
      }
      return {
        type: "bind",
        source,
        target,
        readOnly: mount.ReadOnly,
        propagation: mount.BindOptions?.Propagation ?? "",
        recursive: mount.BindOptions?.NonRecursive !== true,
        mode: "",
      };
    }
    case "volume": {
      if (mount.BindOptions !== null) throw fail("field BindOptions must not be specified");
      const driver = mount.VolumeOptions?.DriverConfig;
      if (driver && ((driver.Name !== "" && driver.Name !== "local") || Object.keys(driver.Options ?? {}).length > 0)) {
        throw new BerthError(
          "not-implemented",
          "not supported by this engine yet: HostConfig.Mounts.VolumeOptions.DriverConfig",
        );
      }
      const copyUp = mount.VolumeOptions?.NoCopy !== true;
      const subpath = mount.VolumeOptions?.Subpath ?? "";
      if (subpath !== "") {
        throw new BerthError(
          "not-implemented",
          "not supported by this engine yet: HostConfig.Mounts.VolumeOptions.Subpath",
        );
      }
      return {
        type: "volume",
        target,
        readOnly: mount.ReadOnly,
        copyUp,
        subpath,
        mode: "z",
        ...(await volume(mount.Source)),
      };
    }
    case "tmpfs": {
      if (mount.Source !== "") throw fail("field Source must not be specified");
      const { SizeBytes = 0, Mode = 0, Options = null } = mount.TmpfsOptions ?? {};
      const options = [
        ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
        ...(Mode > 0 ? [`mode=${Mode.toString(8)}`] : []),
        ...(Options ?? []).map((pair) => (pair ?? []).join("=")),
      ];
      return { type: "tmpfs", target, readOnly: mount.ReadOnly, options };
    }
    default:
      throw new BerthError("invalid-parameter", `mount type unknown: "${mount.Type}"`);
  }
}

/** `--volumes-from NAME[:ro|rw]`: what another container has mounted, tmpfs left out. */
function inheritedMounts(registry: ContainerRegistry, reference: string): readonly MountSpec[] {
  const [name = "", mode = ""] = reference.split(":");
  if (name === "" || (mode !== "" && mode !== "ro" && mode !== "rw" && mode !== "z" && mode !== "Z")) {
    throw new BerthError("invalid-parameter", `invalid mode for volumes-from: ${mode}`);
  }
  return registry
    .find(name)
    .spec.mounts.filter((mount) => mount.type !== "tmpfs")
    .map((mount) => ({
      ...mount,
      readOnly: mount.readOnly || mode === "ro",
      ...(mount.type === "volume" ? { copyUp: false } : {}),
    }));
}
