import { afterAll, beforeAll, expect, test } from "bun:test";
import { release } from "node:os";
import { parseNetworkRate } from "#base/network-rate.ts";
import { attributeMap } from "#host/netlink/attributes.ts";
import { parseLink } from "#host/netlink/links.ts";
import { openRouteSocket, openRouteSocketIn } from "#host/netlink/open.ts";
import { dumpLinks } from "#host/netlink/rtnetlink.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { vethName } from "#network/bridge/endpoint-link.ts";
import type { LocalNetworks } from "#network/local-networks.ts";
import type { Endpoint, EndpointRequest } from "#network/types.ts";
import { eventually } from "../../../tools/lab/command.ts";
import { containerId, makeEngine, makeNetwork, Namespace, run } from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let networks: LocalNetworks;

beforeAll(async () => {
  ({ networks } = makeEngine());
  await networks.reconcile([]);
});

afterAll(async () => {
  await networks.close();
  expect(run("ip", "-o", "link")).not.toMatch(/berth|veth/);
});

async function inBridge(
  request: Partial<EndpointRequest>,
  look: (inside: Namespace, endpoint: Endpoint) => Promise<void> | void,
): Promise<void> {
  using inside = new Namespace();
  const { id: networkId } = await networks.find("bridge");
  const containerName = "one";
  const whole = { containerId: containerId(containerName), containerName, networkId, ports: [], ...request };
  try {
    const endpoint = await networks.reserve(whole);
    await networks.connect([endpoint], inside.path);
    await look(inside, endpoint);
  } finally {
    await networks.release(whole.containerId);
  }
}

const settings = (text: string) => ({ options: { "com.docker.network.endpoint.sysctls": text } });

test("an endpoint's interface has the name, the settings and the link-local addresses that were asked for", async () => {
  const options = {
    "com.docker.network.endpoint.ifname": "front0",
    ...settings("net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.neigh.IFNAME.mcast_solicit=5").options,
  };
  const before = run("sysctl", "-n", "net.ipv4.conf.default.log_martians");
  await inBridge({ options, linkLocal: ["169.254.9.8"] }, (inside) => {
    expect(inside.run("ip", "-o", "-4", "address", "show", "front0")).toContain("inet 169.254.9.8/16 ");
    expect(inside.run("ip", "route")).toContain("default via 172.17.0.1 dev front0");
    expect(inside.run("sysctl", "-n", "net.ipv4.conf.front0.log_martians", "net.ipv4.neigh.front0.mcast_solicit")).toBe(
      "1\n5",
    );
  });
  expect(run("sysctl", "-n", "net.ipv4.conf.default.log_martians")).toBe(before);
});

/** In all of these at once; `last` is asked for in the last. */
async function inThree(
  last: Partial<EndpointRequest>,
  look: (inside: Namespace, endpoints: readonly Endpoint[]) => Promise<void> | void,
): Promise<void> {
  using inside = new Namespace();
  const [containerName, id] = ["three", containerId("three")];
  const made = [await makeNetwork(networks, "second"), await makeNetwork(networks, "third")];
  const all = [(await networks.find("bridge")).id, ...made];
  try {
    const endpoints: Endpoint[] = [];
    for (const networkId of all) {
      const more = networkId === all.at(-1) ? last : {};
      endpoints.push(await networks.reserve({ containerId: id, containerName, networkId, ports: [], ...more }));
    }
    await networks.connect(endpoints, inside.path);
    await look(inside, endpoints);
  } finally {
    await networks.release(id);
    for (const network of made) await networks.remove(network);
  }
}

test("of several networks the interfaces come in their order, each with its address, and one way out", async () => {
  await inThree({ rate: parseNetworkRate("10mbit") }, (inside, endpoints) => {
    const links = inside.run("ip", "-o", "link").split("\n");
    expect(links.map((line) => /^\d+: (\w+)/.exec(line)?.[1])).toEqual([
      "lo",
      ...endpoints.map(({ interfaceName }) => interfaceName),
    ]);
    for (const { interfaceName, ipv4, mac } of endpoints) {
      expect(inside.run("ip", "-o", "-4", "address", "show", interfaceName)).toContain(`inet ${ipv4}/`);
      expect(inside.run("ip", "-o", "link", "show", interfaceName)).toContain(mac);
    }
    expect(inside.run("ip", "route", "show", "default")).toBe(`default via ${endpoints[0]?.gateway} dev eth0`);
    expect(inside.run("tc", "qdisc", "show", "dev", "eth2")).toContain("tbf");
    expect(inside.run("tc", "qdisc", "show", "dev", "eth1")).not.toContain("tbf");
  });
});

/** Since Linux 6.8 who asks for a link has it settled first. */
const settlesAtOnce = Bun.semver.order(release().replace(/-.*/, ""), "6.8.0") >= 0;

/** Those of `names`, by a list: asking for one by its name would settle it. */
function areUp(socket: NetlinkSocket, names: readonly string[]): boolean {
  const [IFLA_OPERSTATE, IF_OPER_UP, headerBytes] = [16, 6, 16];
  const up = socket.dump(dumpLinks()).filter(({ payload }) => {
    return attributeMap(payload, headerBytes).get(IFLA_OPERSTATE)?.[0] === IF_OPER_UP;
  });
  const found = up.map((link) => parseLink(link).name);
  return names.every((name) => found.includes(name));
}

test("once networks are joined both ends of their links and their bridges are up", async () => {
  // What the kernel leaves for later is mostly done soon enough.
  for (let round = 0; round < 50; round++) {
    using outside = openRouteSocket();
    await inBridge({}, async (container, { id, interfaceName }) => {
      using inside = openRouteSocketIn(container.fd);
      const up = (): boolean => areUp(outside, [vethName(id), "berth0"]) && areUp(inside, [interfaceName]);
      if (settlesAtOnce) expect(up()).toBe(true);
      else await eventually("links that are up", () => up() || undefined);
    });
  }
});

test("of several networks all are left when one cannot be joined", async () => {
  const failed = inThree(settings("net.ipv4.conf.IFNAME.nosuch=1"), () => undefined);
  await expect(failed).rejects.toThrow(/cannot set net\.ipv4\.conf\.eth2\.nosuch=1/);
  expect(run("ip", "-o", "link")).not.toMatch(/veth/);
});

test("a setting that is not there is told, and nothing of the endpoint is left", async () => {
  const failed = inBridge(settings("net.ipv4.conf.IFNAME.nosuch=1"), () => undefined);
  await expect(failed).rejects.toThrow(/cannot set net\.ipv4\.conf\.eth0\.nosuch=1: .*no such file or directory/);
  expect(await networks.endpoints(containerId("one"))).toEqual([]);
  expect(run("ip", "-o", "link")).not.toMatch(/veth/);
});
