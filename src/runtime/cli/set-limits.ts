import type { Resources } from "#spec/oci/runtime.ts";

/**
 * Resources without limits of 0. docker-compat: callers of runc say 0 for a limit that they leave alone, above all in
 * `update`. Values for which 0 means something (swappiness, cpu.idle, device rates) stay.
 */
export function withoutZeroLimits(resources: Resources): Resources {
  const { memory, cpu, pids, blockIO } = resources;
  return {
    ...resources,
    ...(memory === undefined
      ? {}
      : { memory: without(memory, ["limit", "reservation", "swap", "kernel", "kernelTCP"]) }),
    ...(cpu === undefined
      ? {}
      : {
          cpu: without(cpu, ["shares", "quota", "period", "burst", "realtimePeriod", "realtimeRuntime"]),
        }),
    ...(pids === undefined ? {} : { pids: without(pids, ["limit"]) }),
    ...(blockIO === undefined ? {} : { blockIO: without(blockIO, ["weight", "leafWeight"]) }),
  };
}

function without<T extends object>(values: T, names: readonly (keyof T & string)[]): T {
  const left = Object.entries(values).filter(([name, value]) => value !== 0 || !names.some((zero) => zero === name));
  return Object.fromEntries(left) as T;
}
