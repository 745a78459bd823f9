const masked: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

/** Docker's default for HostConfig.ReadonlyPaths. */
export const readonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/**
 * Docker's default for HostConfig.MaskedPaths: what tells about the host or reaches its hardware. `thermalThrottlePaths`:
 * those that the machine has.
 */
export const maskedPaths = (thermalThrottlePaths: readonly string[]): readonly string[] => [
  ...masked,
  ...thermalThrottlePaths,
];
