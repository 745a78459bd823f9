import { formatTime } from "#base/time.ts";
import type { ImageService } from "#image/types.ts";
import { logDriverNames } from "#logs/options/plan-log.ts";
import type { InfoResponse, RegistryServiceConfig } from "#spec/docker/system.ts";
import type { EngineConfig } from "../config.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { stateName } from "../container/state.ts";
import type { MachineFacts } from "../host-facts.ts";
import type { Clock, Events } from "../ports.ts";

export interface InfoDeps {
  readonly config: EngineConfig;
  readonly machine: MachineFacts;
  readonly clock: Clock;
  readonly registry: ContainerRegistry;
  readonly images: ImageService;
  readonly events: Events;
}

/** `GET /info`. */
export function info(deps: InfoDeps) {
  return async (): Promise<InfoResponse> => {
    const { config, machine } = deps;
    const names = deps.registry.all().map((container) => stateName(container.status));
    const count = (...states: readonly string[]): number => names.filter((name) => states.includes(name)).length;
    const has = (controller: string): boolean => machine.cgroupControllers.includes(controller);
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
      DriverStatus: [["Backing Filesystem", "overlayfs"]],
      Plugins: {
        Volume: ["local"],
        Network: ["bridge", "host", "null"],
        Authorization: null,
        Log: logDriverNames,
      },
      MemoryLimit: has("memory"),
      SwapLimit: has("memory"),
      CpuCfsPeriod: has("cpu"),
      CpuCfsQuota: has("cpu"),
      CPUShares: has("cpu"),
      CPUSet: has("cpuset"),
      PidsLimit: has("pids"),
      IPv4Forwarding: true,
      Debug: config.debug,
      NFd: 0,
      OomKillDisable: machine.cgroupVersion === 1 && has("memory"),
      NGoroutines: 0,
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
      HttpProxy: "",
      HttpsProxy: "",
      NoProxy: "",
      Name: machine.hostname,
      Labels: config.labels,
      ExperimentalBuild: false,
      ServerVersion: config.version,
      Runtimes: { berth: { path: "berth-runtime" } },
      DefaultRuntime: "berth",
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
      InitBinary: "",
      ContainerdCommit: { ID: "" },
      RuncCommit: { ID: "" },
      InitCommit: { ID: "" },
      SecurityOptions: [
        ...(machine.apparmor ? ["name=apparmor"] : []),
        ...(machine.seccomp ? ["name=seccomp,profile=builtin"] : []),
        ...(machine.cgroupVersion === 2 && machine.cgroupNamespaces ? ["name=cgroupns"] : []),
      ],
      CDISpecDirs: [],
      Warnings: null,
    };
  };
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
