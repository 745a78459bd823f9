import { expect, test } from "bun:test";
import { containerConfig } from "#spec/docker/container-config.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { networkingConfig } from "#spec/docker/networking.ts";
import { decode } from "#spec/docker/schema.ts";
import { refuseUnsupported } from "./unsupported.ts";

test("settings that are not carried out are refused by name, together", () => {
  const request = {
    config: decode(containerConfig, {}),
    hostConfig: decode(hostConfig, {}),
    networkingConfig: decode(networkingConfig, {
      EndpointsConfig: { bridge: { Links: ["a:b"], DriverOpts: { a: "b" } } },
    }),
  };
  expect(() => refuseUnsupported(request)).toThrow(
    "not supported by this engine yet: NetworkingConfig.EndpointsConfig.Links, NetworkingConfig.EndpointsConfig.DriverOpts",
  );
  expect(() => refuseUnsupported({ ...request, networkingConfig: decode(networkingConfig, {}) })).not.toThrow();
});
