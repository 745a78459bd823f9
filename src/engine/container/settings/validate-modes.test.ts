import { expect, test } from "bun:test";
import { containerConfig } from "#spec/docker/container-config.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { decode } from "#spec/docker/schema.ts";
import { validateModes } from "./validate-modes.ts";

const check = (host: object, config: object = {}): void =>
  validateModes(decode(containerConfig, config), decode(hostConfig, host));

const refusals: readonly (readonly [host: object, config: object, message: string])[] = [
  [{ IpcMode: "bogus" }, {}, "invalid IPC mode: bogus"],
  [{ IpcMode: "container:" }, {}, "invalid IPC mode: container:"],
  [{ PidMode: "shareable" }, {}, "invalid PID mode: shareable"],
  [{ UTSMode: "container:x" }, {}, "invalid UTS mode: container:x"],
  [{ UsernsMode: "x" }, {}, "invalid userns mode: x"],
  [{ CgroupnsMode: "x" }, {}, "invalid cgroup namespace mode: x"],
  [{ UTSMode: "host" }, { Hostname: "h" }, "conflicting options: hostname and the UTS mode"],
  [{ NetworkMode: "container:" }, {}, "invalid network mode: invalid container format container:<name|id>"],
  [{ NetworkMode: "container:x" }, { Hostname: "h" }, "conflicting options: hostname and the network mode"],
  [{ NetworkMode: "container:x", Dns: ["1.1.1.1"] }, {}, "conflicting options: dns and the network mode"],
  [
    { NetworkMode: "container:x", ExtraHosts: ["a:1.1.1.1"] },
    {},
    "conflicting options: custom host-to-IP mapping and the network mode",
  ],
  [
    { NetworkMode: "container:x", Links: ["a"] },
    {},
    "conflicting options: container type network can't be used with links. This would result in undefined behavior",
  ],
  [
    { NetworkMode: "host", Links: ["a"] },
    {},
    "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
  ],
  [
    { NetworkMode: "host" },
    { MacAddress: "02:42:ac:11:00:02" },
    "conflicting options: mac-address and the network mode",
  ],
  [
    { NetworkMode: "container:x", PublishAllPorts: true },
    {},
    "conflicting options: port publishing and the container type network mode",
  ],
  [
    { NetworkMode: "container:x" },
    { ExposedPorts: { "80/tcp": {} } },
    "conflicting options: port exposing and the container type network mode",
  ],
];

for (const [host, config, message] of refusals) {
  test(`refused: ${message}`, () => {
    expect(() => check(host, config)).toThrow(message);
  });
}

test("modes that there are", () => {
  for (const host of [
    { IpcMode: "shareable", PidMode: "host", UTSMode: "host", UsernsMode: "host", CgroupnsMode: "host" },
    { IpcMode: "container:x", PidMode: "container:y", NetworkMode: "container:z" },
    {},
  ])
    expect(() => check(host)).not.toThrow();
});
