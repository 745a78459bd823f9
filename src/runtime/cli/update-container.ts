import { BerthError } from "#base/errors.ts";
import { parseBytes } from "#base/units.ts";
import { readTextFile } from "#host/files/files.ts";
import { parseJsonExact } from "#spec/oci/runtime-json.ts";
import type { Resources } from "#spec/oci/runtime.ts";
import type { RuntimeContext } from "./context.ts";
import { withoutZeroLimits } from "./set-limits.ts";
import type { FlagTable, ParsedFlags } from "./flags.ts";

export const updateFlags = {
  resources: "text",
  "blkio-weight": "text",
  "cpu-burst": "text",
  "cpu-idle": "text",
  "cpu-period": "text",
  "cpu-quota": "text",
  "cpu-rt-period": "text",
  "cpu-rt-runtime": "text",
  "cpu-share": "text",
  "cpuset-cpus": "text",
  "cpuset-mems": "text",
  "kernel-memory": "text",
  "kernel-memory-tcp": "text",
  "l3-cache-schema": "text",
  "mem-bw-schema": "text",
  memory: "text",
  "memory-reservation": "text",
  "memory-swap": "text",
  "pids-limit": "text",
} as const satisfies FlagTable;

const maxResourcesBytes = 1 << 20;

/** `update`: OCI resources as JSON (`-` is stdin), or by flags; what is not named stays. */
export function updateContainer({ store, cgroups }: RuntimeContext, id: string, flags: ParsedFlags): void {
  const container = store.load(id);
  const file = flags.text("resources");
  const resources = file === undefined ? resourcesOf(flags) : readResources(file);
  cgroups.open(container.cgroupPath).update(withoutZeroLimits(resources));
}

function readResources(file: string): Resources {
  const value = parseJsonExact(readTextFile(file === "-" ? "/proc/self/fd/0" : file, maxResourcesBytes));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new BerthError("invalid-parameter", "the resources are not a JSON object");
  return value;
}

/** docker-compat: runc ignores the kernel's memory limits, which Linux no longer has. */
function resourcesOf(flags: ParsedFlags): Resources {
  for (const name of ["l3-cache-schema", "mem-bw-schema"])
    if (flags.text(name) !== undefined)
      throw new BerthError("not-implemented", `Intel RDT (--${name}) is not supported`);
  const number = (name: string): number | undefined => whole(name, flags.text(name));
  const bytes = (name: string): number | undefined => size(name, flags.text(name));
  const resources: Resources = {
    memory: present({
      limit: bytes("memory"),
      reservation: bytes("memory-reservation"),
      swap: bytes("memory-swap"),
    }),
    cpu: present({
      shares: number("cpu-share"),
      quota: number("cpu-quota"),
      burst: number("cpu-burst"),
      period: number("cpu-period"),
      realtimePeriod: number("cpu-rt-period"),
      realtimeRuntime: number("cpu-rt-runtime"),
      idle: number("cpu-idle"),
      cpus: flags.text("cpuset-cpus"),
      mems: flags.text("cpuset-mems"),
    }),
    pids: present({ limit: number("pids-limit") }),
    blockIO: present({ weight: number("blkio-weight") }),
  };
  return present(resources);
}

/** Without what is undefined, and without parts that are empty then. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(
    ([, item]) => item !== undefined && (typeof item !== "object" || Object.keys(item as object).length > 0),
  );
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^-?\d+$/u.test(text)) throw new BerthError("invalid-parameter", `invalid value for ${name}: ${text}`);
  return Number(text);
}

function size(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (text === "-1") return -1;
  try {
    return parseBytes(text);
  } catch (error) {
    throw new BerthError("invalid-parameter", `invalid value for ${name}: ${text}`, { cause: error });
  }
}
