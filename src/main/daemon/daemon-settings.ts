import { BerthError } from "#base/errors.ts";
import type { LogLevel } from "#base/log.ts";
import { parseBytes } from "#base/units.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import type { AddressPool } from "#network/ipam/choose-subnet.ts";
import { parseCidr } from "#network/ipam/subnet.ts";
import { parseConfigFile, type ConfigFile } from "./config-file.ts";

/** Everything a person can decide about one engine, checked. */
export interface DaemonSettings {
  readonly hosts: readonly string[];
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidFile: string;
  readonly socketGroup: string;
  readonly insecureTcp: boolean;
  readonly dockerSocket: boolean;
  readonly debug: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: "text" | "json";
  readonly labels: readonly string[];
  readonly liveRestore: boolean;
  readonly shutdownTimeoutSeconds: number;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly concurrentDownloads: number;
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly shmSizeBytes: number;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly network: {
    readonly bridge: string | undefined;
    readonly bip: string | undefined;
    readonly mtu: number;
    readonly interContainer: boolean;
    readonly masquerade: boolean;
    readonly forward: boolean;
    readonly publishAddress: string | undefined;
    readonly addressPools: readonly AddressPool[] | undefined;
  };
}

const DEFAULT_CONFIG = "/etc/berth/daemon.json";
const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
const LOG_FORMATS = ["text", "json"] as const;

const bad = (message: string): BerthError => new BerthError("invalid-parameter", message);

/**
 * Flags over daemon.json over defaults. `readFile` gives undefined for a missing file, which is an error only when the
 * person named it. A setting given in both places is refused, as dockerd does.
 */
export function daemonSettings(flags: FlagValues, readFile: (path: string) => string | undefined): DaemonSettings {
  const file = configFile(flags, readFile);
  const pick = new Picker(flags, file);
  const execRoot = absolute(pick.text("exec-root") || "/run/berth", "exec-root");
  const debug = pick.flag("debug");
  return {
    hosts: pick.list("host", "hosts"),
    dataRoot: absolute(pick.text("data-root") || "/var/lib/berth", "data-root"),
    execRoot,
    pidFile: pick.text("pidfile"),
    socketGroup: pick.text("group") || "berth",
    insecureTcp: pick.flag("insecure-tcp"),
    dockerSocket: pick.flag("docker-socket"),
    debug,
    logLevel: debug ? "debug" : oneOf(LOG_LEVELS, pick.text("log-level") || "info", "log-level"),
    logFormat: oneOf(LOG_FORMATS, pick.text("log-format") || "text", "log-format"),
    labels: pick.list("label", "labels"),
    liveRestore: pick.flag("live-restore"),
    shutdownTimeoutSeconds: pick.number("shutdown-timeout"),
    insecureRegistries: pick.list("insecure-registry", "insecure-registries"),
    registryMirrors: pick.list("registry-mirror", "registry-mirrors"),
    concurrentDownloads: atLeast(1, pick.number("max-concurrent-downloads"), "max-concurrent-downloads"),
    logDriver: pick.text("log-driver") || "local",
    logOptions: pick.pairs("log-opt", "log-opts"),
    shmSizeBytes: parseBytes(pick.text("default-shm-size") || "64MiB"),
    dns: pick.list("dns"),
    dnsOptions: pick.list("dns-opt", "dns-opts"),
    dnsSearch: pick.list("dns-search"),
    network: {
      bridge: pick.text("bridge") || undefined,
      bip: pick.text("bip") || undefined,
      mtu: pick.number("mtu"),
      interContainer: pick.flag("icc"),
      masquerade: pick.flag("ip-masq"),
      forward: pick.flag("ip-forward"),
      publishAddress: pick.text("ip") || undefined,
      addressPools: addressPools(flags, file),
    },
  };
}

