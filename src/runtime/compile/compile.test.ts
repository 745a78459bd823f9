import { describe, expect, test } from "bun:test";
import type { Linux, Process, RuntimeSpec } from "#spec/oci/runtime.ts";
import type { Plan, Step, StepName } from "#runtime/plan/ops.ts";
import { fullMachine, v1Machine } from "./machine.suite.ts";
import { compileContainer, hookPoint, type CompileInput } from "./compile-container.ts";
import { parseCpuList } from "./cpu-list.ts";
import { FilterCache } from "./filter-cache.ts";
import { sysctlSteps } from "./sysctl-steps.ts";

const base: RuntimeSpec = {
  ociVersion: "1.3.0",
  process: { args: ["a"], cwd: "/", user: { uid: 0, gid: 0 } },
  linux: { namespaces: [{ type: "mount" }, { type: "uts" }] },
};

function compile(
  process: Partial<Process> = {},
  linux: Linux = {},
  more: Partial<RuntimeSpec> = {},
  input: Partial<CompileInput> = {},
): { plan: Plan; warnings: readonly string[] } {
  const spec: RuntimeSpec = {
    ...base,
    ...more,
    process: { ...(base.process as Process), ...process },
    linux: { ...base.linux, ...linux },
  };
  return compileContainer({
    id: "c",
    spec,
    root: { kind: "bind", path: "/rootfs" },
    cgroup: { procs: [] },
    cgroupPath: "/c",
    facts: fullMachine,
    filters: new FilterCache(),
    ...input,
  });
}

const find = <N extends StepName>(plan: Plan, op: N): Extract<Step, { op: N }> | undefined =>
  plan.steps.find((step): step is Extract<Step, { op: N }> => step.op === op);
const order = (plan: Plan): readonly string[] => plan.steps.map(({ op }) => op);

