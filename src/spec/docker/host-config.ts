import {
  dict,
  flag,
  int,
  int64,
  list,
  named,
  nullable,
  omitEmpty,
  pair,
  struct,
  text,
  uint16,
  uint64,
  words,
  type Decoded,
} from "./schema.ts";
import { mount } from "./mount.ts";

const weightDevice = struct("blkiodev.WeightDevice", { Path: text, Weight: uint16 });
const throttleDevice = struct("blkiodev.ThrottleDevice", { Path: text, Rate: uint64 });
const deviceMapping = struct("container.DeviceMapping", {
  PathOnHost: text,
  PathInContainer: text,
  CgroupPermissions: text,
});
const deviceRequest = struct("container.DeviceRequest", {
  Driver: text,
  Count: int,
  DeviceIDs: list(text),
  Capabilities: list(list(text)),
  Options: dict(text),
});
const ulimit = struct("container.Ulimit", { Name: text, Hard: int64, Soft: int64 });

/** Limits (Engine API definition `Resources`): also the body of `POST /containers/{id}/update`. */
export const resourceFields = {
  CpuShares: int64,
  Memory: int64,
  NanoCpus: int64,
  CgroupParent: text,
  BlkioWeight: uint16,
  BlkioWeightDevice: list(weightDevice),
  BlkioDeviceReadBps: list(throttleDevice),
  BlkioDeviceWriteBps: list(throttleDevice),
  BlkioDeviceReadIOps: list(throttleDevice),
  BlkioDeviceWriteIOps: list(throttleDevice),
  CpuPeriod: int64,
  CpuQuota: int64,
  CpuRealtimePeriod: int64,
  CpuRealtimeRuntime: int64,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: list(deviceMapping),
  DeviceCgroupRules: list(text),
  DeviceRequests: list(deviceRequest),
  KernelMemory: omitEmpty(int64),
  KernelMemoryTCP: omitEmpty(int64),
  MemoryReservation: int64,
  MemorySwap: int64,
  MemorySwappiness: nullable(int64),
  OomKillDisable: nullable(flag),
  PidsLimit: nullable(int64),
  Ulimits: list(ulimit),
  CpuCount: int64,
  CpuPercent: int64,
  IOMaximumIOps: uint64,
  IOMaximumBandwidth: uint64,
} as const;

const resources = struct("container.Resources", resourceFields);
export type Resources = Decoded<typeof resources>;

const portBinding = struct("nat.PortBinding", { HostIp: text, HostPort: text });
export type PortBinding = Decoded<typeof portBinding>;

const logConfig = struct("container.LogConfig", { Type: text, Config: dict(text) });
export type LogConfig = Decoded<typeof logConfig>;

export const restartPolicy = struct("container.RestartPolicy", {
  Name: named("container.RestartPolicyMode"),
  MaximumRetryCount: int,
});
export type RestartPolicy = Decoded<typeof restartPolicy>;

/** What a container may use of this machine (Engine API definition `HostConfig`). */
export const hostConfig = struct("container.HostConfig", {
  Binds: list(text),
  ContainerIDFile: text,
  LogConfig: logConfig,
  NetworkMode: named("container.NetworkMode"),
  PortBindings: dict(list(portBinding)),
  RestartPolicy: restartPolicy,
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: list(text),
  ConsoleSize: pair,
  Annotations: omitEmpty(dict(text)),
  CapAdd: words,
  CapDrop: words,
  CgroupnsMode: named("container.CgroupnsMode"),
  Dns: list(text),
  DnsOptions: list(text),
  DnsSearch: list(text),
  ExtraHosts: list(text),
  GroupAdd: list(text),
  IpcMode: named("container.IpcMode"),
  Cgroup: named("container.CgroupSpec"),
  Links: list(text),
  OomScoreAdj: int,
  PidMode: named("container.PidMode"),
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: list(text),
  StorageOpt: omitEmpty(dict(text)),
  Tmpfs: omitEmpty(dict(text)),
  UTSMode: named("container.UTSMode"),
  UsernsMode: named("container.UsernsMode"),
  ShmSize: int64,
  Sysctls: omitEmpty(dict(text)),
  Runtime: omitEmpty(text),
  Isolation: named("container.Isolation"),
  ...resourceFields,
  Mounts: omitEmpty(list(mount)),
  MaskedPaths: list(text),
  ReadonlyPaths: list(text),
  Init: omitEmpty(nullable(flag)),
});
export type HostConfig = Decoded<typeof hostConfig>;
