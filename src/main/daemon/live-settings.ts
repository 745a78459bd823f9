import type { DaemonSettings } from "./daemon-settings.ts";

/** What SIGHUP takes anew; everything else stays as it was at the start. */
const reloadable = [
  "labels",
  "liveRestore",
  "shutdownTimeoutSeconds",
  "features",
  "runtimes",
  "defaultRuntime",
  "shmSizeBytes",
  "defaultIpcMode",
  "defaultCgroupnsMode",
  "debug",
  "logLevel",
  "insecureRegistries",
  "registryMirrors",
  "registryRules",
  "imageCleanup",
  "concurrentDownloads",
  "concurrentUploads",
  "downloadAttempts",
] as const satisfies readonly (keyof DaemonSettings)[];

/** The settings in force. Who asks `current` again after a reload sees the new ones. */
export class LiveSettings {
  #current: DaemonSettings;

  constructor(initial: DaemonSettings) {
    this.#current = initial;
  }

  get current(): DaemonSettings {
    return this.#current;
  }

  /** Take over what may change while the engine runs. Gives the names of those that differ and wait for a restart. */
  reload(next: DaemonSettings): readonly string[] {
    const before = this.#current;
    this.#current = { ...before, ...Object.fromEntries(reloadable.map((name) => [name, next[name]])) };
    const rest = (Object.keys(next) as (keyof DaemonSettings)[]).filter(
      (name) => !reloadable.some((own) => own === name) && name !== "idle",
    );
    return rest.filter((name) => JSON.stringify(next[name]) !== JSON.stringify(before[name]));
  }
}

/** docker-compat: the attributes of the `reload` event, in the words of dockerd's settings. */
export function reloadAttributes(settings: DaemonSettings): Readonly<Record<string, string>> {
  const { runtimes, features } = settings;
  return {
    debug: String(settings.debug),
    "default-cgroupns-mode": settings.defaultCgroupnsMode,
    "default-ipc-mode": settings.defaultIpcMode,
    "default-runtime": settings.defaultRuntime,
    "default-shm-size": String(settings.shmSizeBytes),
    features: `map[${Object.entries(features)
      .map(([name, on]) => `${name}:${on}`)
      .toSorted()
      .join(" ")}]`,
    "insecure-registries": JSON.stringify(settings.insecureRegistries),
    labels: JSON.stringify(settings.labels),
    "live-restore": String(settings.liveRestore),
    "max-concurrent-downloads": String(settings.concurrentDownloads),
    "max-concurrent-uploads": String(settings.concurrentUploads),
    "max-download-attempts": String(settings.downloadAttempts),
    "registry-mirrors": JSON.stringify(settings.registryMirrors),
    runtimes: Object.entries(runtimes)
      .map(([name, { path, runtimeArgs }]) => `${name}:${JSON.stringify({ path, runtimeArgs })}`)
      .join(" "),
    "shutdown-timeout": String(settings.shutdownTimeoutSeconds),
  };
}
