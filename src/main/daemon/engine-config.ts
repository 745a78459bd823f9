import type { EngineConfig } from "#engine/config.ts";
import { exists, readTextFile, writeFileAtomic } from "#host/files/files.ts";
import type { RemappedIds } from "#host/facts/subordinate-ids.ts";
import { newestApiVersion, oldestApiVersion } from "#server/docker/versions/api-version.ts";
import type { Layout } from "#state/layout.ts";
import { buildFacts } from "../build-facts.ts";
import type { DaemonSettings } from "./daemon-settings.ts";
import type { LiveSettings } from "./live-settings.ts";

/** The engine's view of the settings. What SIGHUP can change is asked anew at each look. */
export function engineConfig(
  live: LiveSettings,
  fixed: {
    readonly layout: Layout;
    readonly version: string;
    readonly seccompProfile: string;
    readonly remappedIds: RemappedIds | undefined;
  },
): EngineConfig {
  const settings = live.current;
  const { layout, version, seccompProfile, remappedIds } = fixed;
  return {
    version,
    ...buildFacts,
    apiVersion: newestApiVersion,
    minimumApiVersion: settings.minimumApiVersion || oldestApiVersion,
    dataRoot: layout.dataRoot,
    engineId: engineId(layout),
    experimental: settings.experimental,
    defaultLogConfig: { Type: settings.logDriver, Config: settings.logOptions },
    dns: settings.dns,
    dnsOptions: settings.dnsOptions,
    dnsSearch: settings.dnsSearch,
    hostGatewayIps: settings.hostGatewayIps,
    defaultStopTimeoutSeconds: settings.stopTimeoutSeconds,
    defaultUlimits: settings.defaultUlimits,
    init: settings.init,
    noNewPrivileges: settings.noNewPrivileges,
    cgroupParent: settings.cgroupParent,
    seccompProfile,
    remappedIds,
    cdiSpecDirs: settings.cdiSpecDirs,
    warnings: apiWarnings(settings),
    proxies: {
      http: settings.proxies["HTTP_PROXY"] ?? "",
      https: settings.proxies["HTTPS_PROXY"] ?? "",
      none: settings.proxies["NO_PROXY"] ?? "",
    },
    get labels() {
      return live.current.labels;
    },
    get debug() {
      return live.current.debug;
    },
    get features() {
      return live.current.features;
    },
    get runtimes() {
      return Object.fromEntries(
        Object.entries(live.current.runtimes).map(([name, { path = "", runtimeArgs = [] }]) => [
          name,
          { path, args: runtimeArgs },
        ]),
      );
    },
    get defaultRuntime() {
      return live.current.defaultRuntime;
    },
    get defaultShmSizeBytes() {
      return live.current.shmSizeBytes;
    },
    get defaultIpcMode() {
      return live.current.defaultIpcMode;
    },
    get defaultCgroupnsMode() {
      return live.current.defaultCgroupnsMode;
    },
    get liveRestore() {
      return live.current.liveRestore;
    },
    get shutdownTimeoutSeconds() {
      return live.current.shutdownTimeoutSeconds;
    },
    get insecureRegistries() {
      return live.current.insecureRegistries;
    },
    get registryMirrors() {
      return live.current.registryMirrors;
    },
    get concurrentDownloads() {
      return live.current.concurrentDownloads;
    },
    get concurrentUploads() {
      return live.current.concurrentUploads;
    },
    get downloadAttempts() {
      return live.current.downloadAttempts;
    },
  };
}

/** docker-compat: addresses whose callers nobody checks. */
function apiWarnings({ hosts, tls }: DaemonSettings): readonly string[] {
  if (tls?.verifyClients === true) return [];
  const how = tls === undefined ? ["http", "without encryption"] : ["https", "without TLS client verification"];
  return hosts
    .filter((host) => host.startsWith("tcp://"))
    .map(
      (host) =>
        `WARNING: API is accessible on ${how[0]}://${host.slice("tcp://".length)} ${how[1]}.
         Access to the remote API is equivalent to root access on the host. Refer
         to the 'Docker daemon attack surface' section in the documentation for
         more information: https://docs.docker.com/go/attack-surface/`,
    );
}

/** A random identity, kept for as long as the data root lives. */
export function engineId(layout: Layout): string {
  if (!exists(layout.engineIdFile)) writeFileAtomic(layout.engineIdFile, `${crypto.randomUUID()}\n`, { mode: 0o600 });
  return readTextFile(layout.engineIdFile, 256).trim();
}
