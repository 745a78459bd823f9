import { BerthError, messageOf } from "#base/errors.ts";
import type { CreateBody } from "#client/containers-api.ts";
import type { CliIo } from "../cli-io.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { isCdiDevice, parseDevice } from "./options/device-spec.ts";
import { environmentOf, labelsOf } from "./options/environment.ts";
import { mountOptions } from "./options/mount-option.ts";
import { networkOptions } from "./options/network-option.ts";
import { endpointsConfig, checkMac } from "./options/endpoints.ts";
import { publishedPorts, type PublishedPorts } from "./options/publish.ts";
import {
  byteRates,
  gpuRequests,
  operationRates,
  pairs,
  ulimits,
  weightDevices,
  type DeviceRequest,
} from "./options/resource-options.ts";
import { securityOptions } from "./options/security-options.ts";
import { parseVolumeSpec } from "./options/volume-spec.ts";
import { parseRestartPolicy } from "./options/restart-policy.ts";

/** What `create` sends, and what `run` needs to know of it. */
export interface ContainerRequest {
  readonly image: string;
  readonly body: CreateBody;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly autoRemove: boolean;
  readonly oomKillDisable: boolean;
  readonly memory: number;
  readonly dns: readonly string[];
}

type Io = Pick<CliIo, "readFile" | "env" | "workingDirectory" | "stdout">;

/**
 * Turns the flags of `run` and `create` into the body of `POST /containers/create`, property for property what docker's
 * CLI sends. Contradictions are `invalid-parameter` with docker's sentence.
 */
export function containerRequest(flags: FlagValues, args: readonly string[], io: Io): ContainerRequest {
  try {
    return build(flags, args, io);
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw new BerthError("invalid-parameter", messageOf(error), { cause: error });
  }
}

function build(flags: FlagValues, args: readonly string[], io: Io): ContainerRequest {
  const [image = "", ...command] = args;
  const attach = flags.list("attach");
  const tty = flags.on("tty");
  const openStdin = flags.on("interactive");
  const attachStdin = attach.includes("stdin") || openStdin;
  const attachStdout = attach.length === 0 || attach.includes("stdout");
  const attachStderr = attach.length === 0 || attach.includes("stderr");
  const macAddress = flags.text("mac-address");
  if (macAddress !== "") checkMac(macAddress);
  const volumes = volumesAndBinds(flags.list("volume"), io.workingDirectory);
  const ports = publishedPorts(flags.list("publish"), flags.list("expose"));
  const config = {
    Hostname: flags.text("hostname"),
    Domainname: flags.text("domainname"),
    User: flags.text("user"),
    AttachStdin: attachStdin,
    AttachStdout: attachStdout,
    AttachStderr: attachStderr,
    ...optional("ExposedPorts", ports.exposed),
    Tty: tty,
    OpenStdin: openStdin,
    // A container that reads from its caller ends with it.
    StdinOnce: openStdin && attachStdin,
    Env: orNull(environmentOf(flags.list("env-file"), flags.list("env"), io)),
    Cmd: command.length === 0 ? null : command,
    ...healthcheck(flags),
    Image: image,
    Volumes: volumes.anonymous,
    WorkingDir: flags.text("workdir"),
    Entrypoint: entrypoint(flags),
    OnBuild: null,
    Labels: pairs(labelsOf(flags.list("label-file"), flags.list("label"), io)),
    ...optional("StopSignal", flags.text("stop-signal")),
    ...(flags.given("stop-timeout") ? { StopTimeout: flags.number("stop-timeout") } : {}),
  };
  const hostConfig = {
    ...hostSettings(flags, io, ports),
    Binds: volumes.binds.length === 0 ? null : volumes.binds,
    PortBindings: ports.bindings,
    ConsoleSize: consoleSize(io),
    ...resources(flags),
  };
  return {
    image,
    body: { ...config, HostConfig: hostConfig, NetworkingConfig: { EndpointsConfig: endpointsConfig(flags) } },
    tty,
    openStdin,
    attachStdin,
    attachStdout,
    attachStderr,
    autoRemove: flags.on("rm"),
    oomKillDisable: flags.on("oom-kill-disable"),
    memory: flags.number("memory"),
    dns: flags.list("dns"),
  };
}

