import { planVersion, stepTable, type FieldType, type StepShape } from "./ops.ts";

/**
 * The launch message: what the shim reads, once, from the file `launch` in its directory (and removes at once).
 *
 *   u32 magic "BRTH"  u32 version  u32 total bytes  u32 records
 *   records: launch, namespaces, join*, step*, exec (exactly in this order; step numbers count from the first step)
 *     u16 code  u16 tolerated errnos  u32 body bytes | u32 errno * tolerated | fields in table order
 *   fields, little endian, unaligned:
 *     u32, bool: 4 bytes   u64, i64: 8   string: u32 bytes, bytes without NUL, one NUL
 *     strings: u32 count, strings   u32s: u32 count, values   bytes: u32 length, bytes
 *
 * The decoder in native/shim/plan.c refuses anything else: other versions, unknown codes, bytes left over, counts past the limits.
 */
export const launchMagic = 0x48545242;
export const launchVersion = planVersion;

/** Bounds both sides enforce. */
export const limits = {
  /** Linux's own ceiling for argv + env is 6 MiB (execve(2): 3/4 of _STK_LIM). */
  messageBytes: 16 << 20,
  records: 4096,
  /** Elements of one `strings` or `u32s` field. */
  elements: 1 << 17,
} as const;

/** Records around the steps. Flags are CLONE_NEW* bits; maps and offsets are the text the kernel's files take. */
export const recordTable = {
  launch: {
    code: 200,
    fields: {
      id: "string",
      terminal: "bool",
      rows: "u32",
      columns: "u32",
      stdin: "u32",
      mode: "u32",
      logPath: "hostPath",
      logMaxSize: "u64",
      logMaxFiles: "u32",
      oomEvents: "hostPath",
      consoleSocket: "hostPath",
      preserveFds: "u32",
      logFlags: "u32",
      logAttributes: "string",
      adopt: "string",
    },
  },
  namespaces: {
    code: 201,
    fields: {
      create: "u32",
      uidMap: "string",
      gidMap: "string",
      timeOffsets: "string",
      cgroupDirectory: "hostPath",
      cgroupProcs: "strings",
    },
  },
  join_path: { code: 202, fields: { flag: "u32", path: "hostPath" } },
  join_process: { code: 203, fields: { flags: "u32", pid: "u32", startTicks: "u64" } },
  exec: { code: 204, fields: { argv: "strings", env: "strings" } },
} as const satisfies Readonly<Record<string, StepShape>>;

export const stdinMode = { closed: 0, open: 1, once: 2 } as const;

/**
 * Who keeps the process: `supervised`: the monitor owns stdio, log and status. `inherit`: the monitor stays, the process
 * gets the shim's own stdio. `handover`: like inherit, and at *ready* the monitor leaves; init itself answers go() on the
 * control socket and belongs to the caller's subreaper afterwards (what an OCI runtime CLI must do).
 */
export const launchMode = { supervised: 0, inherit: 1, handover: 2 } as const;

/**
 * How the log is written. `json`: Docker's JSON lines instead of records. `hold`: output waits rather than that a file is
 * removed which the reader has not taken yet.
 */
export const logFlag = { json: 1, hold: 2 } as const;

/**
 * What the launcher says on the pipe, a byte each. `network`: make a network namespace now, for a plan that will most likely
 * ask for one. `complete`: the launch message is. `cgroups`: they are made, which a plan with an `await_cgroups` waits for.
 */
export const launchWord = { network: 1, complete: 2, cgroups: 3 } as const;

/** All shapes by name, in wire order of codes; what the header generator and the codecs walk. */
export function allShapes(): readonly (readonly [string, StepShape])[] {
  return [...Object.entries<StepShape>(stepTable), ...Object.entries<StepShape>(recordTable)];
}

export const fieldTypeCode: Readonly<Record<FieldType, number>> = {
  u32: 1,
  bool: 1,
  i64: 2,
  u64: 2,
  string: 3,
  path: 3,
  hostPath: 3,
  strings: 4,
  u32s: 5,
  bytes: 6,
};
