import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { compileContainer } from "#runtime/compile/compile-container.ts";
import { compileExec } from "#runtime/compile/compile-exec.ts";
import { cgroupResources } from "#runtime/compile/device-steps.ts";
import { FilterCache } from "#runtime/compile/filter-cache.ts";
import { containerSpec } from "#runtime/docker/container-spec.ts";
import { execProcess } from "#runtime/docker/exec-process.ts";
import type { ContainerSpecInput } from "#runtime/docker/types.ts";
import type { Plan } from "#runtime/plan/ops.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { execConfig } from "#spec/docker/exec.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { fullMachine, v1Machine } from "#runtime/compile/machine.suite.ts";

/**
 * Docker configuration -> OCI configuration -> launch plan, against files in runtime/. `UPDATE_GOLDEN=1 bun test
 * tests/golden` writes them anew; the difference is then read by a person.
 */
interface Case {
  readonly name: string;
  readonly facts: RuntimeFacts;
  readonly config?: object;
  readonly host?: object;
  readonly more?: Partial<ContainerSpecInput>;
  readonly exec?: object;
}

const id = "3f2a9c0d1e4b";
const base = { ShmSize: 64 << 20, IpcMode: "private", NetworkMode: "bridge" };

const cases: readonly Case[] = [
  { name: "default-v2", facts: fullMachine, config: { Cmd: ["sh"] } },
  { name: "default-v1", facts: v1Machine },
  {
    name: "options",
    facts: fullMachine,
    config: {
      Env: ["A=b", "PATH=/bin", "TERM"],
      Tty: true,
      WorkingDir: "/x",
      Hostname: "h",
      Domainname: "example.org",
    },
    host: {
      Memory: 64 << 20,
      MemorySwap: 128 << 20,
      NanoCpus: 5e8,
      PidsLimit: 50,
      ReadonlyRootfs: true,
      Tmpfs: { "/t": "size=1m" },
      CapDrop: ["ALL"],
      CapAdd: ["NET_ADMIN", "cap_chown"],
      SecurityOpt: ["no-new-privileges"],
      Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }],
      Sysctls: { "net.ipv4.ip_forward": "1" },
      OomScoreAdj: 100,
      ConsoleSize: [24, 80],
      DeviceCgroupRules: ["c 42:* rmw"],
      Annotations: { a: "b" },
    },
    more: {
      user: { uid: 1000, gid: 1000, additionalGids: [2000], home: "/home/app" },
      mounts: [
        {
          type: "bind",
          source: "/host/deep",
          destination: "/c/d",
          readOnly: true,
          propagation: "",
          recursive: true,
          recursiveReadOnly: "if-possible",
        },
        {
          type: "bind",
          source: "/host",
          destination: "/c",
          readOnly: false,
          propagation: "rshared",
          recursive: false,
          recursiveReadOnly: "no",
        },
      ],
      devices: [
        {
          hostPath: "/dev/net/tun", node: { path: "/dev/net/tun", type: "c", major: 10, minor: 200, fileMode: 0o666, uid: 0, gid: 0 },
          access: "rw",
        },
      ],
    },
    exec: { Cmd: ["id"], Env: ["C=d"], User: "", WorkingDir: "/y" },
  },
  {
    name: "privileged-v1",
    facts: v1Machine,
    host: { Privileged: true, OomScoreAdj: -500 },
    exec: { Cmd: ["sh"], Privileged: true, Tty: true },
  },
  {
    name: "host-everything",
    facts: fullMachine,
    host: {
      NetworkMode: "host",
      PidMode: "host",
      IpcMode: "host",
      UTSMode: "host",
      CgroupnsMode: "host",
      SecurityOpt: ["seccomp=unconfined", "systempaths=unconfined"],
    },
    more: { shmPath: "/dev/shm" },
  },
  {
    name: "init",
    facts: fullMachine,
    host: { Init: true, ReadonlyRootfs: true },
    more: { initPath: "/run/berth/bin/docker-init" },
  },
  {
    name: "labelled-v1",
    facts: { ...v1Machine, selinux: true },
    host: { Tmpfs: { "/t": "size=1m" } },
    more: {
      labels: {
        process: "system_u:system_r:container_t:s0:c3,c7",
        mount: "system_u:object_r:container_file_t:s0:c3,c7",
      },
    },
    exec: { Cmd: ["id"] },
  },
  {
    name: "shared-with-a-container",
    facts: fullMachine,
    host: { NetworkMode: "container:other", PidMode: "container:other", IpcMode: "container:other" },
    more: {
      namespaces: { network: "/proc/7/ns/net", pid: "/proc/7/ns/pid", ipc: "/proc/7/ns/ipc" },
      shmPath: "/run/shm",
    },
  },
];

