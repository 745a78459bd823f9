import { expect, test } from "bun:test";
import { parseYaml } from "#host/bun/yaml.ts";
import type { Device, RuntimeSpec } from "#spec/oci/runtime.ts";
import { decode } from "#spec/docker/schema.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { applyCdi } from "./apply-cdi.ts";
import { CdiDevices } from "./cdi-devices.ts";
import { parseCdiSpec } from "./cdi-spec.ts";
import { requestedDevices } from "./device-requests.ts";

const text = `
cdiVersion: 0.6.0
kind: vendor.com/class
containerEdits:
  env: [COMMON=1]
devices:
  - name: one
    containerEdits:
      env: [ONE=1]
      deviceNodes:
        - path: /dev/one
          hostPath: /dev/null
          permissions: rw
      mounts:
        - hostPath: /usr/lib/one
          containerPath: /lib/one
          options: [ro, nosuid]
      additionalGids: [7]
  - name: two
    containerEdits:
      deviceNodes:
        - { path: /dev/two, type: c, major: 5, minor: 6, uid: 1, fileMode: 384 }
`;
const spec = parseCdiSpec(parseYaml(text));
const nvidia = parseCdiSpec({
  cdiVersion: "0.5.0",
  kind: "nvidia.com/gpu",
  devices: ["0", "1", "all"].map((name) => ({ name })),
});
const lookUp = (path: string): Device => ({ path, type: "c", major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 });

test("later folders win, a device described twice in one folder is none", () => {
  const other = parseCdiSpec({ cdiVersion: "0.6.0", kind: "vendor.com/class", devices: [{ name: "one" }] });
  expect(new CdiDevices([[spec]]).names()).toEqual(["vendor.com/class=one", "vendor.com/class=two"]);
  expect(new CdiDevices([[spec, other]]).names()).toEqual(["vendor.com/class=two"]);
  expect(new CdiDevices([[spec], [other]]).edits(["vendor.com/class=one"])).toEqual([other.edits, other.edits]);
});

test("unknown devices are refused together", () => {
  expect(() => new CdiDevices([[spec]]).edits(["vendor.com/class=one", "a/b=c", "x/y=z"])).toThrow(
    "CDI device injection failed: unresolvable CDI devices a/b=c, x/y=z",
  );
});

test("variables, nodes, mounts and groups come into the spec", () => {
  const container: RuntimeSpec = {
    ociVersion: "1.2.0",
    process: { user: { uid: 1000, gid: 1000, additionalGids: [1000] }, cwd: "/", env: ["ONE=0", "PATH=/bin"] },
    mounts: [{ destination: "/lib/one", type: "tmpfs" }],
    linux: { resources: { devices: [{ allow: false, access: "rwm" }] } },
  };
  const edits = new CdiDevices([[spec]]).edits(["vendor.com/class=one", "vendor.com/class=two"]);
  const made = applyCdi(container, edits, lookUp);
  expect(made.process?.env).toEqual(["ONE=1", "PATH=/bin", "COMMON=1"]);
  expect(made.process?.user.additionalGids).toEqual([1000, 7]);
  expect(made.mounts).toEqual([
    { destination: "/lib/one", type: "bind", source: "/usr/lib/one", options: ["rbind", "ro", "nosuid"] },
  ]);
  expect(made.linux?.devices).toEqual([
    { path: "/dev/one", type: "c", major: 1, minor: 3, fileMode: 0o666, uid: 1000, gid: 1000 },
    { path: "/dev/two", type: "c", major: 5, minor: 6, fileMode: 0o600, uid: 1, gid: 1000 },
  ]);
  expect(made.linux?.resources?.devices).toEqual([
    { allow: false, access: "rwm" },
    { allow: true, type: "c", major: 1, minor: 3, access: "rw" },
    { allow: true, type: "c", major: 5, minor: 6, access: "rwm" },
  ]);
});

