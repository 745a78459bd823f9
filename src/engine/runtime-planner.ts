import { isDeepStrictEqual } from "node:util";
import type { CgroupManager } from "#host/cgroup/types.ts";
import { blockDeviceNumbers, deviceAt, devicesAt, hostDevices } from "#host/facts/devices.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { checkPropagation } from "#host/mounts/mount-propagation.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { statx } from "#host/kernel/syscalls.ts";
import { defaultProfileName } from "#runtime/apparmor/default-profile.ts";
import { applyCdi } from "#runtime/cdi/apply-cdi.ts";
import { requestedDevices } from "#runtime/cdi/device-requests.ts";
import { readCdi } from "#runtime/cdi/read-cdi.ts";
import { compileContainer } from "#runtime/compile/compile-container.ts";
import { compileExec } from "#runtime/compile/compile-exec.ts";
import { cgroupResources } from "#runtime/compile/device-steps.ts";
import { processSteps } from "#runtime/compile/process-steps.ts";
import { FilterCache } from "#runtime/compile/filter-cache.ts";
import { containerLimits, containerSpec, machineResources } from "#runtime/docker/container-spec.ts";
import { execProcess } from "#runtime/docker/exec-process.ts";
import type { ContainerMount, ContainerSpecInput, HostDevice, UserNamespace } from "#runtime/docker/types.ts";
import { refuseEmulated, type Emulation, type Emulators } from "#runtime/emulation/emulators.ts";
import type { MakeCgroups } from "#runtime/types.ts";
import { KnownUsers } from "#runtime/user/known-users.ts";
import type { ResolvedUser } from "#runtime/user/types.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { Resources, RuntimeSpec } from "#spec/oci/runtime.ts";
import { cgroupPathOf } from "./cgroup-path.ts";
import type { EngineConfig } from "./config.ts";
import { hasHooks, hookedLaunch, runPoststop } from "#runtime/hooks/hooked-launch.ts";
import { ownerMaps } from "./container/mounts/mount-owner.ts";
import type { ContainerSpec, MountSpec } from "./container/spec.ts";
import { ForeignPlanner } from "./foreign-planner.ts";
import { ownRuntimes } from "./own-runtime.ts";
import { withReleasedDevices } from "./released-devices.ts";
import { hasOwnUserNamespace, userNamespaceOf } from "./user-namespace.ts";
import type { EnginePaths } from "./ports.ts";
import type { CompiledPlan, ContainerPlanRequest, ExecPlanRequest, RuntimePlanner } from "./planner-ports.ts";

/** The engine's settings for containers that do not say otherwise. */
export type PlannerDefaults = Pick<
  EngineConfig,
  "cgroupParent" | "noNewPrivileges" | "seccompProfile" | "defaultUlimits" | "cdiSpecDirs" | "runtimes" | "remappedIds"
>;

/** Compiles for this machine: looks up users and devices, leaves the rest to the pure compilers. */
export class NativePlanner implements RuntimePlanner {
  readonly #cgroups: CgroupManager;
  readonly #facts: RuntimeFacts;
  readonly #defaults: PlannerDefaults;
  readonly #apparmor: { ensure(): Promise<void> };
  readonly #emulators: Pick<Emulators, "offer" | "advice">;
  readonly #filters = new FilterCache();
  readonly #users = new KnownUsers();

  /** What execs took over from each container last: most execs of one are by one user. */
  readonly #takenOver = new WeakMap<ContainerSpec, { readonly by: string; readonly made: RuntimeSpec }>();
  readonly #foreign: ForeignPlanner;
  readonly #initBinary: { path(): string };
  readonly #emptyMounts: string | undefined;

  constructor(deps: {
    readonly cgroups: CgroupManager;
    readonly facts: RuntimeFacts;
    /** Sees to it that the kernel has the default AppArmor profile. */
    readonly apparmor: { ensure(): Promise<void> };
    readonly emulators: Pick<Emulators, "offer" | "advice">;
    /** The program for `--init`, a file of the host. */
    readonly initBinary: { path(): string };
    /** A mount namespace that has nothing, if there is one. */
    readonly emptyMounts: string | undefined;
    readonly defaults: PlannerDefaults;
    readonly paths: Pick<EnginePaths, "runtimeStateDir" | "foreignStageDir">;
  }) {
    this.#cgroups = deps.cgroups;
    this.#facts = deps.facts;
    this.#apparmor = deps.apparmor;
    this.#emulators = deps.emulators;
    this.#initBinary = deps.initBinary;
    this.#emptyMounts = deps.emptyMounts;
    this.#defaults = deps.defaults;
    this.#foreign = new ForeignPlanner(deps);
  }

