import { maskedPaths, readonlyPaths } from "#runtime/docker/system-paths.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { EngineConfig } from "../../config.ts";
import type { MachineFacts } from "../../host-facts.ts";

/** HostConfig with what Docker puts in for what was left out; this is what inspect shows. */
export function defaultHostConfig(
  host: HostConfig,
  config: Pick<
    EngineConfig,
    "defaultLogConfig" | "defaultShmSizeBytes" | "defaultIpcMode" | "defaultCgroupnsMode" | "defaultRuntime"
  >,
  machine: MachineFacts,
  options: { readonly hostCgroupNamespaceOnV1: boolean },
): HostConfig {
  const v1 = machine.cgroupVersion === 1;
  const cgroupNamespace = v1 && options.hostCgroupNamespaceOnV1 ? "host" : config.defaultCgroupnsMode;
  return {
    ...host,
    NetworkMode: host.NetworkMode === "" || host.NetworkMode === "default" ? "bridge" : host.NetworkMode,
    RestartPolicy: { ...host.RestartPolicy, Name: host.RestartPolicy.Name || "no" },
    LogConfig:
      host.LogConfig.Type === ""
        ? { ...config.defaultLogConfig, Config: { ...config.defaultLogConfig.Config, ...host.LogConfig.Config } }
        : { ...host.LogConfig, Config: host.LogConfig.Config ?? {} },
    IpcMode: host.IpcMode || config.defaultIpcMode,
    CgroupnsMode: host.CgroupnsMode || cgroupNamespace || (v1 ? "host" : "private"),
    ShmSize: host.ShmSize || config.defaultShmSizeBytes,
    MemorySwap: host.Memory > 0 && host.MemorySwap === 0 ? host.Memory * 2 : host.MemorySwap,
    MemorySwappiness: host.MemorySwappiness === -1 ? null : host.MemorySwappiness,
    KernelMemory: 0,
    KernelMemoryTCP: v1 ? host.KernelMemoryTCP : 0,
    CpuPercent: 0,
    ...systemPaths(host, machine),
    OomKillDisable: v1 ? (host.OomKillDisable ?? false) : host.OomKillDisable,
    PidsLimit: host.PidsLimit === null || host.PidsLimit <= 0 ? null : host.PidsLimit,
    Runtime: host.Runtime || config.defaultRuntime,
    PortBindings: host.PortBindings ?? {},
    Dns: host.Dns ?? [],
    DnsOptions: host.DnsOptions ?? [],
    DnsSearch: host.DnsSearch ?? [],
  };
}

function systemPaths(host: HostConfig, machine: MachineFacts): Pick<HostConfig, "MaskedPaths" | "ReadonlyPaths"> {
  // Our own way to ask for what the client otherwise says by empty lists.
  const open =
    host.Privileged || (host.SecurityOpt ?? []).some((option) => /^systempaths[=:]unconfined$/u.test(option));
  return {
    MaskedPaths: host.MaskedPaths ?? (open ? null : maskedPaths(machine.thermalThrottlePaths)),
    ReadonlyPaths: host.ReadonlyPaths ?? (open ? null : readonlyPaths),
  };
}