test("hooks follow those that are there, each at its time", () => {
  const hook = (hookName: string, path: string) => ({ hookName, path, args: [path, "x"], env: ["A=b"], timeout: 5 });
  const hooked = parseCdiSpec({
    cdiVersion: "0.6.0",
    kind: "v.com/c",
    devices: [{ name: "a", containerEdits: { hooks: [hook("createContainer", "/one"), hook("poststop", "/two")] } }],
    containerEdits: { hooks: [{ hookName: "createContainer", path: "/all" }] },
  });
  const edits = new CdiDevices([[hooked]]).edits(["v.com/c=a"]);
  const process = { user: { uid: 0, gid: 0 }, cwd: "/" };
  const made = applyCdi({ ociVersion: "1.2.0", process, hooks: { poststop: [{ path: "/own" }] } }, edits, lookUp);
  const full = (path: string) => ({ path, args: [path, "x"], env: ["A=b"], timeout: 5 });
  expect(made.hooks).toEqual({
    createContainer: [{ path: "/all", args: [], env: [] }, full("/one")],
    poststop: [{ path: "/own" }, full("/two")],
  });
});

const requests = (list: readonly object[]) => decode(hostConfig, { DeviceRequests: list }).DeviceRequests ?? [];
const gpu = { Capabilities: [["gpu"]] };

test.each([
  [{ Driver: "cdi", DeviceIDs: ["a/b=c"] }, ["a/b=c"]],
  [{ ...gpu, Count: -1 }, ["nvidia.com/gpu=all"]],
  [{ ...gpu, Count: 2 }, ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]],
  [{ ...gpu, Driver: "nvidia", DeviceIDs: ["1"] }, ["nvidia.com/gpu=1"]],
])("%j asks for %j", (request, names) => {
  expect(requestedDevices(requests([request]), new CdiDevices([[nvidia]]))).toEqual(names);
});

test.each([
  [{ ...gpu, Driver: "other" }, 'could not select device driver "other" with capabilities: [[gpu]]'],
  [{ Capabilities: [["tpu", "x"], ["y"]] }, 'could not select device driver "" with capabilities: [[tpu x] [y]]'],
  [{ Driver: "cdi", Count: 1 }, "unexpected count in CDI device request"],
  [{ Driver: "cdi", Options: { a: "b" } }, "unexpected options in CDI device request"],
  [{ ...gpu, Count: 1, DeviceIDs: ["0"] }, "cannot set both Count and DeviceIDs on device request"],
])("%j is refused", (request, message) => {
  expect(() => requestedDevices(requests([request]), new CdiDevices([[nvidia]]))).toThrow(message);
});

test("without the vendor's description there is no driver", () => {
  expect(() => requestedDevices(requests([{ ...gpu, Count: -1 }]), new CdiDevices([]))).toThrow(
    'could not select device driver "" with capabilities: [[gpu]]',
  );
});

test.each([
  [null, "the specification is not an object"],
  [{ kind: "a/b" }, "cdiVersion is missing"],
  [{ cdiVersion: "1", kind: "nokind" }, 'invalid kind "nokind"'],
  [{ cdiVersion: "1", kind: "a/b", devices: [{ name: "-" }] }, 'invalid device name "-"'],
  [{ cdiVersion: "1", kind: "a/b", devices: [{ name: "x" }, { name: "x" }] }, "a device is named twice"],
  [{ cdiVersion: "1", kind: "a/b", containerEdits: { env: ["NOVALUE"] } }, "invalid environment variable NOVALUE"],
  [{ cdiVersion: "1", kind: "a/b", containerEdits: { deviceNodes: [{ path: "rel" }] } }, 'path "rel" is not absolute'],
  [{ cdiVersion: "1", kind: "a/b", containerEdits: { hooks: [{ hookName: "x", path: "/x" }] } }, 'are no hooks "x"'],
  [{ cdiVersion: "1", kind: "a/b", containerEdits: { hooks: [{ hookName: "poststop" }] } }, "path is missing"],
  [{ cdiVersion: "1", kind: "a/b", containerEdits: { netDevices: [] } }, "netDevices is not supported"],
])("%j has not the form", (value, message) => {
  expect(() => parseCdiSpec(value)).toThrow(message);
});
