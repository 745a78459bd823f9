import { BerthError } from "#base/errors.ts";
import type { CreateRequest } from "#spec/docker/container.ts";
import type { Mount } from "#spec/docker/mount.ts";
import type { EndpointSettings } from "#spec/docker/networking.ts";
import type { ApiVersion } from "./api-version.ts";
import { moveToEndpoint, type Moved } from "./endpoint-settings.ts";

/** What a create request of an old client means today. */
interface Upgrade {
  /** API 1.`before` brought what this takes away or asks for. */
  readonly before: number;
  readonly reason: string;
  readonly apply: (request: CreateRequest) => CreateRequest;
}

const host = (request: CreateRequest, hostConfig: Partial<CreateRequest["hostConfig"]>): CreateRequest => ({
  ...request,
  hostConfig: { ...request.hostConfig, ...hostConfig },
});

/** Without the limits of these names: most requests have none, and need no copy. */
const unlimited = (request: CreateRequest, name: "KernelMemory" | "KernelMemoryTCP"): CreateRequest =>
  request.hostConfig[name] === 0 ? request : host(request, { [name]: 0 });

const eachMount = (request: CreateRequest, change: (mount: Mount) => Mount): CreateRequest => {
  const { Mounts } = request.hostConfig;
  return Mounts === undefined || Mounts === null ? request : host(request, { Mounts: Mounts.map(change) });
};

const bindOptions = (request: CreateRequest, options: Partial<NonNullable<Mount["BindOptions"]>>): CreateRequest =>
  eachMount(request, (mount) =>
    mount.BindOptions === null ? mount : { ...mount, BindOptions: { ...mount.BindOptions, ...options } },
  );

const eachEndpoint = (
  request: CreateRequest,
  change: (settings: EndpointSettings) => EndpointSettings,
): CreateRequest => {
  const endpoints = Object.entries(request.networkingConfig.EndpointsConfig ?? {});
  const changed = endpoints.map(([name, settings]) => [name, settings === null ? null : change(settings)] as const);
  return {
    ...request,
    networkingConfig: { ...request.networkingConfig, EndpointsConfig: Object.fromEntries(changed) },
  };
};

const refuse = (message: string): never => {
  throw new BerthError("invalid-parameter", message);
};

