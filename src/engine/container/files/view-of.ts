import { BerthError, isBerthError } from "#base/errors.ts";
import type { ViewMount, ViewRoot } from "#host/tree/tree-view.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { ContainerView } from "../../files/view.ts";
import type { EnginePaths, Files, Volumes } from "../../ports.ts";
import type { Container } from "../container.ts";
import { prepareSnapshot } from "./prepare-snapshot.ts";
import type { ContainerRegistry } from "../registry.ts";

export interface ViewDeps {
  readonly registry: ContainerRegistry;
  readonly snapshots: Snapshotter;
  readonly paths: EnginePaths;
  readonly files: Files;
  readonly volumes: Volumes;
}

/** Host paths of volumes, by name, that were mounted for the sake of the view. */
export type MountedVolumes = ReadonlyMap<string, string>;

/**
 * Do `work` with a container's files: at once while it runs, else under its lock, so that it neither starts nor goes
 * meanwhile. `work` is called again when the container stopped running before its files were in sight.
 */
export async function withFiles<T>(
  deps: ViewDeps,
  container: Container,
  work: (root: ViewRoot, volumes: MountedVolumes) => Promise<T>,
): Promise<T> {
  if (isLive(container)) {
    try {
      return await work(await rootOf(deps, container), new Map());
    } catch (error) {
      if (!isBerthError(error, "unavailable")) throw error;
    }
  }
  return container.lock.run(async () =>
    withPluginVolumes(deps, container, async (volumes) => work(await rootOf(deps, container), volumes)),
  );
}

/** Plugins' volumes are where they say only while they are mounted. */
async function withPluginVolumes<T>(
  { volumes }: ViewDeps,
  container: Container,
  work: (mounted: MountedVolumes) => Promise<T>,
): Promise<T> {
  const mounted = new Map<string, string>();
  const drivers = new Map<string, string>();
  for (const mount of container.spec.mounts)
    if (mount.type === "volume" && mount.driver !== undefined) drivers.set(mount.name, mount.driver);
  try {
    for (const [name, driver] of drivers) mounted.set(name, await volumes.mount(name, driver, container.id));
    return await work(mounted);
  } finally {
    for (const name of mounted.keys()) await volumes.unmount(name, drivers.get(name) ?? "", container.id);
  }
}

/** How to see a container's files: its root with volumes, binds and tmpfs over it. */
export async function viewOf(
  deps: ViewDeps,
  container: Container,
  root: ViewRoot,
  volumes: MountedVolumes,
): Promise<ContainerView> {
  return {
    root,
    readOnlyRoot: container.spec.hostConfig.ReadonlyRootfs,
    mounts: [...declared(container, volumes), ...(await hostFiles(deps, container))],
  };
}

/** The same root to be written to. Nobody else may mount a snapshot then: keep to {@link withFiles}. */
export function writable(root: ViewRoot): ViewRoot {
  return root.kind === "overlay" ? { ...root, access: "write" } : root;
}

/** Through its process while there is one, else through its snapshot. */
async function rootOf(deps: ViewDeps, container: Container): Promise<ViewRoot> {
  const { id, process, spec, status } = container;
  if (deps.registry.lookup(id) !== container) throw new BerthError("not-found", `No such container: ${id}`);
  if (status.state === "removing" || status.state === "dead") {
    throw new BerthError("conflict", `container ${id} is marked for removal`);
  }
  if (process !== undefined && isLive(container)) {
    return { kind: "process", pid: process.pid, startTicks: Number(process.startTicks) };
  }
  const { lowerDirs, upperDir, workDir } = await prepareSnapshot(deps, spec);
  return { kind: "overlay", lowerDirs, upperDir, workDir, access: "read" };
}

function isLive({ process, status }: Container): boolean {
  return process !== undefined && (status.state === "running" || status.state === "paused");
}

function declared({ spec }: Container, volumes: MountedVolumes): readonly ViewMount[] {
  const mounts = spec.mounts.map((mount): ViewMount => {
    const { target, readOnly } = mount;
    // A subpath may be a link, which only the container's own mounts have followed safely.
    if (mount.type === "tmpfs" || mount.type === "image" || (mount.type === "volume" && mount.subpath !== ""))
      return { target, source: undefined, recursive: false, readOnly };
    const source = mount.type === "volume" ? (volumes.get(mount.name) ?? mount.source) : mount.source;
    return { target, source, recursive: mount.type === "volume" || mount.recursive, readOnly };
  });
  const temporary = Object.keys(spec.hostConfig.Tmpfs ?? {}).map((target): ViewMount => {
    return { target, source: undefined, recursive: false, readOnly: false };
  });
  return [...mounts, ...temporary].toSorted((a, b) => a.target.split("/").length - b.target.split("/").length);
}

/** docker-compat: the files that the engine binds into /etc are seen too. */
async function hostFiles(deps: ViewDeps, { id, spec }: Container): Promise<readonly ViewMount[]> {
  const found: ViewMount[] = [];
  for (const [target, source] of [
    ["/etc/hosts", deps.paths.containerHosts(id)],
    ["/etc/hostname", deps.paths.containerHostname(id)],
    ["/etc/resolv.conf", deps.paths.containerResolvConf(id)],
  ] as const) {
    if (spec.mounts.some((mount) => mount.target === target)) continue;
    if ((await deps.files.kind(source)) === "file") found.push({ target, source, recursive: false, readOnly: false });
  }
  return found;
}