  get cgroupParent(): string {
    return this.#defaults.cgroupParent;
  }

  async container(request: ContainerPlanRequest): Promise<CompiledPlan> {
    const { spec, root } = request;
    const foreign = this.#foreign.find(spec.hostConfig.Runtime);
    const emulation = foreign === undefined ? this.#emulation(spec) : undefined;
    const input = this.#input(request, emulation);
    for (const mount of input.mounts) if (mount.type === "bind") checkPropagation(mount.source, mount.propagation);
    const made = this.#withDevices(containerSpec(input), spec.hostConfig);
    if (made.spec.process?.apparmorProfile === defaultProfileName) await this.#apparmor.ensure();
    const { userNamespace } = input;
    if (foreign !== undefined) return this.#foreign.container(foreign, request, made, userNamespace);
    const hooked = hookedLaunch(made.spec, { id: spec.id, dir: request.dir });
    const { cgroupPath } = input;
    const cgroup = this.#cgroups.open(cgroupPath);
    const { plan, warnings } = compileContainer({
      id: spec.id,
      spec: made.spec,
      root,
      emptyMounts: this.#emptyMounts,
      emulation,
      ...(userNamespace === undefined || userNamespace.sameIds === true ? {} : { rootMappings: userNamespace }),
      cgroup: cgroup.entry,
      awaitsCgroups: true,
      cgroupPath,
      facts: this.#facts,
      filters: this.#filters,
      ...hooked?.compile,
    });
    const { platform } = spec.image;
    return {
      plan,
      makeCgroups: (announcement) => this.#cgroups.createBeside(cgroupPath, cgroupResources(made.spec), announcement),
      ...hooked?.run,
      oomEventsPath: cgroup.oomEventsPath,
      advice: platform === undefined ? undefined : this.#emulators.advice(platform),
      warnings: [...made.warnings, ...warnings],
    };
  }

