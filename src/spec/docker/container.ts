import type { Descriptor } from "../oci/image.ts";
import { createRequestConfig, type ContainerConfig } from "./container-config.ts";
import { hostConfig, type HostConfig, type PortBinding } from "./host-config.ts";
import type { MountPoint } from "./mount.ts";
import { networkingConfig, type EndpointSettings, type NetworkingConfig } from "./networking.ts";
import { decode, type Shape } from "./schema.ts";

/** Body of `POST /containers/create`: a container config with two more properties beside it. */
export interface CreateRequest {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networkingConfig: NetworkingConfig;
  /** What is mounted below a read-only source of `Binds` stays writable, as before API 1.44. */
  readonly shallowReadOnlyBinds?: boolean;
  /** Without a word about it, it is in the host's control group namespace where cgroup v1 is, as before API 1.41. */
  readonly hostCgroupNamespaceOnV1?: boolean;
  /** `HostConfig.Capabilities`, which API 1.40 had alone, names some. */
  readonly namesAllCapabilities: boolean;
}

const within = <T>(shape: Shape<T>, value: unknown, property: string): T =>
  value === undefined || value === null
    ? shape.zero
    : shape.decode(value, { struct: "CreateRequest", path: [property] });

/** Read a create body. `invalid-parameter` with Docker's words when it is no object or a property has the wrong type. */
export function decodeCreateRequest(body: unknown): CreateRequest {
  const config = decode(createRequestConfig, body);
  const properties = (body ?? {}) as Record<string, unknown>;
  let host: unknown;
  let networking: unknown;
  for (const key in properties) {
    const name = key.toLowerCase();
    if (name === "hostconfig") host = properties[key];
    else if (name === "networkingconfig") networking = properties[key];
  }
  const capabilities = (host as { readonly Capabilities?: unknown } | null | undefined)?.Capabilities;
  return {
    config,
    namesAllCapabilities: Array.isArray(capabilities) && capabilities.length > 0,
    hostConfig: within(hostConfig, host, "HostConfig"),
    networkingConfig: within(networkingConfig, networking, "NetworkingConfig"),
  };
}

export interface CreateResponse {
  readonly Id: string;
  readonly Warnings: readonly string[];
}

export type ContainerStateName = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** Inspect's `State`. Times are RFC 3339 with nanoseconds, `0001-01-01T00:00:00Z` for "never". */
export interface ContainerState {
  readonly Status: ContainerStateName;
  readonly Running: boolean;
  readonly Paused: boolean;
  readonly Restarting: boolean;
  readonly OOMKilled: boolean;
  readonly Dead: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
  readonly Health?: ContainerHealth;
}

export interface ContainerHealth {
  readonly Status: "starting" | "healthy" | "unhealthy";
  readonly FailingStreak: number;
  readonly Log: readonly {
    readonly Start: string;
    readonly End: string;
    readonly ExitCode: number;
    readonly Output: string;
  }[];
}

export interface NetworkSettings {
  readonly Bridge: string;
  readonly SandboxID: string;
  readonly SandboxKey: string;
  readonly Ports: Readonly<Record<string, readonly PortBinding[] | null>>;
  readonly HairpinMode: boolean;
  readonly LinkLocalIPv6Address: string;
  readonly LinkLocalIPv6PrefixLen: number;
  readonly SecondaryIPAddresses: null;
  readonly SecondaryIPv6Addresses: null;
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly IPv6Gateway: string;
  readonly MacAddress: string;
  readonly Networks: Readonly<Record<string, EndpointSettings>>;
}

export interface ContainerInspect {
  readonly Id: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: ContainerState;
  readonly Image: string;
  readonly ResolvConfPath: string;
  readonly HostnamePath: string;
  readonly HostsPath: string;
  readonly LogPath: string;
  /** With the leading slash. */
  readonly Name: string;
  readonly RestartCount: number;
  readonly Driver: string;
  readonly Platform: string;
  /** Since API 1.48. */
  readonly ImageManifestDescriptor?: Descriptor;
  readonly MountLabel: string;
  readonly ProcessLabel: string;
  readonly AppArmorProfile: string;
  readonly ExecIDs: readonly string[] | null;
  /** As printed: the properties Go marks omitempty are absent when empty. */
  readonly HostConfig: Partial<HostConfig>;
  readonly GraphDriver: { readonly Data: Readonly<Record<string, string>> | null; readonly Name: string };
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Mounts: readonly MountPoint[];
  readonly Config: Partial<ContainerConfig>;
  readonly NetworkSettings: NetworkSettings;
}

export interface PortSummary {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

/** One line of `GET /containers/json`. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  /** Since API 1.48; not in `GET /system/df`. */
  readonly ImageManifestDescriptor?: Descriptor;
  readonly Command: string;
  /** Unix seconds. */
  readonly Created: number;
  readonly Ports: readonly PortSummary[];
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Labels: Readonly<Record<string, string>>;
  readonly State: ContainerStateName;
  readonly Status: string;
  /** Since API 1.52. */
  readonly Health?: { readonly Status: "none" | ContainerHealth["Status"]; readonly FailingStreak: number };
  readonly HostConfig: { readonly NetworkMode: string; readonly Annotations?: Readonly<Record<string, string>> };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, EndpointSettings>> };
  readonly Mounts: readonly MountPoint[];
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface WaitResponse {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string };
}

export interface TopResponse {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}
