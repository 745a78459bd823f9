import { formatTime } from "#base/time.ts";
import type { CgroupFeatures, CgroupManager } from "#host/cgroup/types.ts";
import type { ImageService } from "#image/types.ts";
import { logDriverNames } from "#logs/options/plan-log.ts";
import { readCdi } from "#runtime/cdi/read-cdi.ts";
import { features as ownFeatures } from "#runtime/cli/documents.ts";
import type { ForeignFeatures } from "#runtime/foreign/foreign-features.ts";
import type { InfoResponse, RegistryServiceConfig } from "#spec/docker/system.ts";
import type { EngineConfig } from "../config.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { stateName } from "../container/state.ts";
import type { MachineFacts } from "../host-facts.ts";
import type { Clock, Events, HostCounters, Volumes } from "../ports.ts";

export interface InfoDeps {
  readonly config: EngineConfig;
  readonly machine: MachineFacts;
  readonly clock: Clock;
  readonly registry: ContainerRegistry;
  readonly images: ImageService;
  readonly events: Events;
  readonly cgroups: Pick<CgroupManager, "features">;
  readonly counters: Pick<HostCounters, "process" | "ipv4Forwarding">;
  readonly volumes: Pick<Volumes, "drivers">;
  readonly foreignFeatures: Pick<ForeignFeatures, "of">;
}

/** `GET /info`. */
export function info(deps: InfoDeps) {
  return async (): Promise<InfoResponse> => {
    const { config, machine } = deps;
    const names = deps.registry.all().map((container) => stateName(container.status));
    const count = (...states: readonly string[]): number => names.filter((name) => states.includes(name)).length;
    const features = deps.cgroups.features();
    const own = deps.counters.process();
    const forwarding = deps.counters.ipv4Forwarding();
    const running = count("running", "restarting");
    const paused = count("paused");
    return {
      ID: config.engineId,
      Containers: names.length,
      ContainersRunning: running,
      ContainersPaused: paused,
      ContainersStopped: names.length - running - paused,
      Images: (await deps.images.list()).length,
      Driver: "overlay2",
      DriverStatus: [
        ["Backing Filesystem", machine.backingFileSystem],
        // Without either there could be no container.
        ["Supports d_type", "true"],
        ["userxattr", "false"],
      ],
      Plugins: {
        Volume: deps.volumes.drivers,
        Network: ["bridge", "host", "null"],
        Authorization: null,
        Log: logDriverNames,
      },
      MemoryLimit: features.memory,
      SwapLimit: features.swap,
      ...(machine.cgroupVersion === 1 && features.memory ? { KernelMemoryTCP: true } : {}),
      CpuCfsPeriod: features.cpuQuota,
      CpuCfsQuota: features.cpuQuota,
      CPUShares: features.cpuShares,
      CPUSet: features.cpuset,
      PidsLimit: features.pids,
      IPv4Forwarding: forwarding,
      Debug: config.debug,
      NFd: own.openFiles,
      OomKillDisable: features.oomKillDisable,
      // What is nearest to goroutines here: what the kernel schedules of this process.
      NGoroutines: own.threads,
      SystemTime: formatTime(deps.clock.nowNs()),
      LoggingDriver: config.defaultLogConfig.Type,
      CgroupDriver: "cgroupfs",
      CgroupVersion: String(machine.cgroupVersion),
      NEventsListener: deps.events.listeners,
      KernelVersion: machine.kernelVersion,
      OperatingSystem: machine.operatingSystem,
      OSVersion: machine.osVersion,
      OSType: "linux",
      Architecture: machine.machine,
      IndexServerAddress: "https://index.docker.io/v1/",
      RegistryConfig: registryConfig(config),
      NCPU: machine.cpus,
      MemTotal: machine.memoryBytes,
      GenericResources: null,
      DockerRootDir: config.dataRoot,
      HttpProxy: maskPassword(config.proxies.http),
      HttpsProxy: maskPassword(config.proxies.https),
      NoProxy: config.proxies.none,
      Name: machine.hostname,
      Labels: config.labels,
      ExperimentalBuild: config.experimental,
      ServerVersion: config.version,
      Runtimes: await runtimesShown(deps),
      DefaultRuntime: config.defaultRuntime,
      Swarm: {
        NodeID: "",
        NodeAddr: "",
        LocalNodeState: "inactive",
        ControlAvailable: false,
        Error: "",
        RemoteManagers: null,
      },
      LiveRestoreEnabled: config.liveRestore,
      Isolation: "",
      InitBinary: "docker-init",
      ContainerdCommit: { ID: "" },
      // Parts of this program.
      RuncCommit: { ID: config.gitCommit },
      InitCommit: { ID: config.gitCommit },
      SecurityOptions: [
        ...(machine.apparmor ? ["name=apparmor"] : []),
        ...(machine.seccomp ? [`name=seccomp,profile=${seccompShown(config.seccompProfile)}`] : []),
        ...(machine.selinux === undefined ? [] : ["name=selinux"]),
        ...(machine.cgroupVersion === 2 && machine.cgroupNamespaces ? ["name=cgroupns"] : []),
        ...(config.remappedIds === undefined ? [] : ["name=userns"]),
        ...(config.noNewPrivileges ? ["name=no-new-privileges"] : []),
      ],
      CDISpecDirs: config.cdiSpecDirs,
      ...discoveredDevices(config.cdiSpecDirs),
      FirewallBackend: { Driver: "nftables" },
      Warnings: warnings(config, features, machine.cgroupVersion, forwarding),
    };
  };
}