for (const { name, facts, config = {}, host = {}, more = {}, exec } of cases) {
  test(`golden: ${name}`, () => {
    const filters = new FilterCache();
    const made = containerSpec({
      id,
      config: containerConfig.decode({ Hostname: id, ...config }, { struct: "", path: [] }),
      argv: ["sh", "-c", "true"],
      hostConfig: hostConfig.decode({ ...base, ...host }, { struct: "", path: [] }),
      user: { uid: 0, gid: 0, additionalGids: [], home: "/root" },
      files: {
        resolvConf: "/var/lib/berth/c/resolv.conf",
        hostname: "/var/lib/berth/c/hostname",
        hosts: "/var/lib/berth/c/hosts",
      },
      mounts: [],
      namespaces: {},
      cgroupPath: `/berth/${id}`,
      devices: [],
      blockDevices: {},
      facts,
      ...more,
    });
    const cgroup =
      facts.cgroupVersion === 2
        ? { directory: `/sys/fs/cgroup/berth/${id}`, procs: [] }
        : { procs: facts.cgroupHierarchies.map(({ mountpoint }) => `${mountpoint}/berth/${id}/tasks`) };
    const root = { kind: "overlay" as const, lowerDirs: ["/l/2", "/l/1"], upperDir: "/s/upper", workDir: "/s/work" };
    const compiled = compileContainer({
      id,
      spec: made.spec,
      root,
      cgroup,
      cgroupPath: `/berth/${id}`,
      facts,
      filters,
    });
    check(
      `${name}.spec.json`,
      `${print({ ...made.spec, linux: { ...made.spec.linux, seccomp: digest(made.spec.linux?.seccomp) } })}\n`,
    );
    const warnings = [...made.warnings, ...compiled.warnings].map((warning) => `warning: ${warning}\n`).join("");
    check(
      `${name}.plan.txt`,
      `${warnings}${planText(compiled.plan)}devices: ${(cgroupResources(made.spec).devices ?? []).map(ruleText).join(", ")}\n`,
    );
    if (exec === undefined) return;
    const process = execProcess({
      container: made.spec,
      exec: execConfig.decode(exec, { struct: "", path: [] }),
      user: { uid: 0, gid: 0, additionalGids: [], home: "/root" },
      facts,
    });
    const joined = compileExec({
      id,
      spec: made.spec,
      process,
      target: { pid: 77, startTicks: 5n },
      cgroup,
      facts,
      filters,
    });
    check(`${name}.exec.txt`, planText(joined.plan));
  });
}

const ruleText = ({
  allow,
  type = "a",
  major = -1,
  minor = -1,
  access = "rwm",
}: {
  allow: boolean;
  type?: string;
  major?: number;
  minor?: number;
  access?: string;
}): string => `${allow ? "+" : "-"}${type} ${String(major)}:${String(minor)} ${access}`;

const digest = (value: unknown): string | undefined =>
  value === undefined ? undefined : `sha256 ${createHash("sha256").update(print(value)).digest("hex").slice(0, 16)}`;

const print = (value: unknown): string =>
  JSON.stringify(
    value,
    (_key, item: unknown) =>
      typeof item === "bigint" ? item.toString() : item instanceof Uint8Array ? bytesText(item) : item,
    2,
  );

const bytesText = (bytes: Uint8Array): string =>
  bytes.length <= 16 ? Buffer.from(bytes).toString("hex") : `${String(bytes.length)} bytes`;

/** One line a step. */
function planText({ steps, exec, ...head }: Plan): string {
  const line = (value: unknown): string => print(value).replaceAll(/\n\s*/gu, " ");
  return `${[line(head), ...steps.map(({ op, ...fields }) => `${op} ${line(fields)}`), `exec ${line(exec)}`].join("\n")}\n`;
}

function check(name: string, text: string): void {
  const path = `${import.meta.dirname}/runtime/${name}`;
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, text);
  expect(existsSync(path)).toBe(true);
  expect(text).toBe(readFileSync(path, "utf8"));
}