describe("compileContainer", () => {
  test("all of the process's own settings become steps", () => {
    const { plan } = compile(
      {
        scheduler: { policy: "SCHED_BATCH", nice: 5, flags: ["SCHED_FLAG_RESET_ON_FORK"] },
        ioPriority: { class: "IOPRIO_CLASS_BE", priority: 4 },
        user: { uid: 1, gid: 2, umask: 0o77, additionalGids: [3] },
        oomScoreAdj: 7,
      },
      {
        personality: { domain: "LINUX32" },
        memoryPolicy: { mode: "MPOL_BIND", nodes: "0-1", flags: ["MPOL_F_STATIC_NODES"] },
      },
    );
    expect(find(plan, "scheduler")).toMatchObject({ policy: 3, nice: 5, flags: 1n });
    expect(find(plan, "io_priority")).toMatchObject({ class: 2, priority: 4 });
    expect(find(plan, "personality")?.persona).toBe(8);
    expect(find(plan, "memory_policy")).toMatchObject({
      mode: 2 | (1 << 15),
      nodes: new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0]),
    });
    expect(find(plan, "umask")?.mask).toBe(0o77);
    expect(find(plan, "groups")?.gids).toEqual([3]);
    expect(find(plan, "oom_score_adj")?.value).toBe(7);
  });

  test("cgroups that are not there yet are waited for before anything is taken from them", () => {
    const mounts = [{ destination: "/sys/fs/cgroup", type: "cgroup" }];
    const { plan } = compile({}, {}, { mounts }, { awaitsCgroups: true, facts: v1Machine });
    expect(order(plan).slice(0, 3)).toEqual(["namespace_propagation", "root_bind", "await_cgroups"]);
    expect(order(plan).lastIndexOf("await_cgroups")).toBe(2);
    expect(find(compile().plan, "await_cgroups")).toBeUndefined();
  });

  test("from a mount namespace that has nothing, unless somebody has to see the host's or may not enter it", () => {
    const emptyMounts = "/proc/1/fd/9";
    const { plan } = compile({}, {}, {}, { emptyMounts });
    expect(plan.create).toEqual(["uts"]);
    expect(plan.steps[0]).toEqual({ op: "empty_mounts", namespace: emptyMounts });
    expect(find(plan, "pivot_root")).toEqual({ op: "pivot_root", move: true });
    const namespaces = [{ type: "mount" as const }, { type: "user" as const }];
    for (const other of [
      compile({}, {}, {}, { emptyMounts, hooks: true }),
      compile({}, {}, {}, { emptyMounts, rootTarget: "/run/root" }),
      compile({}, {}, {}, { emptyMounts, createContainer: [{ op: "setsid" }] }),
      compile({}, { namespaces }, {}, { emptyMounts }),
      compile({}, {}, {}),
    ]) {
      expect(other.plan.create).toContain("mount");
      expect(order(other.plan)).toContain("namespace_propagation");
      expect(find(other.plan, "pivot_root")).toEqual({ op: "pivot_root", move: false });
    }
  });

  test("user namespace: maps, devices by bind, all capabilities can be had", () => {
    const { plan, warnings } = compile(
      { capabilities: { bounding: ["CAP_SYS_RESOURCE"] } },
      {
        namespaces: [{ type: "mount" }, { type: "user" }],
        uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
        gidMappings: [{ containerID: 0, hostID: 2000, size: 10 }],
      },
      { mounts: [{ destination: "/m", type: "bind", source: "/h", options: ["bind", "idmap"] }] },
      { facts: v1Machine },
    );
    expect(plan.uidMap).toBe("0 1000 10\n");
    expect(order(plan)).not.toContain("mknod");
    expect(warnings).toEqual([]);
    expect(find(plan, "bounding_set")?.keep).toBe(1n << 24n);
    expect(find(plan, "bind")).toMatchObject({ target: "/m", idmapUid: "0 1000 10\n", idmapGid: "0 2000 10\n" });
  });

  test("a user namespace that is joined has its maps already", () => {
    const ids = [{ containerID: 0, hostID: 1000, size: 10 }];
    const { plan } = compile(
      {},
      {
        namespaces: [{ type: "mount" }, { type: "user", path: "/proc/5/ns/user" }],
        uidMappings: ids,
        gidMappings: ids,
      },
    );
    expect([plan.create, plan.join, plan.uidMap, plan.gidMap]).toMatchObject([["mount"], [{ kind: "user" }], "", ""]);
  });

  test("seccomp is installed before the user changes, or after no_new_privs", () => {
    const seccomp = { defaultAction: "SCMP_ACT_ALLOW" as const };
    const plain = order(compile({}, { seccomp }).plan).slice(-4);
    expect(plain).toEqual(["wait", "seccomp", "user", "capabilities"]);
    const locked = order(compile({ noNewPrivileges: true }, { seccomp }).plan).slice(-5);
    expect(locked).toEqual(["wait", "user", "capabilities", "no_new_privs", "seccomp"]);
  });

  test("namespaces are made or joined, hooks wait before pivot_root, time offsets are kept", () => {
    const { plan } = compile(
      {},
      {
        namespaces: [{ type: "mount" }, { type: "network", path: "/n" }, { type: "time" }],
        timeOffsets: { boottime: { secs: 5 } },
      },
      {},
      { hooks: true, noPivot: true },
    );
    expect(plan.create).toEqual(["mount", "time"]);
    expect(plan.join).toEqual([{ by: "path", kind: "network", path: "/n" }]);
    expect(plan.timeOffsets?.boottime).toEqual({ seconds: 5, nanoseconds: 0 });
    const at = plan.steps.findIndex((step) => step.op === "wait" && step.point === hookPoint);
    expect(plan.steps[at + 1]).toEqual({ op: "pivot_root", move: true });
  });

  test("a bind of /dev keeps the host's nodes", () => {
    expect(
      order(
        compile({}, {}, { mounts: [{ destination: "/dev", type: "bind", source: "/dev", options: ["rbind"] }] }).plan,
      ),
    ).not.toContain("mknod");
  });

  test("read-only tmpfs is sealed after everything else is made", () => {
    const { plan } = compile(
      {},
      {},
      {
        mounts: [
          { destination: "/t", type: "tmpfs", source: "tmpfs", options: ["ro"] },
          { destination: "/t/x", type: "tmpfs", source: "tmpfs" },
        ],
      },
    );
    expect(find(plan, "mount")?.attrSet).toBe(0);
    expect(find(plan, "mount_attrs")).toMatchObject({ path: "/t", attrSet: 1 });
    expect(order(plan).indexOf("mount_attrs")).toBeGreaterThan(order(plan).lastIndexOf("mount"));
  });

  test("what the machine cannot give is told", () => {
    const { plan, warnings } = compile(
      {
        capabilities: { bounding: ["CAP_SYS_RESOURCE", "CAP_CHOWN", "CAP_FROM_THE_FUTURE"] },
        rlimits: [{ type: "RLIMIT_NOFILE", soft: 5, hard: 2_000_000 }],
      },
      {},
      {},
      { facts: v1Machine },
    );
    expect(warnings).toEqual([
      "CAP_FROM_THE_FUTURE, CAP_SYS_RESOURCE cannot be granted: this engine does not have them itself",
      "RLIMIT_NOFILE 2000000 cannot be set: this engine's own hard limit is 1048576, which is used",
    ]);
    expect(find(plan, "bounding_set")?.keep).toBe(1n);
    expect(find(plan, "rlimit")).toMatchObject({ soft: 5n, hard: 1048576n });
  });

  const mistakes: readonly (readonly [string, Partial<Process>, Linux, Partial<RuntimeSpec>])[] = [
    ["args must not be empty", { args: [] }, {}, {}],
    ["cwd must be an absolute path", { cwd: "x" }, {}, {}],
    ["NUL", { args: ["a\0"] }, {}, {}],
    ["range for oom score adj", { oomScoreAdj: 2000 }, {}, {}],
    ["RLIMIT_X", { rlimits: [{ type: "RLIMIT_X", soft: 1, hard: 1 }] }, {}, {}],
    [
      "given twice",
      {
        rlimits: [
          { type: "RLIMIT_CPU", soft: 1, hard: 1 },
          { type: "RLIMIT_CPU", soft: 1, hard: 1 },
        ],
      },
      {},
      {},
    ],
    ["above the hard limit", { rlimits: [{ type: "RLIMIT_CPU", soft: 2, hard: 1 }] }, {}, {}],
    ["must also be permitted", { capabilities: { effective: ["CAP_CHOWN"] } }, {}, {}],
    ["must also be permitted and inheritable", { capabilities: { ambient: ["CAP_CHOWN"] } }, {}, {}],
    ["has no AppArmor", { apparmorProfile: "x" }, {}, {}],
    ["selinux label", { selinuxLabel: "x" }, {}, {}],
    ["container needs a mount namespace", {}, { namespaces: [] }, {}],
    ["without a private UTS namespace", {}, { namespaces: [{ type: "mount" }] }, { hostname: "h" }],
    ["no user namespace", {}, { uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] }, {}],
    ["intelRdt is not supported", {}, { intelRdt: {} }, {}],
    ["netDevices need a network namespace", {}, { netDevices: { eth0: {} } }, {}],
    ["timeOffsets need", {}, { timeOffsets: {} }, {}],
    ["rootfsPropagation", {}, { rootfsPropagation: "odd" }, {}],
    ["not an absolute path", {}, {}, { mounts: [{ destination: "x" }] }],
    ["bind source", {}, {}, { mounts: [{ destination: "/x", type: "bind", source: "y" }] }],
    ["has no type", {}, {}, { mounts: [{ destination: "/x" }] }],
    [
      "idmap needs mappings",
      {},
      {},
      { mounts: [{ destination: "/x", type: "bind", source: "/y", options: ["idmap"] }] },
    ],
    ["must be absolute", {}, { maskedPaths: ["x"] }, {}],
    [
      "SCMP_ACT_NOTIFY needs a listenerPath",
      {},
      { seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }] } },
      {},
    ],
  ];
  test.each(mistakes)("mistake: %s", (message, process, linux, more) => {
    expect(() => compile(process, linux, more)).toThrow(message);
  });
});

