import { BerthError } from "#base/errors.ts";
import type { DeviceRule, Resources } from "#spec/oci/runtime.ts";
import type { LimitWrite } from "./cgroup-file.ts";

/**
 * OCI resources as writes to cgroup v1 files (config-linux.md "Control groups"; kernel admin-guide/cgroup-v1). The order
 * of the list is the order of writing; `alternatives` are files of which the first existing one is used.
 */
export interface V1Write extends LimitWrite {
  readonly alternatives?: readonly string[];
}

export function v1Limits(resources: Resources): readonly V1Write[] {
  if (Object.keys(resources.unified ?? {}).length > 0) {
    throw new BerthError("invalid-parameter", "resources.unified needs cgroup v2, this machine has cgroup v1");
  }
  return [
    ...deviceWrites(resources.devices ?? []),
    ...memoryWrites(resources),
    ...cpuWrites(resources),
    ...pidsWrites(resources),
    ...blockIoWrites(resources),
    ...hugetlbWrites(resources),
    ...networkWrites(resources),
    ...rdmaWrites(resources),
  ];
}

type Row = readonly [file: string, limit: string, value: number | bigint | string | undefined];

const rows = (controller: string, list: readonly Row[]): V1Write[] =>
  list.flatMap(([file, limit, value]) =>
    value === undefined ? [] : [{ controller, file, limit, value: String(value) }],
  );

function memoryWrites({ memory }: Resources): V1Write[] {
  return rows("memory", [
    ["memory.limit_in_bytes", "memory limit", memory?.limit],
    ["memory.memsw.limit_in_bytes", "memory+swap limit", memory?.swap],
    ["memory.soft_limit_in_bytes", "memory reservation", memory?.reservation],
    ["memory.kmem.limit_in_bytes", "kernel memory limit", memory?.kernel],
    ["memory.kmem.tcp.limit_in_bytes", "kernel TCP memory limit", memory?.kernelTCP],
    ["memory.swappiness", "memory swappiness", memory?.swappiness],
    [
      "memory.oom_control",
      "OOM killer switch",
      memory?.disableOOMKiller === undefined ? undefined : Number(memory.disableOOMKiller),
    ],
    [
      "memory.use_hierarchy",
      "memory hierarchy switch",
      memory?.useHierarchy === undefined ? undefined : Number(memory.useHierarchy),
    ],
  ]);
}

function cpuWrites({ cpu }: Resources): V1Write[] {
  return [
    ...rows("cpu", [
      ["cpu.shares", "CPU shares", cpu?.shares === 0 ? undefined : cpu?.shares],
      ["cpu.rt_period_us", "CPU realtime period", cpu?.realtimePeriod],
      ["cpu.rt_runtime_us", "CPU realtime runtime", cpu?.realtimeRuntime],
      ["cpu.cfs_period_us", "CPU period", cpu?.period === 0 ? undefined : cpu?.period],
      ["cpu.cfs_quota_us", "CPU quota", cpu?.quota === 0 ? undefined : cpu?.quota],
      ["cpu.cfs_burst_us", "CPU burst", cpu?.burst],
      ["cpu.idle", "CPU idle switch", cpu?.idle],
    ]),
    ...rows("cpuset", [
      ["cpuset.cpus", "CPU set", cpu?.cpus === "" ? undefined : cpu?.cpus],
      ["cpuset.mems", "memory node set", cpu?.mems === "" ? undefined : cpu?.mems],
    ]),
  ];
}

function pidsWrites({ pids }: Resources): V1Write[] {
  return rows("pids", [
    ["pids.max", "pids limit", pids?.limit === undefined ? undefined : pids.limit < 0 ? "max" : pids.limit],
  ]);
}

function blockIoWrites({ blockIO }: Resources): V1Write[] {
  const weight = (file: string, limit: string, value: number | string | undefined): V1Write[] =>
    value === undefined
      ? []
      : [
          {
            controller: "blkio",
            file,
            limit,
            value: String(value),
            alternatives: [file, file.replace("blkio.", "blkio.bfq.")],
          },
        ];
  const throttles = [
    ["throttleReadBpsDevice", "blkio.throttle.read_bps_device", "block read rate"],
    ["throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "block write rate"],
    ["throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "block read operations"],
    ["throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "block write operations"],
  ] as const;
  return [
    ...weight("blkio.weight", "block IO weight", blockIO?.weight === 0 ? undefined : blockIO?.weight),
    ...rows("blkio", [["blkio.leaf_weight", "block IO leaf weight", blockIO?.leafWeight]]),
    ...(blockIO?.weightDevice ?? []).flatMap((device) => [
      ...weight(
        "blkio.weight_device",
        "block IO device weight",
        device.weight === undefined
          ? undefined
          : `${String(device.major)}:${String(device.minor)} ${String(device.weight)}`,
      ),
      ...rows("blkio", [
        [
          "blkio.leaf_weight_device",
          "block IO device leaf weight",
          device.leafWeight === undefined
            ? undefined
            : `${String(device.major)}:${String(device.minor)} ${String(device.leafWeight)}`,
        ],
      ]),
    ]),
    ...throttles.flatMap(([field, file, limit]) =>
      rows(
        "blkio",
        (blockIO?.[field] ?? []).map((device): Row => [
          file,
          limit,
          `${String(device.major)}:${String(device.minor)} ${String(device.rate)}`,
        ]),
      ),
    ),
  ];
}

function hugetlbWrites({ hugepageLimits }: Resources): V1Write[] {
  return (hugepageLimits ?? []).flatMap(({ pageSize, limit }) => {
    const files: Row[] = [[`hugetlb.${pageSize}.limit_in_bytes`, `hugepage limit for ${pageSize} pages`, limit]];
    return rows("hugetlb", files);
  });
}

function networkWrites({ network }: Resources): V1Write[] {
  return [
    ...rows("net_cls", [["net_cls.classid", "network class", network?.classID]]),
    ...rows(
      "net_prio",
      (network?.priorities ?? []).map(({ name, priority }): Row => [
        "net_prio.ifpriomap",
        "network priority",
        `${name} ${String(priority)}`,
      ]),
    ),
  ];
}

/** The same file and syntax on v1 and v2. */
export function rdmaWrites({ rdma }: Resources): LimitWrite[] {
  return Object.entries(rdma ?? {}).flatMap(([device, { hcaHandles, hcaObjects }]) => {
    const parts = [
      device,
      hcaHandles === undefined ? "" : `hca_handle=${String(hcaHandles)}`,
      hcaObjects === undefined ? "" : `hca_object=${String(hcaObjects)}`,
    ];
    return rows("rdma", [["rdma.max", "RDMA limit", parts.filter((part) => part !== "").join(" ")]]);
  });
}

/** devices.allow and devices.deny, one rule a write, in order. */
function deviceWrites(rules: readonly DeviceRule[]): V1Write[] {
  return rules.map(({ allow, type, major, minor, access }) => {
    const number = (value: number | undefined): string => (value === undefined || value < 0 ? "*" : String(value));
    const all = type === undefined || type === "a";
    const value = all
      ? "a"
      : `${type} ${number(major)}:${number(minor)} ${access === undefined || access === "" ? "rwm" : access}`;
    return {
      controller: "devices",
      file: allow ? "devices.allow" : "devices.deny",
      limit: allow ? "allowed device" : "denied device",
      value,
    };
  });
}
