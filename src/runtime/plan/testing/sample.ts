import { stepTable, type FieldType, type Plan, type Step } from "../ops.ts";
import type { LaunchSettings } from "../encode.ts";

const sampleValue: Readonly<Record<FieldType, unknown>> = {
  u32: 0xdeadbeef,
  i64: -5,
  u64: 0xfedcba9876543210n,
  bool: true,
  string: "näme",
  path: "/in/side",
  hostPath: "/on/host",
  strings: ["a=1", "", "flag"],
  u32s: [0, 1000, 65536],
  bytes: new Uint8Array([0, 1, 254, 255]),
};

/** A plan that has every step once and every field filled; for codec tests and as the seed of the decoder's fuzzing. */
export function samplePlan(): Plan {
  const steps = Object.entries(stepTable).map(([op, shape], index) => ({
    op,
    ...Object.fromEntries(Object.entries(shape.fields).map(([name, type]) => [name, sampleValue[type]])),
    ...(index % 2 === 0 ? { tolerate: [1, 38] } : {}),
  }));
  return {
    create: ["mount", "user"],
    join: [
      { by: "path", kind: "network", path: "/run/netns/x" },
      { by: "process", kinds: ["ipc", "time"], pid: 7, startTicks: 99n },
    ],
    uidMap: "0 100000 65536\n",
    gidMap: "0 200000 65536\n",
    timeOffsets: { monotonic: { seconds: -1, nanoseconds: 2 }, boottime: { seconds: 3, nanoseconds: 4 } },
    cgroup: { directory: "/sys/fs/cgroup/x", procs: ["/sys/fs/cgroup/memory/x/cgroup.procs"] },
    steps: steps as unknown as Step[],
    exec: { argv: ["sh", "-c", ""], env: ["A=b"] },
  };
}

export const sampleSettings: LaunchSettings = {
  id: "0123456789ab",
  terminal: true,
  rows: 24,
  columns: 80,
  stdin: 2,
  mode: 0,
  logPath: "/var/log/x",
  logMaxSize: 1n << 40n,
  logMaxFiles: 3,
  oomEvents: "/sys/fs/cgroup/x/memory.events",
  consoleSocket: "",
  preserveFds: 0,
  logFlags: 0,
  logAttributes: "",
  adopt: "pid",
};
