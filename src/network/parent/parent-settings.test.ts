import { expect, test } from "bun:test";
import { parentSettings, parseVlanName } from "./parent-settings.ts";

test("what a person leaves open", () => {
  expect(parentSettings("macvlan", {})).toEqual({ driver: "macvlan", parent: "", mode: "bridge", mtu: undefined });
  expect(parentSettings("macvlan", { macvlan_mode: "" })).toEqual(parentSettings("macvlan", {}));
  expect(parentSettings("ipvlan", { ipvlan_mode: "", ipvlan_flag: "" })).toEqual(parentSettings("ipvlan", {}));
  expect(parentSettings("ipvlan", { parent: "eth0", note: "x" })).toEqual({
    driver: "ipvlan",
    parent: "eth0",
    mode: "l2",
    flag: "bridge",
    mtu: undefined,
  });
});

test.each([
  [
    "macvlan",
    { macvlan_mode: "x" },
    "requested macvlan mode 'x' is not valid, 'bridge' mode is the macvlan driver default",
  ],
  ["macvlan", { macvlan_mode: "toString" }, "requested macvlan mode 'toString' is not valid"],
  ["ipvlan", { ipvlan_mode: "x" }, "requested ipvlan mode 'x' is not valid, 'l2' mode is the ipvlan driver default"],
  ["ipvlan", { ipvlan_flag: "x" }, "requested ipvlan flag 'x' is not valid, 'bridge' is the ipvlan driver default"],
  ["ipvlan", { parent: "lo" }, "loopback interface is not a valid ipvlan parent link"],
  ["macvlan", { parent: "../eth0" }, 'invalid parent interface name: "../eth0"'],
  ["macvlan", { "com.docker.network.driver.mtu": "9" }, "failed to parse com.docker.network.driver.mtu value: 9"],
] as const)("%s with %p is refused", (driver, options, message) => {
  expect(() => parentSettings(driver, options)).toThrow(message);
});

test("names of VLAN interfaces", () => {
  expect(parseVlanName("eth0.10")).toEqual({ below: "eth0", id: 10 });
  for (const name of ["nosuch0", ".5", ""]) {
    expect(() => parseVlanName(name)).toThrow(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  }
  for (const id of ["x", "", "1x"]) {
    expect(() => parseVlanName(`eth0.${id}`)).toThrow(`unable to parse a valid vlan id from: ${id} (ex. eth0.10`);
  }
  expect(() => parseVlanName("eth0.1.2")).toThrow("eth0.10 for vlan 10, instead received eth0.1.2");
  expect(() => parseVlanName("eth0.4095")).toThrow("vlan id must be between 1-4094, received: 4095");
});
