import { expect, test } from "bun:test";
import { chooseSubnet, defaultAddressPools, uniqueLocalPool } from "./choose-subnet.ts";
import { cidrText, parseCidr, type Subnet } from "./subnet.ts";

function choose(...taken: readonly string[]): string {
  return cidrText(
    chooseSubnet(
      4,
      defaultAddressPools,
      taken.map((text): Subnet => parseCidr(text).subnet),
    ),
  );
}

test("Docker's pools in Docker's order, past what the host reaches", () => {
  expect(choose()).toBe("172.17.0.0/16");
  expect(choose("10.0.0.0/8", "172.17.42.0/24")).toBe("172.18.0.0/16");
  expect(choose("172.16.0.0/12")).toBe("192.168.0.0/20");
  expect(choose("172.16.0.0/12", "192.168.5.0/24", "192.168.16.1/32")).toBe("192.168.32.0/20");
});

test("nothing left", () => {
  expect(() => choose("172.16.0.0/12", "192.168.0.0/16")).toThrow(
    "all predefined address pools have been fully subnetted",
  );
});

test("IPv6 subnets come from a unique local /48 that is the engine's own", () => {
  const pools = [...defaultAddressPools, uniqueLocalPool("one")];
  const first = chooseSubnet(6, pools, []);
  const second = chooseSubnet(6, pools, [first]);
  expect(cidrText(first)).toMatch(/^fd[0-9a-f]{2}(:[0-9a-f]{1,4}){2}::\/64$/);
  expect(cidrText(second)).toBe(cidrText(first).replace("::/64", ":1::/64"));
  expect(uniqueLocalPool("one")).toEqual(uniqueLocalPool("one"));
  expect(uniqueLocalPool("one")).not.toEqual(uniqueLocalPool("two"));
  expect(() => chooseSubnet(6, defaultAddressPools, [])).toThrow("fully subnetted");
});
