import type { Cgroup, CgroupManager } from "#host/cgroup/types.ts";
import { announce } from "#host/kernel/operations-beside.ts";
import type { HostCounters } from "../ports.ts";

const silentInterface = {
  rxBytes: 0,
  rxPackets: 0,
  rxErrors: 0,
  rxDropped: 0,
  txBytes: 0,
  txPackets: 0,
  txErrors: 0,
  txDropped: 0,
};

/** Counters of a machine that does little. */
export const fakeCounters: HostCounters = {
  cpuTime: () => ({ totalNs: 5e9, onlineCpus: 2 }),
  interfaces: () => new Map([["eth0", { ...silentInterface, rxBytes: 7 }]]),
  process: () => ({
    cpuSeconds: 1.5,
    residentBytes: 64 << 20,
    virtualBytes: 1 << 30,
    threads: 9,
    openFiles: 20,
    maxOpenFiles: 1024,
    startedAtSeconds: 1_700_000_000,
  }),
  ipv4Forwarding: () => true,
};

/** What the fake keeps, for tests to look at and to set. */
export interface FakeCgroupState {
  /** Paths. */
  readonly cgroups: Set<string>;
  /** Of those. */
  readonly frozen: Set<string>;
  /** The next removal waits for it. */
  removingCgroup: (() => Promise<void>) | undefined;
}

/** Control groups that only exist, and may be frozen. */
export function fakeCgroups(state: FakeCgroupState): CgroupManager {
  const { cgroups, frozen } = state;
  const open = (path: string): Cgroup => ({
    path,
    entry: { procs: [] },
    oomEventsPath: undefined,
    add() {},
    update: () => () => {},
    freeze: async () => void frozen.add(path),
    thaw: async () => void frozen.delete(path),
    isFrozen: () => frozen.has(path),
    pids: () => [1000],
    kill: async () => {},
    stats: () => ({ cpu: undefined, memory: undefined, pids: undefined, io: [] }),
    remove: async () => {
      const waiting = state.removingCgroup;
      state.removingCgroup = undefined;
      await waiting?.();
      cgroups.delete(path);
    },
  });
  return {
    version: 2,
    createsBeside: false,
    controllers: ["memory"],
    create: open,
    createBeside: async (path, _resources, announcement) => {
      open(path);
      announce(announcement);
    },
    open,
    children: () => [],
    removeEmpty() {},
    features: () => features,
  };
}

const features = {
  memory: true,
  swap: true,
  memoryReservation: true,
  swappiness: false,
  oomKillDisable: false,
  cpuShares: true,
  cpuQuota: true,
  cpuRealtime: false,
  cpuset: true,
  pids: true,
  blockIoWeight: false,
  blockIoThrottle: false,
};
