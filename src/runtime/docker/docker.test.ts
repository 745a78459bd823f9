import { describe, expect, test } from "bun:test";
import { hostConfig, type HostConfig } from "#spec/docker/host-config.ts";
import { containerCapabilities, defaultCapabilities } from "./capabilities.ts";
import { containerEnvironment, override } from "./environment.ts";
import { containerResources, parseDeviceCgroupRule } from "./resources.ts";
import { parseSecurityOptions } from "./security-options.ts";

const caps = (add: string[] = [], drop: string[] = [], privileged = false): readonly string[] =>
  containerCapabilities({ add, drop, privileged }, 40);
const limits = (value: object): HostConfig => hostConfig.decode(value, { struct: "", path: [] });

describe("capabilities", () => {
  test("defaults, add, drop, ALL on either side", () => {
    expect(caps()).toEqual(defaultCapabilities);
    expect(caps([], ["mknod"])).toEqual(defaultCapabilities.filter((name) => name !== "CAP_MKNOD"));
    expect(caps(["net_admin", "CAP_NET_ADMIN", "chown"]).slice(14)).toEqual(["CAP_NET_ADMIN"]);
    expect(caps(["sys_admin"], ["all"])).toEqual(["CAP_SYS_ADMIN"]);
    expect(caps(["ALL"], ["SYS_ADMIN"]).length).toBe(40);
    expect(caps(["ALL"], ["ALL"]).length).toBe(41);
    expect(caps([], [], true).length).toBe(41);
  });

  test("unknown ones are refused in Docker's words", () => {
    expect(() => caps(["bogus"])).toThrow('unknown capability: "CAP_BOGUS"');
    expect(() => containerCapabilities({ add: ["BPF"], drop: [], privileged: false }, 37)).toThrow(
      "not supported by your kernel",
    );
  });
});

describe("--security-opt", () => {
  test("all forms", () => {
    expect(
      parseSecurityOptions([
        "no-new-privileges:true",
        "seccomp=unconfined",
        "apparmor:x",
        "label=disable",
        "systempaths=unconfined",
        "writable-cgroups=false",
      ]),
    ).toEqual({
      noNewPrivileges: true,
      writableCgroups: false,
      seccomp: "unconfined",
      apparmor: "x",
      labels: ["disable"],
      unconfinedSystemPaths: true,
    });
    expect(parseSecurityOptions(["no-new-privileges=false", "writable-cgroups"])).toMatchObject({
      noNewPrivileges: false,
      writableCgroups: true,
    });
    expect(parseSecurityOptions(['seccomp={"a":"b=c"}']).seccomp).toBe('{"a":"b=c"}');
  });

  test("others are refused in Docker's words", () => {
    expect(() => parseSecurityOptions(["nothing"])).toThrow('invalid --security-opt 1: "nothing"');
    expect(() => parseSecurityOptions(["a=b"])).toThrow('invalid --security-opt 2: "a=b"');
    expect(() => parseSecurityOptions(["no-new-privileges=maybe"])).toThrow(
      'invalid --security-opt 2: "no-new-privileges=maybe"',
    );
  });
});

test("limits become OCI resources, zero and null stand for none", () => {
  expect(containerResources(limits({}), {})).toEqual({});
  expect(
    containerResources(
      limits({
        Memory: 10,
        MemorySwap: -1,
        NanoCpus: 1_500_000_000,
        CpusetCpus: "0",
        PidsLimit: -1,
        BlkioWeight: 300,
        BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 9 }],
      }),
      { "/dev/sda": { major: 8, minor: 0 } },
    ),
  ).toEqual({
    memory: { limit: 10, swap: -1 },
    cpu: { cpus: "0", period: 100_000, quota: 150_000 },
    pids: { limit: -1 },
    blockIO: { weight: 300, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 9 }] },
  });
  expect(() => containerResources(limits({ BlkioWeightDevice: [{ Path: "/nope", Weight: 10 }] }), {})).toThrow(
    "stat /nope: no such file or directory",
  );
  expect(() => containerResources(limits({ CpuShares: -1 }), {})).toThrow("invalid CPU shares (-1)");
});

test("device cgroup rules", () => {
  expect(parseDeviceCgroupRule("c 42:* rmw")).toEqual({ allow: true, type: "c", major: 42, minor: -1, access: "rmw" });
  expect(() => parseDeviceCgroupRule("x 1:1 r")).toThrow("invalid device cgroup rule format: 'x 1:1 r'");
});

test("environment order and replacement", () => {
  const input = { hostname: "h", terminal: true, home: "/home/u" };
  expect(containerEnvironment({ ...input, env: ["PATH=/x", "A=1", "TERM"] })).toEqual([
    "PATH=/x",
    "HOSTNAME=h",
    "A=1",
    "HOME=/home/u",
  ]);
  expect(containerEnvironment({ ...input, env: ["HOME=/mine"] }).at(-1)).toBe("HOME=/mine");
  expect(override(["A=1", "B=2"], ["B=3", "A", "C=4"])).toEqual(["B=3", "C=4"]);
});
