import { BerthError } from "#base/errors.ts";
import type { DeviceRequest } from "../model/deploy.ts";
import { isCdiName } from "../model/lists.ts";
import { parseDuration } from "../shape/duration.ts";
import type { Service } from "../load/project.ts";

type Json = Readonly<Record<string, unknown>>;

/** The part of HostConfig that limits: CPU, memory, devices, limits of processes. */
export function resourcesOf(service: Service): Json {
  const limits = service.deploy?.resources?.limits;
  const reservations = service.deploy?.resources?.reservations;
  const cpus = limits?.cpus ?? service.cpus;
  return defined({
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    CpuCount: service.cpu_count,
    CpuPercent: service.cpu_percent,
    CpuShares: service.cpu_shares,
    CpuPeriod: microseconds(service.cpu_period),
    CpuQuota: microseconds(service.cpu_quota),
    CpuRealtimePeriod: microseconds(service.cpu_rt_period),
    CpuRealtimeRuntime: microseconds(service.cpu_rt_runtime),
    CpusetCpus: service.cpuset,
    Memory: limits?.memory ?? service.mem_limit,
    MemoryReservation: reservations?.memory ?? service.mem_reservation,
    MemorySwap: service.memswap_limit,
    MemorySwappiness: service.mem_swappiness,
    PidsLimit: limits?.pids ?? service.pids_limit,
    OomKillDisable: service.oom_kill_disable,
    OomScoreAdj: service.oom_score_adj,
    CgroupParent: service.cgroup_parent,
    DeviceCgroupRules: service.device_cgroup_rules,
    Devices: service.devices
      ?.filter(({ source }) => !isCdiName(source))
      .map(({ source, target, permissions }) => ({
        PathOnHost: source,
        PathInContainer: target ?? source,
        CgroupPermissions: permissions ?? "rwm",
      })),
    DeviceRequests: requestsOf(service),
    Ulimits:
      service.ulimits &&
      Object.entries(service.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
    ...blockLimits(service),
  });
}

function requestsOf(service: Service): readonly Json[] | undefined {
  const cdi = service.devices?.map(({ source }) => source).filter(isCdiName) ?? [];
  const asked = [
    ...(service.gpus ?? []).map((gpu) => ({ ...gpu, capabilities: ["gpu", ...(gpu.capabilities ?? [])] })),
    ...(service.deploy?.resources?.reservations?.devices ?? []),
  ];
  const requests = [...(cdi.length === 0 ? [] : [{ Driver: "cdi", DeviceIDs: cdi }]), ...asked.map(requestOf)];
  return requests.length === 0 ? undefined : requests;
}

function requestOf({ capabilities, count, device_ids, driver, options }: DeviceRequest): Json {
  return defined({
    Driver: driver ?? "",
    Count: device_ids === undefined ? (count ?? -1) : 0,
    DeviceIDs: device_ids,
    Capabilities: capabilities === undefined ? undefined : [[...new Set(capabilities)]],
    Options: options,
  });
}

function blockLimits({ blkio_config: block }: Service): Json {
  if (block === undefined) return {};
  const rates = (list: readonly { path?: string; rate?: number }[] | undefined) =>
    list?.map(({ path, rate }) => ({ Path: path, Rate: rate }));
  return {
    BlkioWeight: block.weight,
    BlkioWeightDevice: block.weight_device?.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: rates(block.device_read_bps),
    BlkioDeviceReadIOps: rates(block.device_read_iops),
    BlkioDeviceWriteBps: rates(block.device_write_bps),
    BlkioDeviceWriteIOps: rates(block.device_write_iops),
  };
}

/** Microseconds of a number of them or of a duration. */
function microseconds(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  if (/^-?\d+$/u.test(written)) return Number(written);
  const ns = parseDuration(written);
  if (ns === undefined) throw new BerthError("invalid-parameter", `not a duration: ${written}`);
  return ns / 1000;
}

/** Without the properties that are undefined. */
export function defined(value: Readonly<Record<string, unknown>>): Json {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}
