import type { Log } from "#base/log.ts";
import type { LogKeeper } from "#logs/types.ts";
import { hostsFile, namesHostGateway } from "#network/files/hosts.ts";
import type { ImageService } from "#image/types.ts";
import type { Endpoint, NetworkService, Resident } from "#network/types.ts";
import type { BegunLaunch, ShimLauncher, SupervisedProcess } from "#runtime/types.ts";
import type { RootMount, Snapshotter } from "#snapshot/types.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { EngineConfig } from "../../config.ts";
import type { FileLabels } from "../../files/file-labels.ts";
import type { MachineFacts } from "../../host-facts.ts";
import { publishEndpointEvent } from "../../network/endpoint-events.ts";
import type { EnginePaths, Events, Files, HostMounts, Volumes } from "../../ports.ts";
import type { CompiledPlan, ContainerPlanRequest, RuntimePlanner } from "../../planner-ports.ts";
import { sharedLabel } from "#runtime/selinux/container-labels.ts";
import { processError } from "#runtime/process-error.ts";
import type { Container } from "../container.ts";
import { endpointRequest, plannedEndpoints } from "../network/endpoint-plan.ts";
import { linkedStart, type LinkedStart } from "../network/links.ts";
import { logOwner } from "../streams/log-owner.ts";
import { prepareMounts } from "../mounts/prepare-mounts.ts";
import { prepareSnapshot } from "../files/prepare-snapshot.ts";
import type { ContainerRegistry } from "../registry.ts";
import { relabelMounts } from "../mounts/relabel-mounts.ts";
import { residentOf, writeResolvConf } from "../network/resolver-files.ts";
import { publishVolumeEvents } from "../mounts/volume-events.ts";
import { ownSharedMemory, sharedNamespaces } from "./shared-namespaces.ts";

export interface LaunchDeps {
  readonly config: EngineConfig;
  readonly registry: ContainerRegistry;
  readonly files: Files;
  readonly fileLabels: FileLabels;
  readonly paths: EnginePaths;
  readonly snapshots: Snapshotter;
  readonly networks: NetworkService;
  readonly volumes: Volumes;
  readonly images: ImageService;
  readonly hostMounts: HostMounts;
  readonly planner: RuntimePlanner;
  readonly launcher: ShimLauncher;
  readonly events: Events;
  readonly logKeeper: LogKeeper;
  readonly machine: Pick<MachineFacts, "hostname">;
  readonly log: Log;
}

/**
 * Make a container's process, up to and including its execve:
 *
 *   shim comes up ─▶ network namespace ─┬▶ root mount ─┬▶ init, its mounts ───────────┬▶ execve
 *   cgroups ────────────────────────────┼──────────────┘                              │
 *   root snapshot ─▶ plan ──────────────┴▶ addresses, /etc ─▶ interface ─▶ attach, go ┘
 *
 * `container.process` is set as soon as there is one. When it throws, what was made is still there: the caller, who has
 * noted the intent, tears down.
 */
export async function launchProcess(deps: LaunchDeps, container: Container): Promise<{ readonly startedAtNs: bigint }> {
  const runDir = deps.paths.containerRunDir(container.id);
  await deps.files.makeDirectory(runDir, 0o700);
  const begun = deps.launcher.begin({ id: container.id, dir: runDir });
  try {
    if (deps.planner.makesNetwork(container.spec)) begun.makeNetwork();
    const makeCgroups = deps.planner.cgroupsAhead(container.spec);
    if (makeCgroups !== undefined) begun.makeCgroups(makeCgroups);
    return await launchBegun(deps, container, begun);
  } finally {
    await begun.abandon();
  }
}