/** Newest first. docker-compat: what would be wrong to do without is refused, in Docker's words; the rest is ignored. */
const upgrades: readonly Upgrade[] = [
  {
    before: 48,
    reason: "endpoints had no priorities, and images no mounts",
    apply: (request) => {
      if (request.hostConfig.Mounts?.some(({ Type }) => Type === "image") === true)
        return refuse('Mount type "Image" needs API v1.48 or newer');
      return eachEndpoint(request, (settings) => ({ ...settings, GwPriority: 0 }));
    },
  },
  {
    before: 45,
    reason: "volumes were mounted whole",
    apply: (request) => {
      const asks = request.hostConfig.Mounts?.some(({ VolumeOptions }) => (VolumeOptions?.Subpath ?? "") !== "");
      return asks === true ? refuse("VolumeOptions.Subpath needs API v1.45 or newer") : request;
    },
  },
  {
    before: 44,
    reason: "what is mounted below a read-only bind stayed writable",
    apply: (request) => {
      const asks = request.hostConfig.Mounts?.some(({ BindOptions }) => BindOptions?.ReadOnlyForceRecursive === true);
      if (asks === true) return refuse("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
      return {
        ...eachMount(request, (mount) =>
          mount.Type === "bind"
            ? { ...mount, BindOptions: { ...(mount.BindOptions ?? noBindOptions), ReadOnlyNonRecursive: true } }
            : mount,
        ),
        shallowReadOnlyBinds: true,
      };
    },
  },
  {
    before: 44,
    reason: "containers began in one network, with an address of the whole container",
    apply: (request) => {
      const names = Object.keys(request.networkingConfig.EndpointsConfig ?? {});
      if (names.length > 1)
        return refuse(`Container cannot be created with multiple network endpoints: ${names.join(", ")}`);
      return eachEndpoint(request, (settings) => ({ ...settings, MacAddress: "" }));
    },
  },
  {
    before: 44,
    reason: "health checks had one interval",
    apply: ({ config, ...request }) => {
      const { Healthcheck } = config;
      return {
        ...request,
        config: { ...config, Healthcheck: Healthcheck === null ? null : { ...Healthcheck, StartInterval: 0 } },
      };
    },
  },
  { before: 43, reason: "there were no annotations", apply: (request) => host(request, { Annotations: null }) },
  {
    before: 42,
    reason: "sources were not made, terminals had no size from the start, and options of other types were let pass",
    apply: (request) =>
      eachMount(bindOptions(host(request, { ConsoleSize: [0, 0] }), { CreateMountpoint: false }), (mount) => ({
        ...mount,
        VolumeOptions: mount.Type === "volume" ? mount.VolumeOptions : null,
        TmpfsOptions: mount.Type === "tmpfs" ? mount.TmpfsOptions : null,
      })),
  },
  {
    before: 41,
    reason: "control group namespaces were the host's",
    apply: (request) => ({ ...request, hostCgroupNamespaceOnV1: true }),
  },
  {
    before: 40,
    reason: "binds took what is mounted below with them, and containers shared their IPC when asked",
    apply: (request) =>
      host(bindOptions(request, { NonRecursive: false }), { IpcMode: request.hostConfig.IpcMode || "shareable" }),
  },
];

const noBindOptions: NonNullable<Mount["BindOptions"]> = {
  Propagation: "",
  NonRecursive: false,
  CreateMountpoint: false,
  ReadOnlyNonRecursive: false,
  ReadOnlyForceRecursive: false,
};

/** Limits that a version took away are not heard of since; newest first. */
const removals: readonly (Omit<Upgrade, "before"> & { readonly since: number })[] = [
  {
    since: 52,
    reason: "memory of the kernel for TCP has no limit of its own any more",
    apply: (request) => unlimited(request, "KernelMemoryTCP"),
  },
  {
    since: 42,
    reason: "memory of the kernel has no limit of its own any more",
    apply: (request) => unlimited(request, "KernelMemory"),
  },
];

/**
 * A body of `POST /containers/create` as a client of API `version` meant it, and what the client is to be told about it.
 * `invalid-parameter` when it has what only newer ones know and cannot be left out, or what only older ones had.
 */
export function upgradeCreate(request: CreateRequest, version: ApiVersion): Moved {
  const { minor } = version;
  if (minor === 40 && request.namesAllCapabilities)
    return refuse(
      "the HostConfig.Capabilities field is not supported by this daemon; use CapAdd and CapDrop to set capabilities",
    );
  let upgraded = request;
  for (const { before, apply } of upgrades) if (minor < before) upgraded = apply(upgraded);
  for (const { since, apply } of removals) if (minor >= since) upgraded = apply(upgraded);
  const moved = moveToEndpoint(upgraded, minor);
  return { request: moved.request, warnings: [...warningsFor(upgraded, minor), ...moved.warnings] };
}

function warningsFor({ hostConfig }: CreateRequest, minor: number): readonly string[] {
  const { VolumeDriver, Mounts, PortBindings } = hostConfig;
  const warnings: string[] = [];
  const isUnclear = Mounts?.some(
    ({ Type, VolumeOptions }) => Type === "volume" && (VolumeOptions?.DriverConfig?.Name ?? "") === "",
  );
  // API 1.48: the client told it before.
  if (minor >= 48 && VolumeDriver !== "" && isUnclear === true)
    warnings.push(
      "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead",
    );
  const ports = PortBindings ?? {};
  const unbound = Object.keys(ports).filter((port) => (ports[port] ?? []).length === 0);
  if (minor >= 52 && unbound.length > 0)
    warnings.push(
      `Following container port(s) have an empty list of port-bindings: ${unbound.join(", ")}. Such bindings will be discarded in a future version.`,
    );
  return warnings;
}