function hostSettings(flags: FlagValues, io: Io, { allow }: PublishedPorts): Record<string, unknown> {
  const restartPolicy = parseRestartPolicy(flags.text("restart"));
  if (flags.on("rm") && restartPolicy.Name !== "no" && restartPolicy.Name !== "") {
    throw new Error("conflicting options: cannot specify both --restart and --rm");
  }
  const security = securityOptions(flags.list("security-opt"), io);
  return {
    ContainerIDFile: flags.text("cidfile"),
    LogConfig: { Type: flags.text("log-driver"), Config: logOptions(flags.text("log-driver"), flags.list("log-opt")) },
    NetworkMode: flags.get("network", networkOptions)[0]?.target ?? "default",
    RestartPolicy: restartPolicy,
    AutoRemove: flags.on("rm"),
    VolumeDriver: flags.text("volume-driver"),
    VolumesFrom: orNull(flags.list("volumes-from")),
    ...optional("Annotations", { ...pairs(flags.list("annotation")), ...ownAnnotations(flags), ...allow }),
    CapAdd: orNull(capabilities(flags.list("cap-add"))),
    CapDrop: orNull(capabilities(flags.list("cap-drop"))),
    CgroupnsMode: mode(flags.text("cgroupns"), ["", "private", "host"], "--cgroupns: invalid CGROUP mode"),
    Dns: flags.list("dns"),
    DnsOptions: flags.list("dns-option"),
    DnsSearch: flags.list("dns-search"),
    ExtraHosts: orNull(flags.list("add-host")),
    GroupAdd: orNull(flags.list("group-add")),
    IpcMode: flags.text("ipc"),
    Cgroup: "",
    Links: orNull(flags.list("link")),
    OomScoreAdj: flags.number("oom-score-adj"),
    PidMode: pidMode(flags.text("pid")),
    Privileged: flags.on("privileged"),
    PublishAllPorts: flags.on("publish-all"),
    ReadonlyRootfs: flags.on("read-only"),
    SecurityOpt: orNull(security.options),
    ...optional("StorageOpt", storageOptions(flags.list("storage-opt"))),
    ...optional("Tmpfs", tmpfsMounts(flags.list("tmpfs"))),
    UTSMode: mode(flags.text("uts"), ["", "host"], "--uts: invalid UTS mode"),
    UsernsMode: mode(flags.text("userns"), ["", "host"], "--userns: invalid USER mode"),
    ShmSize: flags.number("shm-size"),
    ...optional("Sysctls", pairs(flags.list("sysctl"))),
    ...optional("Runtime", flags.text("runtime")),
    Isolation: flags.text("isolation"),
    ...optional("Mounts", absoluteSources(flags, io.workingDirectory)),
    MaskedPaths: security.maskedPaths,
    ReadonlyPaths: security.readonlyPaths,
    ...(flags.given("init") ? { Init: flags.on("init") } : {}),
  };
}

function resources(flags: FlagValues): Record<string, unknown> {
  const swappiness = flags.number("memory-swappiness");
  if (swappiness < -1 || swappiness > 100) {
    throw new Error(`invalid value: ${String(swappiness)}. Valid memory swappiness range is 0-100`);
  }
  const devices = flags.list("device");
  const cdiDevices = devices.filter(isCdiDevice);
  const requests: readonly DeviceRequest[] = [
    ...flags.get("gpus", gpuRequests),
    ...(cdiDevices.length === 0
      ? []
      : [{ Driver: "cdi", Count: 0, DeviceIDs: cdiDevices, Capabilities: null, Options: null }]),
  ];
  return {
    CpuShares: flags.number("cpu-shares"),
    Memory: flags.number("memory"),
    NanoCpus: flags.number("cpus"),
    CgroupParent: flags.text("cgroup-parent"),
    BlkioWeight: flags.number("blkio-weight"),
    BlkioWeightDevice: flags.get("blkio-weight-device", weightDevices),
    BlkioDeviceReadBps: flags.get("device-read-bps", byteRates),
    BlkioDeviceWriteBps: flags.get("device-write-bps", byteRates),
    BlkioDeviceReadIOps: flags.get("device-read-iops", operationRates),
    BlkioDeviceWriteIOps: flags.get("device-write-iops", operationRates),
    CpuPeriod: flags.number("cpu-period"),
    CpuQuota: flags.number("cpu-quota"),
    CpuRealtimePeriod: flags.number("cpu-rt-period"),
    CpuRealtimeRuntime: flags.number("cpu-rt-runtime"),
    CpusetCpus: flags.text("cpuset-cpus"),
    CpusetMems: flags.text("cpuset-mems"),
    Devices: devices.filter((device) => !isCdiDevice(device)).map(parseDevice),
    DeviceCgroupRules: orNull(flags.list("device-cgroup-rule")),
    DeviceRequests: orNull(requests),
    MemoryReservation: flags.number("memory-reservation"),
    MemorySwap: flags.number("memory-swap"),
    MemorySwappiness: swappiness,
    OomKillDisable: flags.on("oom-kill-disable"),
    PidsLimit: flags.number("pids-limit"),
    Ulimits: flags.get("ulimit", ulimits),
    CpuCount: flags.number("cpu-count"),
    CpuPercent: flags.number("cpu-percent"),
    IOMaximumIOps: flags.number("io-maxiops"),
    IOMaximumBandwidth: flags.number("io-maxbandwidth"),
  };
}