async function launchBegun(
  deps: LaunchDeps,
  container: Container,
  begun: BegunLaunch,
): Promise<{ readonly startedAtNs: bigint }> {
  const { spec } = container;
  const prepared = await prepare(deps, container).catch(thenThrow(() => reserveEndpoints(deps, container)));
  let placed: Promise<readonly Endpoint[]> | undefined;
  const place = (): Promise<readonly Endpoint[]> => (placed ??= takePlaces(deps, container, prepared.linked));
  const compiled = await planOf(deps, container, prepared).catch(thenThrow(place));
  for (const warning of compiled.warnings) deps.log.warn(warning, { container: container.id });
  const owner = logOwner(deps.paths, deps.machine.hostname, container);
  const [height, width] = spec.hostConfig.ConsoleSize;
  const log = await deps.logKeeper.begin(owner).catch(thenThrow(place));
  const launching = begun.launch({
    id: container.id,
    dir: deps.paths.containerRunDir(container.id),
    plan: compiled.plan,
    ...(compiled.adopt === undefined ? {} : { adopt: compiled.adopt }),
    ...(compiled.onWait === undefined ? {} : { onWait: compiled.onWait }),
    ...(compiled.makeCgroups === undefined ? {} : { makeCgroups: compiled.makeCgroups }),
    terminal: spec.config.Tty,
    ...(height > 0 && width > 0 ? { consoleSize: { rows: height, columns: width } } : {}),
    stdin: spec.config.OpenStdin ? (spec.config.StdinOnce ? "once" : "open") : "closed",
    log,
    oomEventsPath: compiled.oomEventsPath,
    onNetwork: async (namespace) => deps.networks.connect(await place(), namespace),
    ...(spec.config.Tty ? {} : { onMonitor: (process) => connectWaiting(container, process) }),
    // A terminal takes no input before it is ready, hooks are run at waits of their own, and a foreign runtime goes its own way.
    goesAhead: !spec.config.Tty && compiled.onWait === undefined && compiled.adopt === undefined,
  });
  try {
    // Only now: the message is with the shim, which is at work meanwhile.
    await launchedUnless(place(), launching);
    const process = await launching;
    container.process = process;
    deps.logKeeper.keep(owner, process);
    await connectWaiting(container, process);
    const started = await process.go();
    await compiled.onStarted?.(process.pid);
    return started;
  } catch (error) {
    throw processError(error, compiled.plan, spec.argv[0] ?? "", compiled.advice);
  }
}

/** docker-compat: places in networks are taken, and told of, by a start that fails for another reason too. */
function thenThrow(work: () => Promise<unknown>) {
  return async (error: unknown): Promise<never> => {
    await work();
    throw error;
  };
}

/** When there is no place for it in its networks, that is the reason, whatever else went wrong, and nothing is left running. */
async function launchedUnless(
  placed: Promise<readonly Endpoint[]>,
  launching: Promise<SupervisedProcess>,
): Promise<void> {
  launching.catch(() => undefined);
  try {
    await placed;
  } catch (error) {
    await launching.then((process) => process.signal(9).finally(() => process.detach())).catch(() => undefined);
    throw error;
  }
}

async function takePlaces(deps: LaunchDeps, container: Container, linked: LinkedStart): Promise<readonly Endpoint[]> {
  const endpoints = await reserveEndpoints(deps, container);
  publishVolumeEvents(deps.events, "mount", container);
  await fillHostFiles(deps, container, endpoints, linked.hosts);
  return endpoints;
}

interface Prepared {
  readonly root: RootMount;
  readonly linked: LinkedStart;
  readonly ownShm: string | undefined;
  readonly files: HostFiles;
  readonly mountSources: ReadonlyMap<string, string>;
}

/** What the plan names must be there before the shim has it. */
async function prepare(deps: LaunchDeps, container: Container): Promise<Prepared> {
  const root = await prepareSnapshot(deps, container.spec);
  const linked = await linkedStart(deps, container);
  const ownShm = ownSharedMemory(container, deps.paths);
  const [files, mountSources] = await Promise.all([
    makeHostFiles(deps, container).then((made) => labelHostFiles(deps, container, made)),
    mountsOf(deps, container, root),
    ownShm === undefined
      ? undefined
      : deps.hostMounts.sharedMemory(ownShm, container.spec.hostConfig.ShmSize, container.spec.labels?.mount),
  ]);
  return { root, linked, ownShm, files, mountSources };
}

function planOf(
  deps: LaunchDeps,
  { id, spec }: Container,
  { root, linked, ownShm, files, mountSources }: Prepared,
): Promise<CompiledPlan> {
  return deps.planner.container({
    spec,
    dir: deps.paths.containerRunDir(id),
    root,
    files,
    mountSources,
    linkVariables: linked.variables,
    init: wantsInit(spec.hostConfig, deps.config),
    ...(ownShm === undefined ? {} : { shmPath: ownShm }),
    ...sharedNamespaces(deps, spec.hostConfig),
  });
}

/** Clients that attached before the start get their streams before the first byte can be written. */
async function connectWaiting(container: Container, process: SupervisedProcess): Promise<void> {
  const waiting = [...container.waitingAttaches];
  container.waitingAttaches.clear();
  await Promise.all(
    waiting.map(async (attach) => {
      try {
        attach.connect(await process.attach(attach.streams));
      } catch (error) {
        attach.abandon();
        throw error;
      }
    }),
  );
}

