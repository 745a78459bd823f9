import { expect, test } from "bun:test";
import { endpointOptions } from "./endpoint-options.ts";

const endpoint = "com.docker.network.endpoint";

test("the interface's name and its settings", () => {
  const options = endpointOptions({
    [`${endpoint}.ifname`]: "foo0",
    [`${endpoint}.sysctls`]: "net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.neigh.ifname.mcast_solicit=2",
  });
  expect(options.interfaceName).toBe("foo0");
  expect(options.settingsOf("foo0")).toEqual([
    { path: "net/ipv4/conf/foo0/log_martians", value: "1" },
    { path: "net/ipv6/neigh/foo0/mcast_solicit", value: "2" },
  ]);
});

test("options of other names mean nothing", () => {
  expect(endpointOptions({ a: "b" })).toMatchObject({ interfaceName: "" });
});

test.each([
  [{ [`${endpoint}.ifname`]: "a/b" }, 'invalid interface name: "a/b"'],
  [{ [`${endpoint}.ifname`]: "lo" }, 'invalid interface name: "lo"'],
  [{ [`${endpoint}.sysctls`]: "net.ipv4.conf.eth0.log_martians=1" }, "unrecognised network interface sysctl"],
  [{ [`${endpoint}.sysctls`]: "net.ipv4.conf.IFNAME...=1" }, "unrecognised network interface sysctl"],
  [{ [`${endpoint}.sysctls`]: "kernel.ipv4.conf.IFNAME.x=1" }, "unrecognised network interface sysctl"],
  [{ [`${endpoint}.other`]: "1" }, `not supported by this engine yet: DriverOpts ${endpoint}.other`],
])("%p is refused", (options, message) => {
  expect(() => endpointOptions(options)).toThrow(message);
});
