import { invalid } from "#base/errors.ts";
import { isIp } from "#base/ip-address.ts";
import type { HostConfig, Resources, RestartPolicy } from "#spec/docker/host-config.ts";
import type { EngineConfig } from "../../config.ts";
import type { MachineFacts } from "../../host-facts.ts";
import { ownRuntimes } from "../../own-runtime.ts";

const MIB = 1024 * 1024;
const minimumMemoryBytes = 6 * MIB;
/** The checks of HostConfig that dockerd makes before it creates a container. `invalid-parameter` in its words. */
export function validateHostConfig(
  host: HostConfig,
  machine: MachineFacts,
  { runtimes, remappedIds }: Pick<EngineConfig, "runtimes" | "remappedIds">,
): void {
  if (remappedIds !== undefined && host.UsernsMode !== "host") refuseWithUserNamespace(host);
  validateLimits(host, machine);
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  validateShmSize(host.ShmSize);
  if (host.Runtime !== "" && !ownRuntimes.includes(host.Runtime) && !Object.hasOwn(runtimes, host.Runtime))
    throw invalid(`unknown or invalid runtime name: ${host.Runtime}`);
  if (host.Isolation !== "" && host.Isolation !== "default")
    throw invalid(`invalid isolation: "${host.Isolation}" - linux only supports 'default'`);
  validateRestartPolicy(host.RestartPolicy);
  if (host.AutoRemove && !["", "no"].includes(host.RestartPolicy.Name)) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  for (const extra of host.ExtraHosts ?? []) validateExtraHost(extra);
  if (host.IOMaximumBandwidth !== 0)
    throw invalid("invalid QoS settings: linux does not support configuration of maximum bandwidth");
  if (host.IOMaximumIOps !== 0)
    throw invalid("invalid QoS settings: linux does not support configuration of maximum IOPs");
}

/** What needs rights over the host's namespaces. */
function refuseWithUserNamespace({ Privileged, NetworkMode, PidMode }: HostConfig): void {
  if (Privileged)
    throw invalid(
      "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode",
    );
  if (NetworkMode === "host")
    throw invalid("cannot share the host's network namespace when user namespaces are enabled");
  if (PidMode === "host") throw invalid("cannot share the host PID namespace when user namespaces are enabled");
}

export function validateShmSize(bytes: number): void {
  if (bytes < 0) throw invalid("SHM size can not be less than 0");
}

/** `--add-host`. */
export function validateExtraHost(extra: string): void {
  const [, address] = /^[^:=]+[:=](.+)$/u.exec(extra) ?? [];
  if (address === undefined) throw invalid(`bad format for add-host: "${extra}"`);
  if (address !== "host-gateway" && !isIp(address.replace(/^\[(.*)\]$/u, "$1")))
    throw invalid(`invalid IP address in add-host: "${address}"`);
}

/**
 * The checks of limits alone. A `part` of them, as `update` gives it, may have a swap limit without the memory limit
 * that the container has already. `invalid-parameter` in Docker's words.
 */
export function validateLimits(host: Resources, machine: MachineFacts, part: "whole" | "part" = "whole"): void {
  validateMemory(host, part);
  validateCpu(host, machine);
  if (host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000)) {
    throw invalid("Range of blkio weight is from 10 to 1000");
  }
}

function validateMemory(host: Resources, part: "whole" | "part"): void {
  const { Memory, MemorySwap, MemoryReservation, MemorySwappiness } = host;
  if (Memory < 0 || (Memory > 0 && Memory < minimumMemoryBytes)) throw invalid("Minimum memory limit allowed is 6MB");
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (Memory === 0 && MemorySwap > 0 && part === "whole")
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  if (MemorySwappiness !== null && (MemorySwappiness < -1 || MemorySwappiness > 100)) {
    throw invalid(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
  if (MemoryReservation < 0 || (MemoryReservation > 0 && MemoryReservation < minimumMemoryBytes)) {
    throw invalid("Minimum memory reservation allowed is 6MB");
  }
  if (host.KernelMemory < 0 || (host.KernelMemory > 0 && host.KernelMemory < minimumMemoryBytes)) {
    throw invalid("Minimum kernel memory limit allowed is 6MB");
  }
  if (Memory > 0 && MemoryReservation > 0 && Memory < MemoryReservation) {
    throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
}

function validateCpu(host: Resources, machine: MachineFacts): void {
  const { NanoCpus, CpuPeriod, CpuQuota, CpuShares } = host;
  if (CpuShares < 0) throw invalid(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  if (NanoCpus > 0 && CpuPeriod > 0) throw invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (NanoCpus > 0 && CpuQuota > 0) throw invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (NanoCpus < 0 || NanoCpus > machine.cpus * 1e9) {
    const cpus = machine.cpus;
    throw invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (CpuQuota > 0 && CpuQuota < 1000) throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  const { CpuRealtimePeriod, CpuRealtimeRuntime } = host;
  if (CpuRealtimePeriod !== 0 && CpuRealtimeRuntime > CpuRealtimePeriod)
    throw invalid("cpu real-time runtime cannot be higher than cpu real-time period");
  validateCpuset(host.CpusetCpus, "cpuset cpus", "CPUs", machine.cpus);
  validateCpuset(host.CpusetMems, "cpuset mems", "memory nodes", machine.memoryNodes);
}

/** docker-compat: more CPUs than the kernel can be built for. */
const maximumListed = 8192;

function validateCpuset(text: string, what: string, plural: string, count: number): void {
  if (text === "") return;
  for (const part of text.split(",")) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first) throw invalid(`Invalid value ${text} for ${what}: invalid format: ${part}`);
    if (last > maximumListed) {
      throw invalid(`Invalid value ${text} for ${what}: value of out range, maximum is ${maximumListed}`);
    }
    if (last >= count) {
      const available = count === 1 ? "0" : `0-${count - 1}`;
      throw invalid(`Requested ${plural} are not available - requested ${text}, available: ${available}`);
    }
  }
}

export function validateRestartPolicy({ Name, MaximumRetryCount }: RestartPolicy): void {
  switch (Name) {
    case "":
    case "no":
    case "always":
    case "unless-stopped":
      if (MaximumRetryCount !== 0) {
        throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
      }
      break;
    case "on-failure":
      if (MaximumRetryCount < 0) throw invalid("invalid restart policy: maximum retry count cannot be negative");
      break;
    default:
      throw invalid(
        `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
}
