import { afterEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { messageOf } from "#base/errors.ts";
import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import type { Cgroup } from "#host/cgroup/types.ts";
import { announce } from "#host/kernel/operations-beside.ts";
import { close, pipe, read } from "#host/kernel/syscalls.ts";
import type { Resources } from "#spec/oci/runtime.ts";

/** Needs root and mounted control groups; works on v1, hybrid and v2. Everything lives below /berth-test-cgroup. */
const parent = `/berth-test-cgroup-${String(process.pid)}`;
const cgroups = openCgroups();
const open: Cgroup[] = [];

afterEach(async () => {
  for (const cgroup of open.splice(0)) await cgroup.remove();
  cgroups.removeEmpty(parent);
  expect(cgroups.children(parent)).toEqual([]);
});

function create(name: string, resources: Parameters<typeof cgroups.create>[1]): Cgroup {
  const cgroup = cgroups.create(`${parent}/${name}`, resources);
  open.push(cgroup);
  return cgroup;
}

const directories = (cgroup: Cgroup): readonly string[] => [
  ...(cgroup.entry.directory === undefined ? [] : [cgroup.entry.directory]),
  ...cgroup.entry.procs.map((file) => file.replace(/\/tasks$/u, "")),
];

/** A process in the group. It moves itself as the launch plan does. */
async function inside(cgroup: Cgroup, script: string): Promise<{ pid: number; done: Promise<number> }> {
  const enter = [
    ...cgroup.entry.procs.map((file) => `echo 0 > ${file}`),
    ...(cgroup.entry.directory === undefined ? [] : [`echo 0 > ${cgroup.entry.directory}/cgroup.procs`]),
  ];
  const child = spawn("/bin/sh", ["-c", `${enter.join(" && ")} && echo in && { ${script}; }`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const done = new Promise<number>((resolve) =>
    child.once("exit", (code, signal) => resolve(code ?? (signal === "SIGKILL" ? 137 : 128))),
  );
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return { pid: child.pid ?? 0, done };
}

/** Every control file of the group that holds a limit, with its text. */
function limitFiles(cgroup: Cgroup): Readonly<Record<string, string>> {
  const isLimit = /limit_in_bytes$|\.max$|\.low$|cpu\.(?:shares|weight|cfs_\w+)$|^cpuset\.(?:cpus|mems)$/u;
  return Object.fromEntries(
    directories(cgroup).flatMap((directory) =>
      readdirSync(directory)
        .filter((name) => isLimit.test(name))
        .map((name) => [`${directory}/${name}`, readFileSync(`${directory}/${name}`, "utf8")] as const),
    ),
  );
}

test("limits arrive in the kernel and the group is gone afterwards", async () => {
  const cgroup = create("limits", {
    memory: { limit: 64 << 20 },
    cpu: { quota: 50_000, period: 100_000, shares: 512 },
    pids: { limit: 20 },
  });
  expect(cgroup.stats().memory?.limitBytes).toBe(64 << 20);
  expect(cgroup.stats().pids).toEqual({ current: 0, limit: 20 });
  cgroup.update({ memory: { limit: 32 << 20 }, pids: { limit: -1 } });
  expect(cgroup.stats().memory?.limitBytes).toBe(32 << 20);
  expect(cgroup.stats().pids?.limit).toBe(-1);
  const made = directories(cgroup);
  expect(made.length).toBeGreaterThan(0);
  await cgroup.remove();
  for (const directory of made) expect(existsSync(directory)).toBe(false);
  await cgroup.remove();
});

test("an update that the kernel refuses half-way leaves the old limits", () => {
  const cgroup = create("refusal", { memory: { limit: 64 << 20 }, cpu: { quota: 50_000, period: 100_000 } });
  const before = limitFiles(cgroup);
  const refused = { memory: { limit: 32 << 20 }, cpu: { quota: 20_000, period: 50_000, cpus: "4096-5000" } };
  expect(() => cgroup.update(refused)).toThrow(/cannot set the CPU set/u);
  expect(limitFiles(cgroup)).toEqual(before);
});

test("an update can be taken back, also where the limits bound each other", () => {
  const swap = cgroups.features().swap;
  const memory = (mib: number) => ({ limit: mib << 20, ...(swap ? { swap: mib << 21 } : {}) });
  const cgroup = create("undo", { memory: memory(64), pids: { limit: 20 } });
  const before = limitFiles(cgroup);
  const undo = cgroup.update({ memory: memory(512), cpu: { shares: 300, cpus: "0" }, pids: { limit: -1 } });
  expect(cgroup.stats().memory?.limitBytes).toBe(512 << 20);
  undo();
  expect(limitFiles(cgroup)).toEqual(before);
  cgroup.update({ memory: memory(16) })();
  expect(limitFiles(cgroup)).toEqual(before);
});

test("processes are counted, frozen, thawed and killed", async () => {
  const cgroup = create("life", {});
  const child = await inside(cgroup, "sleep 600 2>/dev/null & exec sleep 600");
  expect(cgroup.pids()).toContain(child.pid);
  await cgroup.freeze();
  expect(cgroup.isFrozen()).toBe(true);
  await cgroup.thaw();
  expect(cgroup.isFrozen()).toBe(false);
  await cgroup.freeze();
  await cgroup.kill();
  expect(await child.done).toBe(137);
});

test("remove kills what is left, in subgroups too", async () => {
  const cgroup = create("left", {});
  const child = await inside(cgroup, `exec sleep 600`);
  const made = directories(cgroup);
  await cgroup.remove();
  expect(await child.done).toBe(137);
  for (const directory of made) expect(existsSync(directory)).toBe(false);
});

test("the pids limit stops forks", async () => {
  const cgroup = create("pids", { pids: { limit: 3 } });
  const child = await inside(cgroup, "sleep 100 & sleep 100 & sleep 100 & sleep 100 & true");
  expect(await child.done).not.toBe(0);
});

test("a memory limit kills and the counter tells", async () => {
  const cgroup = create("memory", {
    memory: { limit: 8 << 20, ...(cgroups.features().swap ? { swap: 8 << 20 } : {}) },
  });
  const child = await inside(cgroup, "exec tail /dev/zero");
  expect(await child.done).toBe(137);
  const events = readFileSync(cgroup.oomEventsPath ?? "", "utf8");
  expect(events).toMatch(/oom_kill [1-9]/u);
});

test("the device allow-list refuses and allows", async () => {
  const cgroup = create("devices", {
    devices: [
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
    ],
  });
  const child = await inside(
    cgroup,
    "echo x > /dev/null && ! head -c1 /dev/zero && ! mknod /tmp/berth-test-node-$$ b 8 0",
  );
  expect(await child.done).toBe(0);
});

test("a refused value names limit and value and leaves nothing", () => {
  const path = `${parent}/refused`;
  expect(() => cgroups.create(path, { cpu: { cpus: "4096-5000" } })).toThrow(/cannot set the CPU set to 4096-5000/u);
  expect(cgroups.children(parent)).not.toContain(path);
});

describe("a group that is made by another thread", () => {
  /** The announcement that is made, if any, and why the group is not. */
  async function beside(path: string, resources: Resources): Promise<readonly [words: number, reason: string]> {
    const [readEnd, fd] = pipe();
    try {
      const reason = await cgroups.createBeside(path, resources, { fd, word: 7 }).then(
        () => "",
        (error: unknown) => messageOf(error),
      );
      announce({ fd, word: 0 });
      return [read(readEnd, new Uint8Array(8)) - 1, reason];
    } finally {
      close(readEnd);
      close(fd);
    }
  }

  const rules = [{ allow: false }, { allow: true, type: "c", major: 1, minor: 3, access: "rw" }] as const;
  const usual: Resources = { memory: { limit: 64 << 20, swap: 128 << 20 }, pids: { limit: 20 }, devices: rules };

  test("is as one made by this one, also where its parent is not there yet", async () => {
    const expected = create("here", usual);
    await expected.remove();
    cgroups.removeEmpty(parent);
    for (const name of ["first", "second"]) {
      expect(await beside(`${parent}/${name}`, usual)).toEqual([1, ""]);
      open.push(cgroups.open(`${parent}/${name}`));
    }
    const same = create("same", usual);
    const valuesOf = (cgroup: Cgroup): readonly string[] => Object.values(limitFiles(cgroup));
    for (const cgroup of open.slice(-3)) {
      expect(valuesOf(cgroup)).toEqual(valuesOf(same));
      for (const directory of directories(cgroup).filter((path) => existsSync(`${path}/devices.list`)))
        expect(readFileSync(`${directory}/devices.list`, "utf8")).toBe("c 1:3 rw\n");
      expect(await (await inside(cgroup, "true")).done).toBe(0);
    }
  });

  test("that is there in part, or wholly, gets what it lacks and its limits", async () => {
    const path = `${parent}/part`;
    create("sibling", {});
    for (const directory of directories(cgroups.open(path))) {
      mkdirSync(directory);
      expect(await beside(path, usual)).toEqual([1, ""]);
      expect(cgroups.open(path).stats().pids?.limit).toBe(20);
      await cgroups.open(path).remove();
    }
    expect(await beside(path, {})).toEqual([1, ""]);
    expect(await beside(path, usual)).toEqual([1, ""]);
    expect(cgroups.open(path).stats().memory?.limitBytes).toBe(64 << 20);
    open.push(cgroups.open(path));
  });

  test.each<[string, Resources]>([
    ["a refused value", { ...usual, cpu: { cpus: "4096-5000" } }],
    ["limits that bound each other", { memory: { limit: 64 << 20, swap: 32 << 20 } }],
    ["shares beyond the kernel's", { cpu: { shares: 300_000 } }],
    ["a value with a NUL", { cpu: { cpus: "0\0" } }],
    ["another version's limits", { unified: { "cgroup.procs": "1" } }],
    ["a controller that is nowhere", { rdma: { none: { hcaHandles: 1 } } }],
  ])("with %s fails in the same words, or not, and leaves nothing", async (_what, resources) => {
    const path = `${parent}/refused`;
    create("sibling", {});
    let expected = "";
    try {
      await cgroups.create(path, resources).remove();
    } catch (error) {
      expected = messageOf(error);
    }
    expect(await beside(path, resources)).toEqual([expected === "" ? 1 : 0, expected]);
    if (expected === "") await cgroups.open(path).remove();
    expect(directories(cgroups.open(path)).filter((directory) => existsSync(directory))).toEqual([]);
  });
});

test("stats count CPU time", async () => {
  const cgroup = create("cpu", {});
  const child = await inside(cgroup, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
  expect(await child.done).toBe(0);
  expect(cgroup.stats().cpu?.usageNs).toBeGreaterThan(0);
});

test("processes enter a group below parents that are not there yet, or that somebody else made", async () => {
  for (const directory of directories(cgroups.open(parent))) mkdirSync(directory);
  for (const name of ["below/one", "below/two"]) {
    const cgroup = create(name, {});
    expect(await (await inside(cgroup, "true")).done).toBe(0);
  }
  open.push(cgroups.open(`${parent}/below`));
});

test("a group made by an earlier engine is found again", () => {
  const cgroup = create("again", {});
  expect(cgroups.children(parent)).toContain(cgroup.path);
  expect(cgroups.open(cgroup.path).pids()).toEqual([]);
});
