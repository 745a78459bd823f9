import { expect, test } from "bun:test";
import { containerConfig } from "#spec/docker/container-config.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { networkingConfig } from "#spec/docker/networking.ts";
import { decode } from "#spec/docker/schema.ts";
import { refuseUnsupported } from "./unsupported.ts";

const check = (mount: Readonly<Record<string, unknown>>): void =>
  refuseUnsupported({
    config: decode(containerConfig, {}),
    hostConfig: decode(hostConfig, { Mounts: [mount] }),
    networkingConfig: decode(networkingConfig, {}),
  });

test("options of mounts that are not carried out are refused by name", () => {
  const bind = { Type: "bind", Source: "/a", Target: "/b", ReadOnly: true };
  for (const option of ["ReadOnlyNonRecursive", "ReadOnlyForceRecursive"]) {
    expect(() => check({ ...bind, BindOptions: { [option]: true } })).toThrow(
      `not supported by this engine yet: HostConfig.Mounts.BindOptions.${option}`,
    );
  }
  const volume = { Type: "volume", Source: "v", Target: "/b" };
  expect(() => check({ ...volume, VolumeOptions: { Labels: { a: "b" } } })).toThrow(
    "not supported by this engine yet: HostConfig.Mounts.VolumeOptions.Labels",
  );
  expect(() => check({ ...bind, BindOptions: { NonRecursive: true } })).not.toThrow();
  expect(() => check({ ...volume, VolumeOptions: { NoCopy: true } })).not.toThrow();
});
