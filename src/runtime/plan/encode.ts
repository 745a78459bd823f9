import { BerthError } from "#base/errors.ts";
import {
  namespaceFlag,
  stepTable,
  type FieldType,
  type Join,
  type NamespaceKind,
  type Plan,
  type StepShape,
} from "./ops.ts";
import { allShapes, launchMagic, launchVersion, limits, recordTable } from "./wire.ts";
import { Writer } from "./writer.ts";

/** Everything of a launch that is not the plan; numbers as in wire.ts. */
export interface LaunchSettings {
  readonly id: string;
  readonly terminal: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly stdin: number;
  readonly mode: number;
  /** Empty: no log. */
  readonly logPath: string;
  readonly logMaxSize: bigint;
  readonly logMaxFiles: number;
  /** Empty: not watched. */
  readonly oomEvents: string;
  /** OCI console socket that gets the pty master instead of the monitor; empty: none. */
  readonly consoleSocket: string;
  /** Descriptors 3 … 2+n of the shim go to the process. */
  readonly preserveFds: number;
  readonly logFlags: number;
  /** `"attrs":{…},` of every JSON line; may be empty. */
  readonly logAttributes: string;
  /** File with the pid of what a foreign runtime's command leaves behind; empty: the plan's process is the one. */
  readonly adopt: string;
}

/** The launch message. Throws `invalid-parameter` for values the format cannot carry. */
export function encodeLaunch(settings: LaunchSettings, plan: Plan): Uint8Array {
  const records: (readonly [StepShape, Readonly<Record<string, unknown>>])[] = [
    [recordTable.launch, { ...settings }],
    [recordTable.namespaces, namespacesRecord(plan)],
    ...plan.join.map(joinRecord),
    ...plan.steps.map((step) => [stepTable[step.op], step] as const),
    [recordTable.exec, { ...plan.exec }],
  ];
  if (records.length > limits.records)
    throw new BerthError("invalid-parameter", `launch plan has too many steps (${records.length})`);
  if (plan.exec.argv.length === 0) throw new BerthError("invalid-parameter", "launch plan has no command");
  const writer = new Writer();
  writer.u32(launchMagic);
  writer.u32(launchVersion);
  writer.u32(0);
  writer.u32(records.length);
  for (const [shape, values] of records) writeRecord(writer, shape, values);
  if (writer.length > limits.messageBytes)
    throw new BerthError("invalid-parameter", `launch plan is too large (${writer.length} bytes)`);
  writer.patchU32(8, writer.length);
  return writer.finish();
}

function namespaceFlags(kinds: readonly NamespaceKind[]): number {
  return kinds.reduce((flags, kind) => (flags | namespaceFlag[kind]) >>> 0, 0);
}

function namespacesRecord(plan: Plan): Record<string, unknown> {
  const offsets = plan.timeOffsets;
  return {
    create: namespaceFlags(plan.create),
    uidMap: plan.uidMap,
    gidMap: plan.gidMap,
    timeOffsets:
      offsets === undefined
        ? ""
        : `monotonic ${offsets.monotonic.seconds} ${offsets.monotonic.nanoseconds}\n` +
          `boottime ${offsets.boottime.seconds} ${offsets.boottime.nanoseconds}\n`,
    cgroupDirectory: plan.cgroup.directory ?? "",
    cgroupProcs: plan.cgroup.procs,
  };
}

function joinRecord(join: Join): readonly [StepShape, Record<string, unknown>] {
  return join.by === "path"
    ? [recordTable.join_path, { flag: namespaceFlag[join.kind], path: join.path }]
    : [recordTable.join_process, { flags: namespaceFlags(join.kinds), pid: join.pid, startTicks: join.startTicks }];
}

type WriteField = (writer: Writer, value: never) => void;

const writeString = (writer: Writer, value: string): void => writer.string(value);
const writeU32 = (writer: Writer, value: number): void => writer.u32(value);

const fieldWriters: Readonly<Record<FieldType, WriteField>> = {
  u32: writeU32,
  bool: (writer, value: boolean) => writer.u32(value ? 1 : 0),
  i64: (writer, value: number) => writer.i64(value),
  u64: (writer, value: bigint) => writer.u64(value),
  string: writeString,
  path: writeString,
  hostPath: writeString,
  bytes: (writer, value: Uint8Array) => writer.bytes(value),
  strings: (writer, value: readonly string[]) => writeList(writer, value, writeString),
  u32s: (writer, value: readonly number[]) => writeList(writer, value, writeU32),
};

/** How the fields of each shape are written, in wire order. */
const shapeWriters: ReadonlyMap<StepShape, readonly (readonly [name: string, write: WriteField])[]> = new Map(
  allShapes().map(([, shape]) => [
    shape,
    Object.entries(shape.fields).map(([name, type]) => [name, fieldWriters[type]] as const),
  ]),
);

function writeRecord(writer: Writer, shape: StepShape, values: Readonly<Record<string, unknown>>): void {
  const tolerated = (values["tolerate"] ?? []) as readonly number[];
  writer.u16(shape.code);
  writer.u16(tolerated.length);
  const lengthAt = writer.length;
  writer.u32(0);
  for (const errno of tolerated) writer.u32(errno);
  const bodyAt = writer.length;
  for (const [name, write] of shapeWriters.get(shape) ?? []) write(writer, values[name] as never);
  writer.patchU32(lengthAt, writer.length - bodyAt);
}

function writeList<T>(writer: Writer, items: readonly T[], write: (writer: Writer, item: T) => void): void {
  if (items.length > limits.elements)
    throw new BerthError("invalid-parameter", `a list of the launch plan is too long (${items.length})`);
  writer.u32(items.length);
  for (const item of items) write(writer, item);
}
