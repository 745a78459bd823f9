import { describe, expect, test } from "bun:test";
import { decodeCreateRequest } from "#spec/docker/container.ts";
import { apiVersion, newestApiVersion, oldestApiVersion } from "./api-version.ts";
import { upgradeCreate } from "./upgrade-create.ts";

const upgraded = (body: object, version: string) =>
  upgradeCreate(decodeCreateRequest({ Image: "i", ...body }), apiVersion(version)).request;

const bind = { Type: "bind", Source: "/a", Target: "/b" };
const [first, second] = ["one", "two"];

describe("what a version brought is not heard of before, and taken since", () => {
  test.each<[since: string, body: object, read: (request: ReturnType<typeof upgraded>) => unknown, before: unknown]>([
    [
      "1.40",
      { HostConfig: { Mounts: [{ ...bind, BindOptions: { NonRecursive: true } }] } },
      mountOption("NonRecursive"),
      false,
    ],
    [
      "1.42",
      { HostConfig: { Mounts: [{ ...bind, BindOptions: { CreateMountpoint: true } }] } },
      mountOption("CreateMountpoint"),
      false,
    ],
    ["1.42", { HostConfig: { ConsoleSize: [5, 6] } }, ({ hostConfig }) => hostConfig.ConsoleSize, [0, 0]],
    [
      "1.42",
      { HostConfig: { Mounts: [{ ...bind, VolumeOptions: {} }] } },
      ({ hostConfig }) => hostConfig.Mounts?.[0]?.VolumeOptions,
      null,
    ],
    [
      "1.42",
      { HostConfig: { Mounts: [{ ...bind, TmpfsOptions: {} }] } },
      ({ hostConfig }) => hostConfig.Mounts?.[0]?.TmpfsOptions,
      null,
    ],
    ["1.43", { HostConfig: { Annotations: { a: "b" } } }, ({ hostConfig }) => hostConfig.Annotations, null],
    [
      "1.44",
      { Healthcheck: { Test: ["NONE"], StartInterval: 5e9 } },
      ({ config }) => config.Healthcheck?.StartInterval,
      0,
    ],
    ["1.44", { HostConfig: { Mounts: [{ ...bind, ReadOnly: true }] } }, mountOption("ReadOnlyNonRecursive"), true],
    [
      "1.44",
      { NetworkingConfig: { EndpointsConfig: { one: { MacAddress: "02:00:00:00:00:01" } } } },
      endpoint("MacAddress"),
      "",
    ],
    ["1.48", { NetworkingConfig: { EndpointsConfig: { one: { GwPriority: 7 } } } }, endpoint("GwPriority"), 0],
  ])("%s: %j", (since, body, read, before) => {
    const asked = read(decodeCreateRequest({ Image: "i", ...body }));
    expect(asked).not.toEqual(before);
    expect(read(upgraded(body, oneBefore(since)))).toEqual(before);
    expect(read(upgraded(body, oldestApiVersion))).toEqual(before);
    expect(read(upgraded(body, since))).toEqual(asked);
    expect(read(upgraded(body, newestApiVersion))).toEqual(asked);
  });
});

test("the host's control group namespace was the default of cgroup v1 before 1.41", () => {
  expect(upgraded({}, "1.40").hostCgroupNamespaceOnV1).toBe(true);
  expect(upgraded({}, "1.41").hostCgroupNamespaceOnV1).toBeUndefined();
});

test("1.40 alone knew a list of all capabilities, which is refused", () => {
  const body = { HostConfig: { Capabilities: ["CAP_CHOWN"] } };
  expect(() => upgraded(body, "1.40")).toThrow("the HostConfig.Capabilities field is not supported by this daemon");
  for (const version of ["1.39", "1.41", newestApiVersion]) expect(() => upgraded(body, version)).not.toThrow();
  expect(() => upgraded({ HostConfig: { Capabilities: [] } }, "1.40")).not.toThrow();
});

test("IPC was shared unless asked otherwise, before 1.40", () => {
  expect(upgraded({}, "1.39").hostConfig.IpcMode).toBe("shareable");
  expect(upgraded({ HostConfig: { IpcMode: "private" } }, "1.39").hostConfig.IpcMode).toBe("private");
  expect(upgraded({}, "1.40").hostConfig.IpcMode).toBe("");
});

test.each<[since: string, body: object, words: string]>([
  [
    "1.44",
    { HostConfig: { Mounts: [{ ...bind, BindOptions: { ReadOnlyForceRecursive: true } }] } },
    "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer",
  ],
  [
    "1.44",
    { NetworkingConfig: { EndpointsConfig: { [first]: {}, [second]: {} } } },
    "Container cannot be created with multiple network endpoints: one, two",
  ],
  [
    "1.45",
    { HostConfig: { Mounts: [{ Type: "volume", Target: "/b", VolumeOptions: { Subpath: "x" } }] } },
    "VolumeOptions.Subpath needs API v1.45 or newer",
  ],
  [
    "1.48",
    { HostConfig: { Mounts: [{ Type: "image", Source: "i", Target: "/b" }] } },
    'Mount type "Image" needs API v1.48 or newer',
  ],
])("%s: what would be wrong to leave out is refused before: %j", (since, body, words) => {
  expect(() => upgraded(body, oneBefore(since))).toThrow(words);
  expect(() => upgraded(body, since)).not.toThrow();
});