function configFile(flags: FlagValues, readFile: (path: string) => string | undefined): ConfigFile {
  const path = flags.text("config-file") || DEFAULT_CONFIG;
  const text = readFile(path);
  if (text === undefined) {
    if (flags.given("config-file"))
      throw new BerthError("not-found", `unable to configure the daemon with file ${path}: no such file`);
    return {};
  }
  const file = parseConfigFile(text, path);
  const twice = Object.keys(file).filter((key) => flagOf(key) !== undefined && flags.given(flagOf(key) ?? ""));
  if (twice.length > 0) {
    throw bad(
      `unable to configure the daemon with file ${path}: the following directives are specified both as a flag and in the configuration file: ${twice.join(", ")}`,
    );
  }
  return file;
}

const PLURALS: Readonly<Record<string, string>> = {
  hosts: "host",
  labels: "label",
  "insecure-registries": "insecure-registry",
  "registry-mirrors": "registry-mirror",
  "log-opts": "log-opt",
  "dns-opts": "dns-opt",
  "default-address-pools": "default-address-pool",
};
const flagOf = (key: string): string | undefined => PLURALS[key] ?? key;

/** Reads one setting from the flags, or else from the file. */
class Picker {
  readonly #flags: FlagValues;
  readonly #file: ConfigFile;

  constructor(flags: FlagValues, file: ConfigFile) {
    this.#flags = flags;
    this.#file = file;
  }

  text(name: string): string {
    return (this.#file[name] as string | undefined) ?? this.#flags.text(name);
  }
  flag(name: string): boolean {
    return (this.#file[name] as boolean | undefined) ?? this.#flags.on(name);
  }
  number(name: string): number {
    return (this.#file[name] as number | undefined) ?? this.#flags.number(name);
  }
  list(name: string, key = name): readonly string[] {
    return (this.#file[key] as readonly string[] | undefined) ?? this.#flags.list(name);
  }
  pairs(name: string, key: string): Readonly<Record<string, string>> {
    const given = this.#file[key] as Readonly<Record<string, string>> | undefined;
    return given ?? Object.fromEntries(this.#flags.list(name).map((word) => keyValue(word, name)));
  }
}

function keyValue(word: string, flag: string): [string, string] {
  const at = word.indexOf("=");
  if (at < 1) throw bad(`invalid argument ${JSON.stringify(word)} for --${flag}: want key=value`);
  return [word.slice(0, at), word.slice(at + 1)];
}

function addressPools(flags: FlagValues, file: ConfigFile): readonly AddressPool[] | undefined {
  const fromFile = file["default-address-pools"] as
    | readonly { readonly base: string; readonly size: number }[]
    | undefined;
  if (fromFile !== undefined) return fromFile.map(({ base, size }) => ({ base: parseCidr(base).subnet, size }));
  const words = flags.list("default-address-pool");
  if (words.length === 0) return undefined;
  return words.map((word) => {
    const { base, size } = Object.fromEntries(word.split(",").map((part) => keyValue(part, "default-address-pool")));
    if (base === undefined || !/^\d+$/.test(size ?? ""))
      throw bad(`invalid --default-address-pool ${JSON.stringify(word)}: want base=CIDR,size=BITS`);
    return { base: parseCidr(base).subnet, size: Number(size) };
  });
}

function absolute(path: string, flag: string): string {
  if (!path.startsWith("/")) throw bad(`--${flag} must be an absolute path: ${path}`);
  return path.replace(/(?<=.)\/+$/, "");
}

function oneOf<T extends string>(allowed: readonly T[], value: string, flag: string): T {
  const found = allowed.find((word) => word === value);
  if (found === undefined) {
    throw bad(`invalid --${flag} ${JSON.stringify(value)}: want one of ${allowed.join(", ")}`);
  }
  return found;
}

function atLeast(least: number, value: number, flag: string): number {
  if (value < least) throw bad(`invalid --${flag} ${value}: must be ${least} or more`);
  return value;
}
