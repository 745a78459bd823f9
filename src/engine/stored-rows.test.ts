import { expect, test } from "bun:test";
import { containerConfig } from "#spec/docker/container-config.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { networkingConfig } from "#spec/docker/networking.ts";
import { decode } from "#spec/docker/schema.ts";
import type { ContainerSpec } from "./container/spec.ts";
import { storedSpec, validateSpec } from "./stored-rows.ts";

function specOf(config: object, host: object): ContainerSpec {
  return {
    id: "a".repeat(64),
    image: { id: "sha256:1", reference: "busybox", diffIds: ["sha256:2"] },
    config: decode(containerConfig, config),
    hostConfig: decode(hostConfig, host),
    networking: decode(networkingConfig, { EndpointsConfig: { bridge: {} } }),
    argv: ["true"],
    mounts: [],
  };
}
const readBack = (spec: ContainerSpec): ContainerSpec => validateSpec(JSON.parse(JSON.stringify(storedSpec(spec))));

test.each([
  [{}, {}],
  [
    { Env: [], Cmd: null, Entrypoint: [""], Tty: true, StopTimeout: 0 },
    { Memory: 1 << 20, CapAdd: [], CapDrop: null },
  ],
  [
    { Labels: { a: "" }, ExposedPorts: { "80/tcp": {} }, Healthcheck: { Test: ["NONE"] }, Volumes: {} },
    {
      PidsLimit: 0,
      OomKillDisable: false,
      MemorySwappiness: -1,
      PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "" }] },
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      ConsoleSize: [0, 0],
    },
  ],
])("what a row holds of %j and %j reads back as it was", (config, host) => {
  const spec = specOf(config, host);
  expect(readBack(spec)).toEqual(spec);
});

test("what may be absent is read back where it is there", () => {
  const plain = specOf({}, {});
  const platform = { os: "linux", architecture: "arm64", variant: "v8" };
  const spec = { ...plain, leftMode: true, image: { ...plain.image, platform } };
  expect(readBack(spec)).toEqual(spec);
});

test("what has its zero value is not stored, and a row that has it all reads the same", () => {
  const spec = specOf({ Image: "busybox" }, { NetworkMode: "bridge" });
  const { config, hostConfig: host } = storedSpec(spec) as { config: object; hostConfig: object };
  expect(config).toEqual({ Image: "busybox" });
  expect(host).toEqual({ NetworkMode: "bridge" });
  expect(validateSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
});
