import { expect, test } from "bun:test";
import { chooseSubnet, defaultAddressPools } from "./choose-subnet.ts";
import { cidrText, parseCidr, type Subnet } from "./subnet.ts";

function choose(...taken: readonly string[]): string {
  return cidrText(
    chooseSubnet(
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