  makesNetwork(spec: ContainerSpec): boolean {
    const { NetworkMode, PidMode, IpcMode, Runtime } = spec.hostConfig;
    const { platform } = spec.image;
    if (NetworkMode === "host" || !(Runtime === "" || ownRuntimes.includes(Runtime))) return false;
    if ([NetworkMode, PidMode, IpcMode].some((mode) => mode.startsWith("container:"))) return false;
    const emulated = platform !== undefined && this.#emulators.offer(platform) !== undefined;
    return userNamespaceOf({ spec, namespaces: {} }, this.#defaults, emulated ? platform : undefined) === undefined;
  }

  cgroupsAhead(spec: ContainerSpec): MakeCgroups | undefined {
    const { hostConfig } = spec;
    // CDI specifications have rules for devices too: they are read for the plan.
    if (!this.#cgroups.createsBeside || (hostConfig.DeviceRequests ?? []).length > 0) return undefined;
    try {
      if (this.#foreign.find(hostConfig.Runtime) !== undefined) return undefined;
      const limits = containerLimits(this.#limited(hostConfig), []);
      const resources = cgroupResources({ linux: { resources: limits } });
      return (announcement) => this.#cgroups.createBeside(this.cgroupPath(spec), resources, announcement);
    } catch {
      return undefined;
    }
  }

  /** Handlers for a container whose image is another architecture's. */
  #emulation({
    image: { platform },
    hostConfig: { Privileged, PidMode, IpcMode },
  }: ContainerSpec): Emulation | undefined {
    const emulation = platform === undefined ? undefined : this.#emulators.offer(platform);
    if (emulation === undefined || platform === undefined) return undefined;
    if (Privileged) throw refuseEmulated("privileged mode", platform);
    if (PidMode === "host") throw refuseEmulated("the host's PID namespace", platform);
    if (IpcMode === "host") throw refuseEmulated("the host's IPC namespace", platform);
    return emulation;
  }

  /** With the devices that CDI specifications describe, which are read anew: drivers write them while the engine runs. */
  #withDevices(made: ReturnType<typeof containerSpec>, host: HostConfig): ReturnType<typeof containerSpec> {
    const requests = host.DeviceRequests ?? [];
    if (requests.length === 0) return made;
    const { devices, problems } = readCdi(this.#defaults.cdiSpecDirs);
    const edits = devices.edits(requestedDevices(requests, devices));
    const spec = applyCdi(made.spec, edits, (path) => deviceAt(path));
    return { spec, warnings: [...made.warnings, ...problems] };
  }

  check(spec: ContainerSpec): readonly string[] {
    const { CapAdd, CapDrop, Privileged, SecurityOpt, Ulimits, DeviceCgroupRules, OomScoreAdj } = spec.hostConfig;
    const lists = [CapAdd, CapDrop, SecurityOpt, Ulimits, DeviceCgroupRules];
    if (!Privileged && OomScoreAdj === 0 && lists.every((list) => (list ?? []).length === 0)) return [];
    const plain = { ...spec.hostConfig, Devices: [], Privileged: false };
    const input = this.#inputOf(
      { ...spec, hostConfig: plain, mounts: [] },
      { uid: 0, gid: 0, additionalGids: [], home: "/" },
    );
    const made = containerSpec({ ...input, hostConfig: { ...plain, Privileged }, files: {}, namespaces: {} });
    const { process } = made.spec;
    if (process === undefined) return made.warnings;
    const { facts } = input;
    const steps = processSteps({
      id: spec.id,
      process,
      seccomp: undefined,
      facts,
      filters: this.#filters,
      userNamespace: false,
      role: "init",
    });
    return [...made.warnings, ...steps.warnings];
  }

  changeLimits(before: ContainerSpec, after: ContainerSpec): { readonly warnings: readonly string[]; undo(): void } {
    const warnings: string[] = [];
    const old = this.#limits(before, []);
    const asked = this.#limits(after, warnings);
    const blockIO = withReleasedDevices(old.blockIO, asked.blockIO);
    const wanted: Resources = blockIO === undefined ? asked : { ...asked, blockIO };
    const changed = Object.fromEntries(
      Object.entries(wanted).filter(([name, value]) => !isDeepStrictEqual(value, old[name as keyof Resources])),
    );
    return { warnings, undo: this.#cgroups.open(this.cgroupPath(after)).update(changed) };
  }

  #limits({ hostConfig }: ContainerSpec, warnings: string[]): Resources {
    return machineResources({ hostConfig, blockDevices: blockDevicesOf(hostConfig), facts: this.#facts }, warnings);
  }

  async exec(request: ExecPlanRequest): Promise<CompiledPlan> {
    const { container, pid, startTicks, root, linkVariables, exec } = request;
    const { hostConfig, config } = container;
    const user = this.#users.find(root, exec.User || config.User, hostConfig.GroupAdd ?? []);
    const userNamespace = hasOwnUserNamespace(pid) ? { uid: [], gid: [] } : undefined;
    const made = this.#container(container, user, linkVariables, userNamespace);
    const process = execProcess({ container: made, exec, user, facts: this.#facts });
    const foreign = this.#foreign.find(hostConfig.Runtime);
    if (foreign !== undefined) return this.#foreign.exec(foreign, request, process);
    const entry = this.#cgroups.open(this.cgroupPath(container)).entry;
    const { plan, warnings } = compileExec({
      id: container.id,
      spec: made,
      process,
      target: { pid, startTicks },
      cgroup: entry,
      facts: this.#facts,
      filters: this.#filters,
    });
    return { plan, oomEventsPath: undefined, warnings };
  }

  mustForget(spec: ContainerSpec, dir: string): boolean {
    return this.#foreign.find(spec.hostConfig.Runtime) !== undefined || hasHooks(dir);
  }

  forget(spec: ContainerSpec, dir: string): Promise<void> {
    const foreign = this.#foreign.find(spec.hostConfig.Runtime);
    return foreign === undefined ? runPoststop({ id: spec.id, dir }) : this.#foreign.forget(foreign, spec.id);
  }

  userIds(root: RootMount, user: string): { readonly uid: number; readonly gid: number } {
    const { uid, gid } = this.#users.find(root, user, []);
    return { uid, gid };
  }

  cgroupPath(spec: ContainerSpec): string {
    return cgroupPathOf(spec, this.cgroupParent);
  }

  #input(request: ContainerPlanRequest, emulation: Emulation | undefined): ContainerSpecInput {
    const { spec, root, files, namespaces, mountSources, linkVariables, init, shmPath } = request;
    const user = this.#users.find(root, spec.config.User, spec.hostConfig.GroupAdd ?? []);
    return {
      ...this.#inputOf(spec, user),
      mounts: spec.mounts.map((mount) => withOwner(mount, containerMount(mount, mountSources.get(mount.target)))),
      files,
      namespaces,
      userNamespace: userNamespaceOf(request, this.#defaults, emulation && spec.image.platform),
      linkVariables,
      ...(shmPath === undefined ? {} : { shmPath }),
      ...(init ? { initPath: this.#initBinary.path() } : {}),
    };
  }

  /** The spec a running container has, for what an exec takes over from it. An update of the container is another key. */
  #container(
    spec: ContainerSpec,
    user: ResolvedUser,
    linkVariables: readonly string[],
    userNamespace: UserNamespace | undefined,
  ): RuntimeSpec {
    const by = JSON.stringify([user, linkVariables, userNamespace]);
    const known = this.#takenOver.get(spec);
    if (known?.by === by) return known.made;
    const input = { ...this.#inputOf(spec, user), linkVariables, userNamespace, files: {}, namespaces: {} };
    const { spec: made } = containerSpec(input);
    this.#takenOver.set(spec, { by, made });
    return made;
  }

  /** What the limits of a container are made of. */
  #limited(hostConfig: HostConfig): Pick<ContainerSpecInput, "hostConfig" | "devices" | "blockDevices" | "facts"> {
    return {
      hostConfig,
      devices: devicesOf(hostConfig),
      blockDevices: blockDevicesOf(hostConfig),
      facts: this.#facts,
    };
  }

  #inputOf(spec: ContainerSpec, user: ResolvedUser): Omit<ContainerSpecInput, "files" | "namespaces"> {
    const { hostConfig } = spec;
    return {
      id: spec.id,
      config: spec.config,
      argv: spec.argv,
      ...this.#limited(hostConfig),
      user,
      mounts: spec.mounts.map((mount) => containerMount(mount, undefined)),
      cgroupPath: this.cgroupPath(spec),
      defaultUlimits: this.#defaults.defaultUlimits,
      noNewPrivileges: this.#defaults.noNewPrivileges,
      seccompProfile: this.#defaults.seccompProfile,
      labels: spec.labels,
    };
  }
}

/** `prepared`: where the engine made its source, if it had to. */
function containerMount(mount: MountSpec, prepared: string | undefined): ContainerMount {
  const { target: destination, readOnly } = mount;
  const whole = { propagation: "", recursive: true, recursiveReadOnly: "if-possible" } as const;
  switch (mount.type) {
    case "tmpfs":
      return { type: "tmpfs", destination, options: [...(readOnly ? ["ro"] : []), ...mount.options] };
    case "image":
      return { type: "bind", source: prepared ?? "", destination, readOnly, ...whole };
    case "volume": {
      const source = prepared ?? mount.source;
      return { type: "bind", source, destination, readOnly, ownIds: mount.driver === undefined, ...whole };
    }
    case "bind": {
      const { source, propagation, recursive, recursiveReadOnly = "if-possible" } = mount;
      return { type: "bind", source, destination, readOnly, propagation, recursive, recursiveReadOnly };
    }
  }
}

/** Whose the files are on the disk is looked up now: the image may have filled the volume just before. */
function withOwner(mount: MountSpec, made: ContainerMount): ContainerMount {
  const owner = mount.type === "bind" || mount.type === "volume" ? mount.owner : undefined;
  if (owner === undefined || made.type !== "bind") return made;
  return { ...made, idMaps: ownerMaps(owner, statx(AT_FDCWD, made.source)) };
}

function devicesOf({ Devices, Privileged }: HostConfig): readonly HostDevice[] {
  const asked = (Devices ?? []).flatMap(({ PathOnHost, PathInContainer, CgroupPermissions }) =>
    devicesAt(PathOnHost, PathInContainer || PathOnHost).map((one) => ({ ...one, access: CgroupPermissions || "rwm" })),
  );
  return Privileged ? [...hostDevices().map((one) => ({ ...one, access: "rwm" })), ...asked] : asked;
}

function blockDevicesOf(host: HostConfig): ContainerSpecInput["blockDevices"] {
  const limits = [
    host.BlkioWeightDevice,
    host.BlkioDeviceReadBps,
    host.BlkioDeviceWriteBps,
    host.BlkioDeviceReadIOps,
    host.BlkioDeviceWriteIOps,
  ];
  return Object.fromEntries(limits.flatMap((list) => (list ?? []).map(({ Path }) => [Path, blockDeviceNumbers(Path)])));
}
