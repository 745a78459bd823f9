import type { HostConfig } from "#spec/docker/host-config.ts";

/** Warnings for what dockerd accepts on Linux and does nothing with; {@link defaultHostConfig} leaves them out. */
export function discardedSettings(given: HostConfig, cgroupVersion: 1 | 2): readonly string[] {
  return [
    ...(given.KernelMemory > 0
      ? ["Specifying a kernel memory limit is deprecated and will be removed in a future release."]
      : []),
    ...(given.KernelMemoryTCP > 0 && cgroupVersion === 2
      ? [
          "Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not mounted. Limitation discarded.",
        ]
      : []),
    ...(given.CpuPercent > 0 ? ["linux does not support CPU percent. Percent discarded."] : []),
  ];
}
