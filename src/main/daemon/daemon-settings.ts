import type { LogLevel } from "#base/log.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import type { Ulimit } from "#cli/container/options/resource-options.ts";
import type { CleanSchedule } from "#engine/image/scheduled-clean.ts";
import type { RegistryRule } from "#remote/registry-rules.ts";
import { parseConfigFile, unusableFile, type ConfigFile } from "./config-file.ts";
import { OptionValues } from "./option-values.ts";
import type { RuntimeEntry } from "./options/value-kinds.ts";
import { cleanupSettings } from "./settings/cleanup-settings.ts";
import { containerSettings } from "./settings/container-settings.ts";
import { listenSettings, type TlsSettings } from "./settings/listen-settings.ts";
import { logSettings } from "./settings/log-settings.ts";
import { networkSettings, type NetworkSettings } from "./settings/network-settings.ts";
import { registrySettings } from "./settings/registry-settings.ts";
import { stateSettings } from "./settings/state-settings.ts";

/** Everything a person can decide about one engine, checked. */
export interface DaemonSettings {
  /** Where they were read, for the next time. */
  readonly configFile: string;
  /** `unix://PATH`, `tcp://HOST:PORT` or `fd://NAME`; empty: the engine's own socket. */
  readonly hosts: readonly string[];
  readonly socketGroup: string;
  readonly dockerSocket: boolean;
  readonly tls: TlsSettings | undefined;
  /** The person insists on TCP that asks nobody who they are. */
  readonly openTcp: boolean;
  /** "" = this engine's oldest. */
  readonly minimumApiVersion: string;
  readonly experimental: boolean;
  /** `HOST:PORT`, "" for none. */
  readonly metricsAddress: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidFile: string;
  readonly labels: readonly string[];
  /** Whose ids containers have; "": the host's. */
  readonly userNamespaceRemap: string;
  readonly selinux: boolean;
  /** Programs that run other architectures', by Go's names of these. */
  readonly emulators: Readonly<Record<string, string>>;
  readonly liveRestore: boolean;
  /** Negative: for ever. */
  readonly shutdownTimeoutSeconds: number;
  readonly features: Readonly<Record<string, boolean>>;
  readonly runtimes: Readonly<Record<string, RuntimeEntry>>;
  readonly defaultRuntime: string;
  readonly debug: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: "text" | "json";
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly defaultCgroupnsMode: "" | "host" | "private";
  readonly defaultIpcMode: "private" | "shareable";
  readonly shmSizeBytes: number;
  readonly defaultUlimits: readonly Ulimit[];
  readonly stopTimeoutSeconds: number;
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
  /** A path, `builtin` or `unconfined`. */
  readonly seccompProfile: string;
  readonly cdiSpecDirs: readonly string[];
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly hostGatewayIps: readonly string[];
  readonly network: NetworkSettings;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly registryRules: readonly RegistryRule[];
  /** Undefined: unused images stay. */
  readonly imageCleanup: CleanSchedule | undefined;
  readonly concurrentDownloads: number;
  readonly concurrentUploads: number;
  readonly downloadAttempts: number;
  /** Environment variables that name proxies. */
  readonly proxies: Readonly<Record<string, string>>;
  /** Options that were given and have no effect, with the reason. */
  readonly idle: readonly { readonly name: string; readonly why: string }[];
}

export interface SettingsSources {
  /** Undefined for a missing file, which is an error only when the person named it. */
  readFile(path: string): string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
}

/** Flags over daemon.json over defaults. A setting given in both places is refused, as dockerd does. */
export function daemonSettings(flags: FlagValues, sources: SettingsSources): DaemonSettings {
  const path = flags.text("config-file");
  const values = new OptionValues(flags, configFile(path, flags, sources));
  values.refuseUnsupported(path);
  return {
    configFile: path,
    ...listenSettings(values, sources),
    ...stateSettings(values),
    ...logSettings(values),
    ...containerSettings(values),
    ...networkSettings(values),
    ...registrySettings(values, sources.env),
    ...cleanupSettings(values),
    idle: values.idle(),
  };
}

function configFile(path: string, flags: FlagValues, sources: SettingsSources): ConfigFile {
  const text = path === "" ? undefined : sources.readFile(path);
  if (text !== undefined) return parseConfigFile(text, path, flags);
  if (path !== "" && flags.given("config-file")) throw unusableFile(path, `open ${path}: no such file or directory`);
  return new Map();
}