const mac = "02:42:ac:11:00:09";
const wide = { MacAddress: mac };
const setting = "net.ipv4.conf.eth0.log_martians";
const option = "com.docker.network.endpoint.sysctls";
const given = "net.ipv4.conf.IFNAME.log_martians=1";

/** What becomes of what was the whole container's and is an endpoint's: the endpoints, the sysctls and the warnings. */
const endpoints = (body: object, version: string) => {
  const { request, warnings } = upgradeCreate(decodeCreateRequest({ Image: "i", ...body }), apiVersion(version));
  const named = Object.entries(request.networkingConfig.EndpointsConfig ?? {}).map(([name, settings]) => [
    name,
    settings?.MacAddress === "" ? (settings.DriverOpts?.[option] ?? "") : settings?.MacAddress,
  ]);
  return {
    endpoints: Object.fromEntries(named),
    sysctls: Object.keys(request.hostConfig.Sysctls ?? {}),
    warned: warnings.length,
  };
};
const inNetworks = (EndpointsConfig: object, NetworkMode = "") => ({
  NetworkingConfig: { EndpointsConfig },
  HostConfig: { NetworkMode },
});

test.each<[version: string, body: object, endpoints: object, warned: number]>([
  ["1.43", wide, { bridge: mac }, 0],
  ["1.43", { ...wide, ...inNetworks({ other: {} }) }, { other: mac }, 0],
  ["1.44", wide, { bridge: mac }, 1],
  ["1.51", { ...wide, ...inNetworks({ default: { MacAddress: mac.toUpperCase() } }, "default") }, { default: mac }, 1],
  ["1.51", { ...wide, ...inNetworks({ a: {}, b: {} }, "b") }, { a: "", b: mac }, 1],
  ["1.51", { ...wide, HostConfig: { NetworkMode: "none" } }, {}, 1],
  ["1.47", { HostConfig: { Sysctls: { [setting]: "1" } } }, { bridge: given }, 1],
  ["1.47", { HostConfig: { NetworkMode: "host", Sysctls: { [setting]: "1" } } }, {}, 0],
  ["1.48", { HostConfig: { Sysctls: { "net.ipv4.ip_forward": "1" } } }, {}, 0],
])("%s: an endpoint's, of the whole container: %j", (version, body, wanted, warned) => {
  const found = endpoints(body, version);
  expect({ endpoints: found.endpoints, warned: found.warned }).toEqual({ endpoints: wanted, warned });
  if (Object.values(wanted).includes(given)) expect(found.sysctls).toEqual([]);
});

test.each<[version: string, body: object, words: string]>([
  ["1.43", { ...wide, HostConfig: { NetworkMode: "host" } }, "conflicting options: mac-address and the network mode"],
  ["1.44", { ...wide, ...inNetworks({ bridge: { MacAddress: "02:00:00:00:00:01" } }) }, "must match the endpoint-"],
  ["1.44", { ...wide, ...inNetworks({ a: {} }, "b") }, "unable to migrate container-wide MAC address to a specific"],
  ["1.52", wide, "container-wide MAC address no longer supported; use endpoint-specific MAC address instead"],
  [
    "1.47",
    { HostConfig: { Sysctls: { "net.ipv4.conf.eth1.rp_filter": "1" } } },
    "unable to determine network endpoint",
  ],
  ["1.48", { HostConfig: { Sysctls: { [setting]: "1" } } }, `must be supplied using driver option '${option}'`],
])("%s: refused of the whole container: %j", (version, body, words) => {
  expect(() => upgraded(body, version)).toThrow(words);
});

test("limits that a version took away are not heard of since", () => {
  const body = { HostConfig: { KernelMemory: 5, KernelMemoryTCP: 6 } };
  const read = (version: string) => {
    const { KernelMemory, KernelMemoryTCP } = upgraded(body, version).hostConfig;
    return [KernelMemory, KernelMemoryTCP];
  };
  expect(["1.41", "1.42", "1.51", "1.52"].map(read)).toEqual([
    [5, 6],
    [0, 6],
    [0, 6],
    [0, 0],
  ]);
});

test("the newest version's request stays what it is", () => {
  const request = decodeCreateRequest({ Image: "i", HostConfig: { Mounts: [bind] } });
  expect(upgradeCreate(request, apiVersion(newestApiVersion))).toEqual({ request, warnings: [] });
});

function oneBefore(version: string): string {
  return `1.${apiVersion(version).minor - 1}`;
}

type Read = (request: ReturnType<typeof upgraded>) => unknown;

function mountOption(name: "NonRecursive" | "CreateMountpoint" | "ReadOnlyNonRecursive"): Read {
  return ({ hostConfig }) => hostConfig.Mounts?.[0]?.BindOptions?.[name];
}

function endpoint(name: "MacAddress" | "GwPriority"): Read {
  return ({ networkingConfig }) => networkingConfig.EndpointsConfig?.["one"]?.[name];
}
