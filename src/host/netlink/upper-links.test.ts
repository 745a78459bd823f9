import { expect, test } from "bun:test";
import { addDummy, addIpvlan, addMacvlan, addVlan } from "./upper-links.ts";

/** Each test is named by the `ip` command that does the same. */
const noLink = "00".repeat(16);
const name = "090003006574683000000000";
const below = "0800050007000000";
const kind = (length: string, text: string): string => `${length}000100${Buffer.from(text).toString("hex")}00`;

test("ip link add link 7 name eth0 address … mtu 1400 netns … type macvlan mode bridge", () => {
  const mac = Uint8Array.of(2, 0x42, 10, 0, 0, 2);
  const { payload, flags } = addMacvlan({
    name: "eth0",
    parent: 7,
    mac,
    mtu: 1400,
    namespace: { fd: 9 },
    mode: "bridge",
  });
  expect(payload.toHex()).toBe(
    `${noLink}${name}${below}0a00010002420a00000200000800040078050000` +
      `08001c0009000000` +
      `1c001280${kind("0c", "macvlan")}0c000280` +
      "0800010004000000",
  );
  expect(flags).toBe(0x600);
});

test("ip link add link 7 name eth0 type ipvlan mode l3 private", () => {
  const { payload } = addIpvlan({ name: "eth0", parent: 7, mode: "l3", flag: "private" });
  expect(payload.toHex()).toBe(
    `${noLink}${name}${below}24001280${kind("0b", "ipvlan")}001400028006000100010000000600020001000000`,
  );
});

test("ip link add link 7 name eth0 type vlan id 10", () => {
  const { payload } = addVlan({ name: "eth0", parent: 7, id: 10 });
  expect(payload.toHex()).toBe(`${noLink}${name}${below}1c001280${kind("09", "vlan")}0000000c000280060001000a000000`);
});

test("ip link add eth0 type dummy", () => {
  expect(addDummy("eth0").payload.toHex()).toBe(`${noLink}${name}10001280${kind("0a", "dummy")}0000`);
});
