import { BerthError } from "#base/errors.ts";
import type { HostConfig, Resources } from "#spec/docker/host-config.ts";
import type { UpdateRequest } from "#spec/docker/update.ts";

const conflict = (message: string): BerthError => new BerthError("conflict", message);

/**
 * A container's settings with what an update changes of them. docker-compat: zero, "" and null leave a value as it was,
 * so a limit can be changed but not taken away, but for the number of processes and lists of devices, of which an empty one
 * takes all away. `conflict` in Docker's words.
 */
export function mergeLimits(current: HostConfig, request: UpdateRequest): HostConfig {
  refuseConflicts(current, request);
  const { RestartPolicy } = request;
  if (RestartPolicy.Name !== "" && RestartPolicy.Name !== "no" && current.AutoRemove)
    throw conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
  return {
    ...current,
    ...changed(request, ["BlkioWeight", "CpuShares", "NanoCpus", "CpuPeriod", "CpuQuota"]),
    ...changed(request, ["CpuRealtimePeriod", "CpuRealtimeRuntime", "CpusetCpus", "CpusetMems"]),
    ...changed(request, ["Memory", "MemorySwap", "MemoryReservation"]),
    ...Object.fromEntries(deviceLimits.map((name) => [name, request[name] ?? current[name]])),
    ...(request.PidsLimit === null ? {} : { PidsLimit: Math.max(0, request.PidsLimit) }),
    ...(RestartPolicy.Name === "" ? {} : { RestartPolicy }),
  };
}

const deviceLimits = [
  "BlkioWeightDevice",
  "BlkioDeviceReadBps",
  "BlkioDeviceWriteBps",
  "BlkioDeviceReadIOps",
  "BlkioDeviceWriteIOps",
] as const;

function changed(request: UpdateRequest, names: readonly (keyof Resources)[]): Partial<HostConfig> {
  const given: Partial<Record<keyof Resources, unknown>> = {};
  for (const name of names) if (request[name] !== 0 && request[name] !== "") given[name] = request[name];
  return given as Partial<HostConfig>;
}

function refuseConflicts(current: HostConfig, request: UpdateRequest): void {
  if (request.NanoCpus > 0 && current.CpuPeriod > 0)
    throw conflict("Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
  if (request.NanoCpus > 0 && current.CpuQuota > 0)
    throw conflict("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
  if (request.CpuPeriod > 0 && current.NanoCpus > 0)
    throw conflict("Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
  if (request.CpuQuota > 0 && current.NanoCpus > 0)
    throw conflict("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
  if (request.Memory > current.MemorySwap && request.MemorySwap === 0 && current.MemorySwap !== -1) {
    throw conflict(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
}