/** All places before the first interface is made: only then is it known which gives the default route. */
async function reserveEndpoints(deps: LaunchDeps, container: Container): Promise<readonly Endpoint[]> {
  const endpoints: Endpoint[] = [];
  let known: Resident | undefined;
  for (const planned of plannedEndpoints(container.spec)) {
    const network = await deps.networks.find(planned.network);
    const publishes = !endpoints.some(({ ports }) => ports.length > 0);
    const request = endpointRequest(container, planned, network, publishes);
    const resident = network.predefined ? undefined : (known ??= await residentOf(deps, container));
    const endpoint = await deps.networks.reserve({ ...request, ...resident });
    endpoints.push(endpoint);
    await publishEndpointEvent(deps, "connect", endpoint);
  }
  return endpoints;
}

/** docker-compat: in another's pid namespace there is an init already. */
function wantsInit(host: HostConfig, config: EngineConfig): boolean {
  return (host.PidMode === "" || host.PidMode === "private") && (host.Init ?? config.init);
}

type HostFiles = ContainerPlanRequest["files"];

/**
 * What is bound over /etc/…; a container in another's network shows that one's, one without any network only its name. Files
 * that hold addresses are made without content on the first start: {@link fillHostFiles}.
 */
async function makeHostFiles(deps: LaunchDeps, container: Container): Promise<HostFiles> {
  const { hostConfig, config } = container.spec;
  const { paths, files } = deps;
  const filesOf = (id: string): Required<HostFiles> => ({
    hosts: paths.containerHosts(id),
    hostname: paths.containerHostname(id),
    resolvConf: paths.containerResolvConf(id),
  });
  if (hostConfig.NetworkMode.startsWith("container:"))
    return filesOf(deps.registry.find(hostConfig.NetworkMode.slice("container:".length)).id);
  const own = filesOf(container.id);
  await files.writeText(own.hostname, `${config.Hostname}\n`, 0o644);
  if (config.NetworkDisabled) return { hostname: own.hostname };
  for (const path of [own.hosts, own.resolvConf]) await files.makeFile(path, 0o644);
  return own;
}

/** Another's are shared with this container then. docker-compat: what is mounted over them keeps its label. */
function labelHostFiles(deps: LaunchDeps, { spec }: Container, files: HostFiles): HostFiles {
  if (spec.labels === undefined) return files;
  const { mount } = spec.labels;
  const label = spec.hostConfig.NetworkMode.startsWith("container:") ? sharedLabel(mount) : mount;
  const taken = new Set(spec.mounts.map(({ target }) => target));
  for (const [target, path] of [
    ["/etc/hosts", files.hosts],
    ["/etc/hostname", files.hostname],
    ["/etc/resolv.conf", files.resolvConf],
  ] as const)
    if (path !== undefined && !taken.has(target)) deps.fileLabels.set(path, label);
  return files;
}

/** In place: they may be mounted already. */
async function fillHostFiles(
  deps: LaunchDeps,
  container: Container,
  endpoints: readonly Endpoint[],
  linked: LinkedStart["hosts"],
): Promise<void> {
  const { hostConfig, config } = container.spec;
  if (hostConfig.NetworkMode.startsWith("container:") || config.NetworkDisabled) return;
  const inHostNetwork = hostConfig.NetworkMode === "host";
  const extraHosts = hostConfig.ExtraHosts ?? [];
  const hosts = hostsFile({
    hostname: config.Hostname,
    domainname: config.Domainname,
    addresses: endpoints.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter((address) => address !== ""),
    extraHosts,
    linked,
    hostGateways: namesHostGateway(extraHosts) ? await hostGateways(deps) : [],
    base: inHostNetwork ? await deps.files.readText("/etc/hosts") : undefined,
  });
  await deps.files.writeText(deps.paths.containerHosts(container.id), hosts, 0o644);
  await writeResolvConf(deps, container, endpoints);
}

/** docker-compat: the same in every network, also in `host` and `none`; none without a default network. */
async function hostGateways(deps: LaunchDeps): Promise<readonly string[]> {
  const { hostGatewayIps } = deps.config;
  if (hostGatewayIps.length > 0) return hostGatewayIps;
  const networks = await deps.networks.list();
  return networks.find(({ name }) => name === "bridge")?.pools.map(({ gateway }) => gateway) ?? [];
}

async function mountsOf(deps: LaunchDeps, container: Container, root: RootMount): Promise<ReadonlyMap<string, string>> {
  const sources = await prepareMounts(deps, container);
  for (const mount of container.spec.mounts) {
    if (mount.type !== "volume" || !mount.copyUp) continue;
    const volumePath = sources.get(mount.target) ?? mount.source;
    await deps.volumes.copyUp({ name: mount.name, volumePath, root, target: mount.target });
  }
  await relabelMounts(deps, container.spec, sources);
  return sources;
}
