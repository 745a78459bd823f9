import { expect, test } from "bun:test";
import { hostsFile, renameHost, type HostsInput } from "./hosts.ts";

function make(change: Partial<HostsInput>): string {
  const blank = {
    hostname: "web",
    domainname: "",
    addresses: [],
    extraHosts: [],
    linked: [],
    hostGateways: ["172.17.0.1"],
    base: undefined,
  };
  return hostsFile({ ...blank, ...change });
}

test("localhost, extra hosts, the container itself", () => {
  expect(
    make({
      domainname: "example.org",
      addresses: ["172.17.0.2"],
      extraHosts: ["db:10.0.0.5", "six=[fd00::1]", "host.docker.internal:host-gateway"],
    }),
  ).toBe(
    `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
10.0.0.5\tdb
fd00::1\tsix
172.17.0.1\thost.docker.internal
172.17.0.2\tweb.example.org web
`,
  );
});

test("an IPv6 address behind a colon is whole", () => {
  expect(make({ extraHosts: ["six:fd00::1"] })).toEndWith("fd00::1\tsix\n");
});

test("in the host's network the host's file comes first, whole lines", () => {
  expect(make({ base: "127.0.0.1 localhost\n10.0.0.1 me", extraHosts: ["a:1.2.3.4"] })).toBe(
    "127.0.0.1 localhost\n10.0.0.1 me\n1.2.3.4\ta\n",
  );
});

test("a host name with dots is also known by its first part", () => {
  expect(make({ hostname: "a.b.c", addresses: ["172.17.0.2"] })).toEndWith("172.17.0.2\ta.b.c a\n");
  expect(make({ hostname: "a.b", domainname: "d", addresses: ["172.17.0.2"] })).toEndWith("172.17.0.2\ta.b.d a\n");
});

test("linked containers stand before the container itself and follow their address", () => {
  const text = make({ addresses: ["172.17.0.3"], linked: [{ address: "172.17.0.2", names: "db dbhost" }] });
  expect(text).toEndWith("172.17.0.2\tdb dbhost\n172.17.0.3\tweb\n");
  expect(renameHost(text, "db", "172.17.0.9")).toEndWith("172.17.0.9\tdb dbhost\n172.17.0.3\tweb\n");
  expect(renameHost(text, "dbhost", "172.17.0.9")).toBe(text);
});

test("no gateway, no host-gateway line", () => {
  expect(make({ hostGateways: [], extraHosts: ["a:host-gateway"] })).not.toContain("\ta\n");
});
