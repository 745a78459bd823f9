import { parseInteger, type FlagKind } from "../../flags/flag-kind.ts";
import { parseBytes, parseDuration } from "#base/units.ts";

import { csvFields } from "#base/csv-fields.ts";

/** `64m`: bytes. */
export const bytes: FlagKind<number> = { typeName: "bytes", initial: 0, accept: (_before, value) => parseBytes(value) };

/** Bytes, or -1 for no limit. */
export const swapBytes: FlagKind<number> = {
  typeName: "bytes",
  initial: 0,
  accept: (_before, value) => (value === "-1" ? -1 : parseBytes(value)),
};

/** `1h30m`: nanoseconds. */
export const duration: FlagKind<number> = {
  typeName: "duration",
  initial: 0,
  accept: (_before, value) => Number(parseDuration(value)),
};

/** `0.5` CPUs: billionths. */
export const nanoCpus: FlagKind<number> = {
  typeName: "decimal",
  initial: 0,
  accept(_before, value) {
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value))
      throw new Error(`failed to parse ${value} as a rational number`);
    const nano = Number(value) * 1e9;
    if (Math.abs(nano - Math.round(nano)) > 1e-6) throw new Error("value is too precise");
    return Math.round(nano);
  },
};

export interface Ulimit {
  readonly Name: string;
  readonly Hard: number;
  readonly Soft: number;
}

const ULIMITS = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" "),
);

/** `nofile=1024:2048`; a later one of the same name replaces the earlier. */
export const ulimits: FlagKind<readonly Ulimit[]> = {
  typeName: "ulimit",
  initial: [],
  accept(before, value) {
    const limit = parseUlimit(value);
    return [...before.filter(({ Name }) => Name !== limit.Name), limit].toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
  },
};

function parseUlimit(value: string): Ulimit {
  const equals = value.indexOf("=");
  if (equals === -1) throw new Error(`invalid ulimit argument: ${value}`);
  const name = value.slice(0, equals);
  if (!ULIMITS.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const limits = value.slice(equals + 1);
  const [softText = "", hardText, ...more] = limits.split(":");
  if (more.length > 0)
    throw new Error(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  const hardLimit = hardText === undefined ? undefined : decimal(hardText);
  const soft = decimal(softText);
  const hard = hardLimit ?? soft;
  if (hard !== -1 && soft === -1) {
    throw new Error(
      `ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${String(hard)}`,
    );
  }
  if (hard !== -1 && soft > hard) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${String(soft)} > ${String(hard)}`);
  }
  return { Name: name, Hard: hard, Soft: soft };
}

function decimal(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return parseInteger(String(Number(value)), "ParseInt");
}

export interface WeightDevice {
  readonly Path: string;
  readonly Weight: number;
}

export interface ThrottleDevice {
  readonly Path: string;
  readonly Rate: number;
}

export const weightDevices: FlagKind<readonly WeightDevice[]> = {
  typeName: "list",
  initial: [],
  accept(before, value) {
    const [path, amount] = deviceAndValue(value);
    const weight = /^\d+$/.test(amount) ? Number(amount) : Number.NaN;
    if (!(weight === 0 || (weight >= 10 && weight <= 1000))) throw new Error(`invalid weight for device: ${value}`);
    return [...before, { Path: path, Weight: weight }];
  },
};

export const byteRates: FlagKind<readonly ThrottleDevice[]> = {
  typeName: "list",
  initial: [],
  accept(before, value) {
    const [path, amount] = deviceAndValue(value);
    try {
      return [...before, { Path: path, Rate: parseBytes(amount) }];
    } catch {
      throw new Error(
        `invalid rate for device: ${value}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
      );
    }
  },
};

export const operationRates: FlagKind<readonly ThrottleDevice[]> = {
  typeName: "list",
  initial: [],
  accept(before, value) {
    const [path, amount] = deviceAndValue(value);
    if (!/^\d+$/.test(amount)) {
      throw new Error(
        `invalid rate for device: ${value}. The correct format is <device-path>:<number>. Number must be a positive integer`,
      );
    }
    return [...before, { Path: path, Rate: Number(amount) }];
  },
};

function deviceAndValue(value: string): readonly [string, string] {
  const colon = value.indexOf(":");
  if (colon <= 0) throw new Error(`bad format: ${value}`);
  const path = value.slice(0, colon);
  if (!path.startsWith("/dev/")) throw new Error(`bad format for device path: ${value}`);
  return [path, value.slice(colon + 1)];
}

export interface DeviceRequest {
  readonly Driver: string;
  readonly Count: number;
  readonly DeviceIDs: readonly string[] | null;
  readonly Capabilities: readonly (readonly string[])[] | null;
  readonly Options: Readonly<Record<string, string>> | null;
}

/** `all`, `2`, `"device=0,1",capabilities=utility`. */
export const gpuRequests: FlagKind<readonly DeviceRequest[]> = {
  typeName: "gpu-request",
  initial: [],
  accept: (before, value) => [...before, parseGpus(value)],
};

function parseGpus(value: string): DeviceRequest {
  const seen = new Set<string>();
  let request: DeviceRequest = { Driver: "", Count: 0, DeviceIDs: null, Capabilities: [["gpu"]], Options: {} };
  for (const field of csvFields(value)) {
    const equals = field.indexOf("=");
    const key = equals === -1 ? field : field.slice(0, equals);
    const item = field.slice(equals + 1);
    if (seen.has(key)) throw new Error(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    if (equals === -1 || key === "count") {
      seen.add("count");
      request = { ...request, Count: gpuCount(item) };
    } else if (key === "driver") request = { ...request, Driver: item };
    else if (key === "device") request = { ...request, DeviceIDs: item.split(",") };
    else if (key === "capabilities") request = { ...request, Capabilities: [[...item.split(","), "gpu"]] };
    else if (key === "options") request = { ...request, Options: pairs(csvFields(item)) };
    else throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  return seen.has("count") || request.DeviceIDs !== null ? request : { ...request, Count: 1 };
}

function gpuCount(value: string): number {
  if (value === "all") return -1;
  if (!/^[+-]?\d+$/.test(value))
    throw new Error(`invalid count (${value}): value must be either "all" or an integer: invalid syntax`);
  return Number(value);
}

/** `a=b` as a map; a word without `=` maps to the empty string. */
export function pairs(items: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    items.map((item) => {
      const equals = item.indexOf("=");
      return equals === -1 ? [item, ""] : [item.slice(0, equals), item.slice(equals + 1)];
    }),
  );
}
