/**
 * The fields of the API's bodies and their types, as data. A type is a scalar's name, `[type]` for a list, `{type}` for
 * a map from strings, or a nested table.
 */
export type FieldType = string | readonly [FieldType] | { readonly of: FieldType } | Fields;
export interface Fields {
  readonly fields: Readonly<Record<string, FieldType>>;
}

/** `Name Other` lines, all of one type. */
const each = (type: FieldType, names: string): Record<string, FieldType> =>
  Object.fromEntries(names.split(" ").map((name) => [name, type]));
const table = (fields: Record<string, FieldType>): Fields => ({ fields });

const rate = table({ Path: "string", Rate: "uint64" });
const resources: Record<string, FieldType> = {
  ...each(
    "int64",
    "CpuShares Memory NanoCpus CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime KernelMemory MemoryReservation",
  ),
  ...each("int64", "MemorySwap MemorySwappiness PidsLimit CpuCount CpuPercent"),
  ...each("uint64", "IOMaximumIOps IOMaximumBandwidth"),
  ...each("string", "CgroupParent CpusetCpus CpusetMems"),
  ...each("bool", "OomKillDisable Init"),
  ...each([rate], "BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps"),
  BlkioWeight: "uint16",
  BlkioWeightDevice: [table({ Path: "string", Weight: "uint16" })],
  Devices: [table(each("string", "PathOnHost PathInContainer CgroupPermissions"))],
  DeviceCgroupRules: ["string"],
  DeviceRequests: [
    table({
      Driver: "string",
      Count: "int",
      DeviceIDs: ["string"],
      Capabilities: [["string"]],
      Options: { of: "string" },
    }),
  ],
  Ulimits: [table({ Name: "string", Hard: "int64", Soft: "int64" })],
};

const health = table({
  Test: ["string"],
  ...each("int64", "Interval Timeout StartPeriod StartInterval"),
  Retries: "int",
});

const config: Record<string, FieldType> = {
  ...each("string", "Hostname Domainname User Image WorkingDir MacAddress StopSignal"),
  ...each("bool", "AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce ArgsEscaped NetworkDisabled"),
  ...each({ of: "empty" }, "ExposedPorts Volumes"),
  ...each(["string"], "Env OnBuild"),
  ...each("words", "Cmd Entrypoint Shell"),
  Healthcheck: health,
  Labels: { of: "string" },
  StopTimeout: "int",
};

const endpoint = table({
  IPAMConfig: table({ ...each("string", "IPv4Address IPv6Address"), LinkLocalIPs: ["string"] }),
  ...each(["string"], "Links Aliases DNSNames"),
  ...each("string", "MacAddress NetworkID EndpointID Gateway IPAddress IPv6Gateway GlobalIPv6Address"),
  DriverOpts: { of: "string" },
  ...each("int", "GwPriority IPPrefixLen GlobalIPv6PrefixLen"),
});

const mount = table({
  ...each("string", "Type Source Target Consistency"),
  ReadOnly: "bool",
  BindOptions: table({
    Propagation: "string",
    ...each("bool", "NonRecursive CreateMountpoint ReadOnlyNonRecursive ReadOnlyForceRecursive"),
  }),
  VolumeOptions: table({
    NoCopy: "bool",
    Labels: { of: "string" },
    Subpath: "string",
    DriverConfig: table({ Name: "string", Options: { of: "string" } }),
  }),
  TmpfsOptions: table({ SizeBytes: "int64", Mode: "uint", Options: [["string"]] }),
});

const hostConfig = table({
  ...resources,
  ...each(["string"], "Binds VolumesFrom Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt MaskedPaths"),
  ReadonlyPaths: ["string"],
  ...each("string", "ContainerIDFile NetworkMode VolumeDriver CgroupnsMode IpcMode Cgroup PidMode UTSMode UsernsMode"),
  ...each("string", "Runtime Isolation"),
  ...each("bool", "AutoRemove Privileged PublishAllPorts ReadonlyRootfs"),
  ...each("words", "CapAdd CapDrop"),
  ...each({ of: "string" }, "Annotations StorageOpt Tmpfs Sysctls"),
  LogConfig: table({ Type: "string", Config: { of: "string" } }),
  PortBindings: { of: [table(each("string", "HostIp HostPort"))] },
  RestartPolicy: table({ Name: "string", MaximumRetryCount: "int" }),
  ConsoleSize: "pair",
  OomScoreAdj: "int",
  ShmSize: "int64",
  Mounts: [mount],
});

const label = each({ of: "string" }, "Options Labels");

/** By the names that endpoints.ts uses. */
export const bodies: Readonly<Record<string, FieldType>> = {
  create: table({ ...config, HostConfig: hostConfig, NetworkingConfig: table({ EndpointsConfig: { of: endpoint } }) }),
  commit: table(config),
  update: table({ ...resources, RestartPolicy: table({ Name: "string", MaximumRetryCount: "int" }) }),
  exec: table({
    ...each("string", "User DetachKeys WorkingDir"),
    ...each("bool", "Privileged Tty AttachStdin AttachStdout AttachStderr"),
    ConsoleSize: "pair",
    Env: ["string"],
    Cmd: "words",
  }),
  execStart: table({ ...each("bool", "Detach Tty"), ConsoleSize: "pair" }),
  checkpoint: table({ ...each("string", "CheckpointID CheckpointDir"), Exit: "bool" }),
  network: table({
    ...each("string", "Name Driver Scope"),
    ...each("bool", "Internal Attachable Ingress ConfigOnly EnableIPv4 EnableIPv6"),
    ConfigFrom: table({ Network: "string" }),
    IPAM: table({
      Driver: "string",
      Options: { of: "string" },
      Config: [table({ ...each("string", "Subnet IPRange Gateway"), AuxiliaryAddresses: { of: "string" } })],
    }),
    ...label,
  }),
  connect: table({ Container: "string", EndpointConfig: endpoint }),
  disconnect: table({ Container: "string", Force: "bool" }),
  volume: table({ ...each("string", "Name Driver"), DriverOpts: { of: "string" }, Labels: { of: "string" } }),
  volumeSpec: table({ Spec: table({ Group: "string", Availability: "string" }) }),
  auth: table(each("string", "username password auth email serveraddress identitytoken registrytoken")),
  privileges: [table({ ...each("string", "Name Description"), Value: ["string"] })],
  settings: ["string"],
  swarm: table({ ...each("string", "ListenAddr AdvertiseAddr Name"), Spec: table({ Labels: { of: "string" } }) }),
};