/** Since API 1.50: what `--device` and `--gpus` can name; absent when there is nothing. */
function discoveredDevices(folders: readonly string[]): Pick<InfoResponse, "DiscoveredDevices"> {
  const names = readCdi(folders).devices.names();
  return names.length === 0 ? {} : { DiscoveredDevices: names.map((ID) => ({ Source: "cdi", ID })) };
}

/** docker-compat: what the person should know, and what this machine cannot do. Null when there is nothing. */
function warnings(
  config: EngineConfig,
  features: CgroupFeatures,
  cgroupVersion: 1 | 2,
  forwarding: boolean,
): readonly string[] | null {
  const lacks: readonly (readonly [there: boolean, what: string])[] = [
    [features.memory, "No memory limit support"],
    [features.swap, "No swap limit support"],
    [features.oomKillDisable || cgroupVersion === 2, "No oom kill disable support"],
    [features.cpuQuota, "No cpu cfs quota support"],
    [features.cpuQuota, "No cpu cfs period support"],
    [features.cpuShares, "No cpu shares support"],
    [features.cpuset, "No cpuset support"],
    [features.pids, "No pids limit support"],
    [forwarding, "IPv4 forwarding is disabled"],
  ];
  const told = [...config.warnings, ...lacks.filter(([there]) => !there).map(([, what]) => `WARNING: ${what}`)];
  return told.length === 0 ? null : told;
}

/** docker-compat: who may read info may not read the proxy's password. */
function maskPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^@/]*@/i, "$1xxxxx:xxxxx@");
}

/** `status` since API 1.44, its values JSON as text. */
async function runtimesShown({ config, foreignFeatures }: InfoDeps): Promise<InfoResponse["Runtimes"]> {
  const status = (features: unknown): Readonly<Record<string, string>> =>
    features === undefined ? {} : { "org.opencontainers.runtime-spec.features": JSON.stringify(features) };
  const registered = Object.entries(config.runtimes).map(
    async ([name, runtime]) =>
      [
        name,
        {
          path: runtime.path,
          ...(runtime.args.length === 0 ? {} : { runtimeArgs: runtime.args }),
          status: status(await foreignFeatures.of(runtime)),
        },
      ] as const,
  );
  return {
    berth: { path: "berth-runtime", status: status(ownFeatures) },
    ...Object.fromEntries(await Promise.all(registered)),
  };
}

/** docker-compat: a profile of one's own is told, not shown. */
function seccompShown(profile: string): string {
  return profile === "builtin" || profile === "unconfined" ? profile : "custom";
}

function registryConfig(config: EngineConfig): RegistryServiceConfig {
  const indexes: Record<string, RegistryServiceConfig["IndexConfigs"][string]> = {
    "docker.io": { Name: "docker.io", Mirrors: config.registryMirrors, Secure: true, Official: true },
  };
  for (const name of config.insecureRegistries) {
    if (!name.includes("/")) indexes[name] = { Name: name, Mirrors: [], Secure: false, Official: false };
  }
  return {
    InsecureRegistryCIDRs: [
      "::1/128",
      "127.0.0.0/8",
      ...config.insecureRegistries.filter((entry) => entry.includes("/")),
    ],
    IndexConfigs: indexes,
    Mirrors: config.registryMirrors,
  };
}