/** What Docker's API has no field for; docs/health.md and docs/networks.md tell other clients of them. */
function ownAnnotations(flags: FlagValues): Record<string, string> {
  const annotations = {
    "berth.on-unhealthy": flags.text("on-unhealthy"),
    "berth.depends-on": flags.list("depends-on").join(","),
    "berth.depends-on.timeout": flags.text("depends-on-timeout"),
    "berth.net-rate": flags.text("net-rate"),
  };
  return Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== ""));
}

function healthcheck(flags: FlagValues): Record<string, unknown> {
  const tests = [
    ["CMD-SHELL", flags.text("health-cmd")],
    ["HTTP", flags.text("health-http")],
    ["TCP", flags.text("health-tcp")],
  ].filter(([, target]) => target !== "");
  if (tests.length > 1) throw new Error("--health-cmd, --health-http and --health-tcp exclude each other");
  const [test] = tests;
  const settings: Record<string, number> = {
    Interval: flags.number("health-interval"),
    Timeout: flags.number("health-timeout"),
    StartPeriod: flags.number("health-start-period"),
    StartInterval: flags.number("health-start-interval"),
    Retries: flags.number("health-retries"),
  };
  const given = test !== undefined || Object.values(settings).some((value) => value !== 0);
  if (flags.on("no-healthcheck")) {
    if (given) throw new Error("--no-healthcheck conflicts with --health-* options");
    return { Healthcheck: { Test: ["NONE"] } };
  }
  if (!given) return {};
  for (const name of ["interval", "timeout", "retries", "start-period", "start-interval"]) {
    if (flags.number(`health-${name}`) < 0) throw new Error(`--health-${name} cannot be negative`);
  }
  const set = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== 0));
  return { Healthcheck: { ...(test === undefined ? {} : { Test: test }), ...set } };
}

function entrypoint(flags: FlagValues): readonly string[] | null {
  const given = flags.text("entrypoint");
  if (given !== "") return [given];
  // `--entrypoint=` takes the image's away.
  return flags.given("entrypoint") ? [""] : null;
}

function volumesAndBinds(
  specs: readonly string[],
  workingDirectory: string,
): { readonly anonymous: Readonly<Record<string, Record<string, never>>>; readonly binds: readonly string[] } {
  const anonymous: Record<string, Record<string, never>> = {};
  const binds: string[] = [];
  for (const spec of new Set(specs)) {
    const { source, kind } = parseVolumeSpec(spec);
    if (source === "") anonymous[spec] = {};
    else if (kind === "bind" && source.startsWith(".")) {
      binds.push(`${resolvePath(workingDirectory, source)}${spec.slice(spec.indexOf(":"))}`);
    } else binds.push(spec);
  }
  return { anonymous, binds };
}

function absoluteSources(flags: FlagValues, workingDirectory: string): readonly Record<string, unknown>[] {
  return flags.get("mount", mountOptions).map((mount) => {
    const source = mount.Source;
    const relative = source !== undefined && (source === "." || source.startsWith("./"));
    return relative ? { ...mount, Source: resolvePath(workingDirectory, source) } : { ...mount };
  });
}

/** `path` made absolute and clean, as Go's filepath.Abs. */
function resolvePath(from: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${from}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function logOptions(driver: string, options: readonly string[]): Record<string, string> {
  if (driver === "none" && options.length > 0) throw new Error(`invalid logging opts for driver ${driver}`);
  return pairs(options);
}

function storageOptions(options: readonly string[]): Record<string, string> {
  if (options.some((option) => !option.includes("="))) throw new Error("invalid storage option");
  return pairs(options);
}

function tmpfsMounts(specs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    specs.map((spec) => {
      const colon = spec.indexOf(":");
      return colon === -1 ? [spec, ""] : [spec.slice(0, colon), spec.slice(colon + 1)];
    }),
  );
}

/** `net_admin` as `CAP_NET_ADMIN`, each once, sorted. */
function capabilities(names: readonly string[]): readonly string[] {
  const full = names
    .map((name) => name.toUpperCase())
    .map((name) => (name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`));
  return [...new Set(full)].toSorted();
}

function mode(value: string, allowed: readonly string[], complaint: string): string {
  if (!allowed.includes(value)) throw new Error(complaint);
  return value;
}

function pidMode(value: string): string {
  const valid = value === "" || value === "host" || /^container:.+/.test(value);
  if (!valid) throw new Error("--pid: invalid PID mode");
  return value;
}

function consoleSize({ stdout }: Io): readonly [number, number] {
  const size = stdout.windowSize();
  return size === undefined ? [0, 0] : [size.rows, size.columns];
}

function orNull<T>(items: readonly T[]): readonly T[] | null {
  return items.length === 0 ? null : items;
}

/** A property that docker leaves out when it is empty. */
function optional(name: string, value: string | object): Record<string, unknown> {
  const empty = typeof value === "string" ? value === "" : Object.keys(value).length === 0;
  return empty ? {} : { [name]: value };
}
