import { BerthError } from "#base/errors.ts";
import type { Resources as DockerResources } from "#spec/docker/host-config.ts";
import type {
  BlockIo,
  CpuResources,
  DeviceRule,
  MemoryResources,
  Resources,
  ThrottleDevice,
} from "#spec/oci/runtime.ts";

/** Device numbers of the block devices that limits name by path. */
export type BlockDevices = Readonly<Record<string, { readonly major: number; readonly minor: number }>>;

/** Limits of HostConfig (also of `docker update`) as OCI resources, without devices. Zero and null mean "not set". */
export function containerResources(limits: DockerResources, blockDevices: BlockDevices): Resources {
  const memory = memoryOf(limits);
  const cpu = cpuOf(limits);
  const blockIO = blockIoOf(limits, blockDevices);
  const pids = limits.PidsLimit;
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(blockIO === undefined ? {} : { blockIO }),
    ...(pids === null ? {} : { pids: { limit: pids <= 0 ? -1 : pids } }),
  };
}

function memoryOf(limits: DockerResources): MemoryResources | undefined {
  return some<MemoryResources>({
    ...(limits.Memory > 0 ? { limit: limits.Memory } : {}),
    ...(limits.MemoryReservation > 0 ? { reservation: limits.MemoryReservation } : {}),
    ...(limits.MemorySwap > 0 || (limits.MemorySwap === -1 && limits.Memory > 0) ? { swap: limits.MemorySwap } : {}),
    ...(limits.MemorySwappiness === null || limits.MemorySwappiness === -1
      ? {}
      : { swappiness: limits.MemorySwappiness }),
    ...(limits.KernelMemoryTCP > 0 ? { kernelTCP: limits.KernelMemoryTCP } : {}),
    ...(limits.OomKillDisable === true ? { disableOOMKiller: true } : {}),
  });
}

const microsecondsPerPeriod = 100_000;

function cpuOf(limits: DockerResources): CpuResources | undefined {
  if (limits.CpuShares < 0) {
    throw new BerthError(
      "invalid-parameter",
      `invalid CPU shares (${String(limits.CpuShares)}): value must be a positive integer`,
    );
  }
  const byNano = limits.NanoCpus > 0;
  return some<CpuResources>({
    ...(limits.CpuShares === 0 ? {} : { shares: limits.CpuShares }),
    ...(limits.CpusetCpus === "" ? {} : { cpus: limits.CpusetCpus }),
    ...(limits.CpusetMems === "" ? {} : { mems: limits.CpusetMems }),
    ...(byNano
      ? { period: microsecondsPerPeriod, quota: Math.trunc((limits.NanoCpus * microsecondsPerPeriod) / 1e9) }
      : {}),
    ...(limits.CpuPeriod === 0 ? {} : { period: limits.CpuPeriod }),
    ...(limits.CpuQuota === 0 ? {} : { quota: limits.CpuQuota }),
    ...(limits.CpuRealtimePeriod === 0 ? {} : { realtimePeriod: limits.CpuRealtimePeriod }),
    ...(limits.CpuRealtimeRuntime === 0 ? {} : { realtimeRuntime: limits.CpuRealtimeRuntime }),
  });
}

function blockIoOf(limits: DockerResources, blockDevices: BlockDevices): BlockIo | undefined {
  const numbers = (path: string): { readonly major: number; readonly minor: number } => {
    const device = blockDevices[path];
    if (device === undefined) throw new BerthError("invalid-parameter", `stat ${path}: no such file or directory`);
    return device;
  };
  const throttle = (
    list: readonly { readonly Path: string; readonly Rate: number }[] | null,
  ): readonly ThrottleDevice[] | undefined =>
    list === null || list.length === 0 ? undefined : list.map(({ Path, Rate }) => ({ ...numbers(Path), rate: Rate }));
  const [readBps, writeBps] = [throttle(limits.BlkioDeviceReadBps), throttle(limits.BlkioDeviceWriteBps)];
  const [readIops, writeIops] = [throttle(limits.BlkioDeviceReadIOps), throttle(limits.BlkioDeviceWriteIOps)];
  const weights = (limits.BlkioWeightDevice ?? []).map(({ Path, Weight }) => ({ ...numbers(Path), weight: Weight }));
  return some<BlockIo>({
    ...(limits.BlkioWeight === 0 ? {} : { weight: limits.BlkioWeight }),
    ...(weights.length === 0 ? {} : { weightDevice: weights }),
    ...(readBps === undefined ? {} : { throttleReadBpsDevice: readBps }),
    ...(writeBps === undefined ? {} : { throttleWriteBpsDevice: writeBps }),
    ...(readIops === undefined ? {} : { throttleReadIOPSDevice: readIops }),
    ...(writeIops === undefined ? {} : { throttleWriteIOPSDevice: writeIops }),
  });
}

function some<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

/** `--device-cgroup-rule`: `c 1:3 rwm`. `invalid-parameter` in Docker's words. */
export function parseDeviceCgroupRule(rule: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/u.exec(rule);
  if (match === null) throw new BerthError("invalid-parameter", `invalid device cgroup rule format: '${rule}'`);
  const number = (text: string | undefined): number => (text === "*" ? -1 : Number(text));
  return {
    allow: true,
    type: match[1] as "a" | "b" | "c",
    major: number(match[2]),
    minor: number(match[3]),
    access: match[4] ?? "",
  };
}
