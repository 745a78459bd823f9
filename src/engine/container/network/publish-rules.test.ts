import { expect, test } from "bun:test";
import type { PortPublication } from "#network/types.ts";
import { allowRules, withAllowLists } from "./publish-rules.ts";

const port = (hostPort: number, more: Partial<PortPublication> = {}): PortPublication => ({
  protocol: "tcp",
  containerPort: 80,
  hostIp: "",
  hostPort,
  ...more,
});

test("a rule for ports goes before one for all", () => {
  const rules = allowRules({
    "berth.publish.allow": "10.0.0.0/8",
    "berth.publish.allow.8080/tcp": "192.0.2.1",
    "berth.publish.allow.53/udp": "192.0.2.2",
    "berth.publish.allow.9000-9010": "192.0.2.3,192.0.2.4",
    "berth.publish.allowance": "nothing",
  });
  const publications = [
    port(8080),
    port(8080, { protocol: "udp" }),
    port(53, { protocol: "udp" }),
    port(9000, { lastHostPort: 9010 }),
    port(0),
  ];
  expect(withAllowLists(publications, rules).map(({ allow }) => allow)).toEqual([
    ["192.0.2.1/32"],
    ["10.0.0.0/8"],
    ["192.0.2.2/32"],
    ["192.0.2.3/32", "192.0.2.4/32"],
    ["10.0.0.0/8"],
  ]);
  expect(withAllowLists(publications, [])).toEqual(publications);
});

test("a rule that no port follows is refused, as is one that means nothing", () => {
  const rules = allowRules({ "berth.publish.allow.8081/tcp": "10.0.0.0/8" });
  expect(() => withAllowLists([port(8080)], rules)).toThrow("berth.publish.allow.8081/tcp: no such host port");
  for (const key of ["x", "80/icmp", "90-80", "99999", ""]) {
    expect(() => allowRules({ [`berth.publish.allow.${key}`]: "10.0.0.0/8" })).toThrow(
      "want berth.publish.allow.HOSTPORT",
    );
  }
  expect(() => allowRules({ "berth.publish.allow": "everybody" })).toThrow("invalid CIDR address: everybody");
});