test.each(["/proc", "/proc/", "//proc//sys", "/proc/uptime/.."])("layers are not mounted at %s", (target) => {
  const overlays = [{ lowerDirs: ["/l/1", "/l/2"], upper: undefined, source: "/proc", target }];
  expect(() => compile({}, {}, {}, { overlays })).toThrow("cannot be mounted because");
});

test("sysctls must belong to a namespace of the container", () => {
  const all = new Map([
    ["ipc", ""],
    ["network", "/n"],
    ["uts", ""],
  ]);
  expect(
    sysctlSteps(
      {
        "net.ipv4.conf.eth0/1.forwarding": "1",
        "net/ipv4/conf/eth0.1/forwarding": "1",
        "kernel.msgmax": "2",
        "fs.mqueue.msg_max": "3",
      },
      all,
    ),
  ).toEqual([
    { op: "sysctl", key: "net/ipv4/conf/eth0.1/forwarding", value: "1" },
    { op: "sysctl", key: "net/ipv4/conf/eth0.1/forwarding", value: "1" },
    { op: "sysctl", key: "kernel/msgmax", value: "2" },
    { op: "sysctl", key: "fs/mqueue/msg_max", value: "3" },
  ]);
  expect(() => sysctlSteps({ "vm.swappiness": "1" }, all)).toThrow("not in a separate kernel namespace");
  expect(() => sysctlSteps({ "net.core.somaxconn": "1" }, new Map())).toThrow("not allowed in host network namespace");
  expect(() => sysctlSteps({ "net.../../kernel/core_pattern": "x" }, all)).toThrow("is not a name");
});

test("cpu lists", () => {
  expect(parseCpuList("0-1,9", "x")).toEqual(new Uint8Array([3, 2, 0, 0, 0, 0, 0, 0]));
  for (const bad of ["", "a", "3-1", "9999", "1-"])
    expect(() => parseCpuList(bad, "the set")).toThrow("the set is not a list of numbers");
});
