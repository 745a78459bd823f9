import type { StepSettings } from "#build/solver/types.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { validateExtraHost, validateLimits, validateShmSize } from "../container/settings/validate-resources.ts";
import type { MachineFacts } from "../host-facts.ts";

/** What a build says of its commands, as far as it would be refused of a container. `invalid-parameter` in the same words. */
export function checkSettings(
  { hosts, shmSizeBytes, limits }: Omit<StepSettings, "networkOf">,
  machine: MachineFacts,
): void {
  validateLimits(
    {
      ...hostConfig.zero,
      Memory: limits.memoryBytes,
      MemorySwap: limits.memorySwapBytes,
      CpuShares: limits.cpuShares,
      CpuPeriod: limits.cpuPeriod,
      CpuQuota: limits.cpuQuota,
      CpusetCpus: limits.cpusetCpus,
      CpusetMems: limits.cpusetMems,
    },
    machine,
  );
  validateShmSize(shmSizeBytes);
  for (const extra of hosts) validateExtraHost(extra);
}
