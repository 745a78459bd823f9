import { BerthError } from "#base/errors.ts";
import type { CreateRequest } from "#spec/docker/container.ts";

type Setting = readonly [name: string, isSet: (request: CreateRequest) => boolean];

const any = (value: readonly unknown[] | Readonly<Record<string, unknown>> | null): boolean =>
  value !== null && Object.keys(value).length > 0;
const outside = (value: string, ...known: readonly string[]): boolean => !known.includes(value);

/** Settings of the API that this engine knows and cannot carry out yet. */
const settings: readonly Setting[] = [
  ["HostConfig.VolumeDriver", ({ hostConfig }) => outside(hostConfig.VolumeDriver, "", "local")],
  ["HostConfig.StorageOpt", ({ hostConfig }) => any(hostConfig.StorageOpt)],
  ["HostConfig.DeviceRequests", ({ hostConfig }) => any(hostConfig.DeviceRequests)],
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
