import { BerthError } from "#base/errors.ts";
import type { CreateRequest } from "#spec/docker/container.ts";

type Setting = readonly [name: string, isSet: (request: CreateRequest) => boolean];

const any = (value: readonly unknown[] | Readonly<Record<string, unknown>> | null): boolean =>
  value !== null && Object.keys(value).length > 0;
const outside = (value: string, ...known: readonly string[]): boolean => !known.includes(value);

/** Settings of the API that this engine knows and cannot carry out yet. */
const settings: readonly Setting[] = [
  [
    "Config.Healthcheck",
    ({ config }) => any(config.Healthcheck?.Test ?? null) && config.Healthcheck?.Test?.[0] !== "NONE",
  ],
  ["Config.NetworkDisabled", ({ config }) => config.NetworkDisabled],
  ["HostConfig.VolumeDriver", ({ hostConfig }) => outside(hostConfig.VolumeDriver, "", "local")],
  ["HostConfig.Cgroup", ({ hostConfig }) => hostConfig.Cgroup !== ""],
  ["HostConfig.Links", ({ hostConfig }) => any(hostConfig.Links)],
  ["HostConfig.IpcMode", ({ hostConfig }) => outside(hostConfig.IpcMode, "", "private", "none", "host")],
  [
    "HostConfig.PidMode",
    ({ hostConfig }) =>
      outside(hostConfig.PidMode, "", "private", "host") && !hostConfig.PidMode.startsWith("container:"),
  ],
  ["HostConfig.UTSMode", ({ hostConfig }) => outside(hostConfig.UTSMode, "", "private", "host")],
  ["HostConfig.UsernsMode", ({ hostConfig }) => outside(hostConfig.UsernsMode, "", "host")],
  ["HostConfig.StorageOpt", ({ hostConfig }) => any(hostConfig.StorageOpt)],
  ["HostConfig.KernelMemory", ({ hostConfig }) => hostConfig.KernelMemory !== 0],
  ["HostConfig.KernelMemoryTCP", ({ hostConfig }) => hostConfig.KernelMemoryTCP !== 0],
  ["HostConfig.Init", ({ hostConfig }) => hostConfig.Init === true],
  ["HostConfig.CpuRealtimePeriod", ({ hostConfig }) => hostConfig.CpuRealtimePeriod !== 0],
  ["HostConfig.CpuRealtimeRuntime", ({ hostConfig }) => hostConfig.CpuRealtimeRuntime !== 0],
  ["HostConfig.DeviceRequests", ({ hostConfig }) => any(hostConfig.DeviceRequests)],
  ["HostConfig.CpuCount", ({ hostConfig }) => hostConfig.CpuCount !== 0],
  ["HostConfig.CpuPercent", ({ hostConfig }) => hostConfig.CpuPercent !== 0],
  ["HostConfig.IOMaximumIOps", ({ hostConfig }) => hostConfig.IOMaximumIOps !== 0],
  ["HostConfig.IOMaximumBandwidth", ({ hostConfig }) => hostConfig.IOMaximumBandwidth !== 0],
  [
    "HostConfig.Mounts.BindOptions.ReadOnlyNonRecursive",
    ({ hostConfig }) => (hostConfig.Mounts ?? []).some((mount) => mount.BindOptions?.ReadOnlyNonRecursive === true),
  ],
  [
    "HostConfig.Mounts.BindOptions.ReadOnlyForceRecursive",
    ({ hostConfig }) => (hostConfig.Mounts ?? []).some((mount) => mount.BindOptions?.ReadOnlyForceRecursive === true),
  ],
  [
    "HostConfig.Mounts.VolumeOptions.Labels",
    ({ hostConfig }) => (hostConfig.Mounts ?? []).some((mount) => any(mount.VolumeOptions?.Labels ?? null)),
  ],
  ["HostConfig.Mounts of type image", ({ hostConfig }) => hasMount(hostConfig.Mounts, "image")],
  ["HostConfig.Mounts of type npipe", ({ hostConfig }) => hasMount(hostConfig.Mounts, "npipe")],
  ["HostConfig.Mounts of type cluster", ({ hostConfig }) => hasMount(hostConfig.Mounts, "cluster")],
  ["NetworkingConfig.EndpointsConfig.Links", (request) => endpoints(request).some(({ Links }) => any(Links))],
  [
    "NetworkingConfig.EndpointsConfig.DriverOpts",
    (request) => endpoints(request).some(({ DriverOpts }) => any(DriverOpts)),
  ],
];

const hasMount = (mounts: CreateRequest["hostConfig"]["Mounts"], type: string): boolean =>
  (mounts ?? []).some((mount) => mount.Type === type);

const endpoints = (request: CreateRequest) =>
  Object.values(request.networkingConfig.EndpointsConfig ?? {}).filter((endpoint) => endpoint !== null);

/** `not-implemented` naming every setting that was asked for and is not supported; nothing is ever ignored. */
export function refuseUnsupported(request: CreateRequest): void {
  const refused = settings.filter(([, isSet]) => isSet(request)).map(([name]) => name);
  if (refused.length === 0) return;
  throw new BerthError("not-implemented", `not supported by this engine yet: ${refused.join(", ")}`);
}
