import { BerthError } from "#base/errors.ts";
import type { Resources } from "#spec/oci/runtime.ts";
import type { LimitWrite } from "./cgroup-file.ts";
import { rdmaWrites } from "./v1-limits.ts";

/** As V1Write: of `alternatives` the first existing file is used, each with its own value. */
export interface V2Write extends LimitWrite {
  readonly alternatives?: readonly { readonly file: string; readonly value: string }[];
}

/**
 * OCI resources as writes to cgroup v2 files (kernel admin-guide/cgroup-v2.rst), converted from their v1 meaning as runc
 * and crun do. Limits that v2 does not have are an error.
 */
export function v2Limits(resources: Resources): readonly V2Write[] {
  return [
    ...memoryWrites(resources),
    ...cpuWrites(resources),
    ...pidsWrites(resources),
    ...ioWrites(resources),
    ...hugetlbWrites(resources),
    ...rdmaWrites(resources),
    ...unifiedWrites(resources),
  ];
}

type Row = readonly [file: string, limit: string, value: number | bigint | string | undefined];

const rows = (controller: string, list: readonly Row[]): V2Write[] =>
  list.flatMap(([file, limit, value]) =>
    value === undefined ? [] : [{ controller, file, limit, value: String(value) }],
  );

const orMax = (value: number | undefined): number | string | undefined =>
  value !== undefined && value < 0 ? "max" : value;

const missing = (what: string): BerthError => new BerthError("invalid-parameter", `${what} cannot be set on cgroup v2`);

function memoryWrites({ memory, network }: Resources): V2Write[] {
  if (memory?.swappiness !== undefined) throw missing("memory swappiness");
  if (memory?.disableOOMKiller === true) throw missing("disabling the OOM killer");
  if (memory?.kernel !== undefined || memory?.kernelTCP !== undefined) throw missing("a kernel memory limit");
  if (network?.classID !== undefined || (network?.priorities ?? []).length > 0)
    throw missing("a network class or priority");
  return rows("memory", [
    ["memory.max", "memory limit", memory?.limit === 0 ? undefined : orMax(memory?.limit)],
    ["memory.swap.max", "swap limit", orMax(swapOnly(memory?.swap, memory?.limit))],
    ["memory.low", "memory reservation", memory?.reservation === 0 ? undefined : orMax(memory?.reservation)],
  ]);
}

/** v1 counts memory and swap together, v2 swap alone. */
export function swapOnly(swap: number | undefined, limit: number | undefined): number | undefined {
  if (swap === undefined || swap === 0) return limit === -1 ? -1 : undefined;
  if (swap < 0 || limit === -1) return swap;
  if (limit === undefined || limit === 0)
    throw new BerthError("invalid-parameter", "unable to set swap limit without memory limit");
  if (swap < limit) throw new BerthError("invalid-parameter", "memory+swap limit should be >= memory limit");
  return swap - limit;
}

/** cpu.shares (2 … 262144, default 1024) as cpu.weight (1 … 10000, default 100), fitting minimum, default and maximum. */
export function weightOfShares(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** blkio.weight (10 … 1000) as io.weight (1 … 10000). */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

function cpuWrites({ cpu }: Resources): V2Write[] {
  if (cpu?.realtimeRuntime !== undefined || cpu?.realtimePeriod !== undefined) throw missing("a CPU realtime limit");
  const quota = cpu?.quota === undefined || cpu.quota === 0 ? undefined : cpu.quota < 0 ? "max" : String(cpu.quota);
  const period = cpu?.period === undefined || cpu.period === 0 ? undefined : String(cpu.period);
  const bandwidth =
    quota === undefined && period === undefined
      ? undefined
      : [quota ?? "max", ...(period === undefined ? [] : [period])].join(" ");
  return [
    ...rows("cpu", [
      [
        "cpu.weight",
        "CPU shares (as weight)",
        cpu?.shares === undefined || cpu.shares === 0 ? undefined : weightOfShares(cpu.shares),
      ],
      ["cpu.max", "CPU quota and period", bandwidth],
      ["cpu.max.burst", "CPU burst", cpu?.burst],
      ["cpu.idle", "CPU idle switch", cpu?.idle],
    ]),
    ...rows("cpuset", [
      ["cpuset.cpus", "CPU set", cpu?.cpus === "" ? undefined : cpu?.cpus],
      ["cpuset.mems", "memory node set", cpu?.mems === "" ? undefined : cpu?.mems],
    ]),
  ];
}

function pidsWrites({ pids }: Resources): V2Write[] {
  return rows("pids", [["pids.max", "pids limit", orMax(pids?.limit)]]);
}

function ioWrites({ blockIO }: Resources): V2Write[] {
  if (blockIO?.leafWeight !== undefined) throw missing("a block IO leaf weight");
  const device = ({ major, minor }: { readonly major: number; readonly minor: number }): string =>
    `${String(major)}:${String(minor)}`;
  /** A weight of 0 takes a device's own away. */
  const weight = (name: string, limit: string, value: number): V2Write => {
    const [scaled, plain] = value === 0 ? ["default", "default"] : [String(ioWeight(value)), String(value)];
    return {
      controller: "io",
      file: "io.weight",
      limit,
      value: `${name} ${scaled}`,
      alternatives: [
        { file: "io.bfq.weight", value: name === "default" ? plain : `${name} ${plain}` },
        { file: "io.weight", value: `${name} ${scaled}` },
      ],
    };
  };
  const throttles = [
    ["throttleReadBpsDevice", "rbps", "block read rate"],
    ["throttleWriteBpsDevice", "wbps", "block write rate"],
    ["throttleReadIOPSDevice", "riops", "block read operations"],
    ["throttleWriteIOPSDevice", "wiops", "block write operations"],
  ] as const;
  return [
    ...(blockIO?.weight === undefined || blockIO.weight === 0
      ? []
      : [weight("default", "block IO weight", blockIO.weight)]),
    ...(blockIO?.weightDevice ?? []).flatMap((entry) => {
      if (entry.leafWeight !== undefined) throw missing("a block IO leaf weight");
      return entry.weight === undefined ? [] : [weight(device(entry), "block IO device weight", entry.weight)];
    }),
    ...throttles.flatMap(([field, key, limit]) =>
      rows(
        "io",
        (blockIO?.[field] ?? []).map((entry): Row => [
          "io.max",
          limit,
          `${device(entry)} ${key}=${entry.rate === 0 ? "max" : String(entry.rate)}`,
        ]),
      ),
    ),
  ];
}

function hugetlbWrites({ hugepageLimits }: Resources): V2Write[] {
  return rows(
    "hugetlb",
    (hugepageLimits ?? []).map(({ pageSize, limit }): Row => [
      `hugetlb.${pageSize}.max`,
      `hugepage limit for ${pageSize} pages`,
      limit,
    ]),
  );
}

function unifiedWrites({ unified }: Resources): V2Write[] {
  return Object.entries(unified ?? {}).map(([file, value]) => {
    const [controller = ""] = file.split(".");
    if (!/^[a-z_]+\.[a-zA-Z0-9_.]+$/u.test(file) || controller === "cgroup") {
      throw new BerthError(
        "invalid-parameter",
        `resources.unified names ${JSON.stringify(file)}, which is not a limit of a controller`,
      );
    }
    return { controller, file, value, limit: `unified value ${file}` };
  });
}
