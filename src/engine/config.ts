import type { RemappedIds } from "#host/facts/subordinate-ids.ts";
import type { LogConfig, Resources } from "#spec/docker/host-config.ts";

/**
 * What a person decides about the engine as a whole (flags and daemon.json). Some of it changes while the engine runs:
 * a use case reads a property when it needs it and keeps no copy.
 */
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
  readonly experimental: boolean;
  readonly features: Readonly<Record<string, boolean>>;
  /** Other OCI runtimes, by the name containers ask for. */
  readonly runtimes: Readonly<Record<string, { readonly path: string; readonly args: readonly string[] }>>;
  /** `berth`, the engine's own, or one of {@link runtimes}. */
  readonly defaultRuntime: string;
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
  /** Folders with CDI specifications, the later ones win. */
  readonly cdiSpecDirs: readonly string[];
  /** What `host-gateway` stands for; empty = the default bridge's address. */
  readonly hostGatewayIps: readonly string[];
  readonly defaultStopTimeoutSeconds: number;
  /** For containers that say neither yes nor no. */
  readonly noNewPrivileges: boolean;
  /** Containers' ids in user namespaces of their own; undefined: they are the host's. */
  readonly remappedIds: RemappedIds | undefined;
  /** Where containers' cgroups are when nobody says otherwise. */
  readonly cgroupParent: string;
  /** A profile's text, `builtin` or `unconfined`, for containers that name none. */
  readonly seccompProfile: string;
  /** Containers go on running when the engine is stopped in order. A killed engine never takes them along. */
  readonly liveRestore: boolean;
  /** Negative: no limit. */
  readonly shutdownTimeoutSeconds: number;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly concurrentDownloads: number;
  readonly concurrentUploads: number;
  readonly downloadAttempts: number;
  /** Sentences about settings that are dangerous, for who asks for info. */
  readonly warnings: readonly string[];
  /** As info shows them. */
  readonly proxies: { readonly http: string; readonly https: string; readonly none: string };
}
