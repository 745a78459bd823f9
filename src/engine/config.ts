import type { LogConfig, Resources } from "#spec/docker/host-config.ts";

/** What a person decides about the engine as a whole (flags and daemon.json). */
export interface EngineConfig {
  readonly version: string;
  readonly gitCommit: string;
  /** ISO 8601. */
  readonly buildTime: string;
  readonly apiVersion: string;
  readonly minimumApiVersion: string;
  readonly dataRoot: string;
  /** Stable identity of this engine, shown by info. */
  readonly engineId: string;
  readonly labels: readonly string[];
  readonly debug: boolean;
  readonly defaultLogConfig: LogConfig;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly defaultShmSizeBytes: number;
  /** Containers get an init of ours as pid 1 unless they say otherwise. */
  readonly init: boolean;
  readonly defaultIpcMode: "private" | "shareable";
  /** "" = what the machine's cgroup version suggests. */
  readonly defaultCgroupnsMode: "" | "host" | "private";
  readonly defaultUlimits: NonNullable<Resources["Ulimits"]>;
  /** "" = the engine's own. */
  readonly cgroupParent: string;
  /** Folders with CDI specifications, the later ones win. */
  readonly cdiSpecDirs: readonly string[];
  /** What `host-gateway` stands for; empty = the default bridge's address. */
  readonly hostGatewayIps: readonly string[];
  readonly defaultStopTimeoutSeconds: number;
  /** Containers go on running when the engine is stopped in order. A killed engine never takes them along. */
  readonly liveRestore: boolean;
  readonly shutdownTimeoutSeconds: number;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
}
