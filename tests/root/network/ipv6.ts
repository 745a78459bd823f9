import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { NetworkOptions } from "#network/network-options.ts";
import type { LocalNetworks } from "#network/local-networks.ts";
import type { NetworkRequest, PortPublication } from "#network/types.ts";
import { advertiseRouter } from "./advertise-router.ts";
import {
  makeEngine,
  makeMachine,
  makeNetwork,
  probe,
  run,
  startContainer,
  subnet,
  tcp,
  udp,
  type Namespace,
  type TestContainer,
} from "./scratch.ts";
import type { Question } from "./peers.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

const HOST = "2001:db8:1::1";
const OUTSIDE = "2001:db8:1::2";
const FORWARDING = "net.ipv6.conf.all.forwarding";

let outside: Namespace;
let networks: LocalNetworks;
let logged: readonly string[];

beforeAll(async () => {
  run("sysctl", "-qw", "net.ipv4.ip_forward=0", `${FORWARDING}=0`);
  outside = makeMachine("uplink", "198.51.100.1", "198.51.100.2");
  run("ip", "address", "add", `${HOST}/64`, "dev", "uplink", "nodad");
  outside.run("ip", "address", "add", `${OUTSIDE}/64`, "dev", "eth0", "nodad");
  outside.serve("tcp", 7000, "outside", "::");
});

afterAll(async () => {
  outside.end();
});

async function begin(options: Partial<NetworkOptions> = {}): Promise<void> {
  ({ networks, logged } = makeEngine(options));
  await networks.reconcile([]);
}

beforeEach(() => begin());

afterEach(async () => {
  for (const { id, predefined } of await networks.list()) if (!predefined) await networks.remove(id);
  await networks.close();
  expect(run("nft", "list", "tables")).not.toContain("berth");
  expect(run("ip", "-o", "link")).not.toMatch(/berth|br-|veth/);
  expect(run("sysctl", "-n", "net.ipv4.ip_forward", FORWARDING)).toBe("0\n0");
  expect(run("ip", "-6", "route", "show", "table", "all")).not.toContain("local ::1 dev br");
  expect(run("ss", "-Hlntu")).toBe("");
});

const dual: Partial<NetworkRequest> = { ipv6: true, addresses: [subnet("10.9.0.0/24"), subnet("fd09::/64")] };

const made = (name: string, more: Partial<NetworkRequest> = dual): Promise<string> => makeNetwork(networks, name, more);

async function serving(name: string, network: string, ports: readonly PortPublication[] = []): Promise<TestContainer> {
  const container = await startContainer(networks, name, ports, network);
  container.namespace.serve("tcp", 80, name, "::");
  container.namespace.serve("udp", 53, name, "::");
  return container;
}

/** Whoever answered, or "-". */
const names = (answers: readonly string[]): readonly string[] =>
  answers.map((answer) => /^(\w+) saw/.exec(answer)?.[1] ?? "-");

describe("a container in a network with IPv6", () => {
  test("has its addresses at once, its default route, and learns nothing from neighbours", async () => {
    await made("six");
    await using web = await startContainer(networks, "web", [], "six", { ipv6: "fd09::99" });
    const { endpoint, namespace } = web;
    expect(endpoint).toMatchObject({
      ipv4: "10.9.0.2",
      ipv6: "fd09::99",
      ipv6PrefixLength: 64,
      ipv6Gateway: "fd09::1",
    });
    const shown = namespace.run("ip", "-o", "-6", "address", "show", "eth0");
    expect(shown).toContain("inet6 fd09::99/64 scope global nodad");
    expect(shown).toContain("inet6 fe80::42:aff:fe09:2/64 scope link nodad");
    expect(shown).not.toContain("tentative");
    expect(namespace.run("ip", "-6", "route")).toContain("default via fd09::1 dev eth0");
    expect(namespace.run("sysctl", "-n", "net.ipv6.conf.eth0.accept_ra")).toBe("0");
    expect(await namespace.probe([["tcp", OUTSIDE, 7000]])).toEqual([`outside saw ${HOST}`]);
  });

  test("is reached by neighbours, and not from outside or another network past its published ports", async () => {
    await made("six");
    await made("other", { ...dual, addresses: [subnet("10.8.0.0/24"), subnet("fd08::/64")] });
    await using web = await serving("web", "six");
    await using neighbour = await startContainer(networks, "neighbour", [], "six");
    await using stranger = await startContainer(networks, "stranger", [], "other");
    const questions: readonly Question[] = [
      ["tcp", web.endpoint.ipv6, 80],
      ["udp", web.endpoint.ipv6, 53],
    ];
    expect(names(await neighbour.namespace.probe(questions))).toEqual(["web", "web"]);
    expect(names(await probe(questions))).toEqual(["web", "web"]);
    outside.run("ip", "-6", "route", "add", "fd09::/64", "via", HOST);
    expect(names(await stranger.namespace.probe(questions))).toEqual(["-", "-"]);
    expect(names(await outside.probe(questions))).toEqual(["-", "-"]);
    outside.run("ip", "-6", "route", "delete", "fd09::/64");
  });

  test("alone: no IPv4 address, and IPv4 publishing is told", async () => {
    await made("only", { ipv4: false, ipv6: true });
    await using web = await serving("web", "only", [tcp(80, 8080), tcp(80, 8081, "127.0.0.1")]);
    expect(web.endpoint).toMatchObject({ ipv4: "", gateway: "", mac: "02:42:00:00:00:02" });
    expect(web.endpoint.ipv6).toMatch(/^fd[0-9a-f]{2}:.*::2$/);
    expect(web.endpoint.ports).toEqual([tcp(80, 8080, "::")]);
    expect(logged.join()).toContain("a port is not published");
    expect(web.namespace.run("ip", "-o", "-4", "address")).not.toContain("eth0");
    expect(await outside.probe([["tcp", HOST, 8080]])).toEqual([`web saw ${OUTSIDE}`]);
  });
});

describe("published ports", () => {
  const nf = "net.bridge.bridge-nf-call-ip6tables";
  const hasNf = Bun.spawnSync(["sysctl", "-n", nf]).exitCode === 0;

  test.each(hasNf ? ["0", "1"] : ["0"])(
    "answer on both families from everywhere with bridge-nf-call-ip6tables=%s",
    async (value) => {
      if (hasNf) run("sysctl", "-qw", `${nf}=${value}`);
      await made("six");
      const ports = [tcp(80, 8080), udp(53, 5353), tcp(80, 8081, HOST), tcp(80, 8082, "::1")];
      await using web = await serving("web", "six", ports);
      await using neighbour = await startContainer(networks, "neighbour", [], "six");
      expect(web.endpoint.ports.slice(0, 2)).toEqual([tcp(80, 8080, "0.0.0.0"), tcp(80, 8080, "::")]);
      const everywhere: readonly Question[] = [
        ["tcp", HOST, 8080],
        ["udp", HOST, 5353],
        ["tcp", HOST, 8081],
        ["tcp", "198.51.100.1", 8080],
      ];
      expect(await outside.probe(everywhere)).toEqual([
        `web saw ${OUTSIDE}`,
        `web saw ${OUTSIDE}`,
        `web saw ${OUTSIDE}`,
        "web saw 198.51.100.2",
      ]);
      expect(names(await probe(everywhere))).toEqual(["web", "web", "web", "web"]);
      expect(names(await neighbour.namespace.probe(everywhere))).toEqual(["web", "web", "web", "web"]);
      expect(names(await web.namespace.probe(everywhere))).toEqual(["web", "web", "web", "web"]);
      const loopback: readonly Question[] = [
        ["tcp", "::1", 8080],
        ["udp", "::1", 5353],
        ["tcp", "::1", 8082],
        ["tcp", "127.0.0.1", 8080],
      ];
      expect(names(await probe(loopback))).toEqual(["web", "web", "web", "web"]);
      expect(names(await outside.probe([["tcp", HOST, 8082]]))).toEqual(["-"]);
    },
  );

  test("of a container with IPv4 alone answer on the host's IPv6 too, by a relay", async () => {
    await using web = await serving("web", "bridge", [tcp(80, 8080), udp(53, 5353), tcp(81, 8081)]);
    expect(web.endpoint.ports.slice(0, 2)).toEqual([tcp(80, 8080, "0.0.0.0"), tcp(80, 8080, "::")]);
    expect(web.endpoint.ipv6).toBe("");
    const questions: readonly Question[] = [
      ["tcp", HOST, 8080],
      ["udp", HOST, 5353],
      ["tcp", HOST, 8081],
    ];
    const seen = ["web saw 172.17.0.1", "web saw 172.17.0.1", ""];
    expect(await outside.probe(questions)).toEqual(seen);
    expect(await probe([["tcp", "::1", 8080]])).toEqual(seen.slice(0, 1));
  });
});

const option = (name: string, value: string): Readonly<Record<string, string>> => ({
  [`com.docker.network.bridge.${name}`]: value,
});

describe("gateway modes", () => {
  /** Machines outside know the way to both subnets. */
  const routes = (act: "add" | "delete"): void => {
    outside.run("ip", "-6", "route", act, "fd09::/64", "via", HOST);
    outside.run("ip", "route", act, "10.9.0.0/24", "via", "198.51.100.1");
  };
  beforeEach(() => routes("add"));
  afterEach(() => routes("delete"));

  /** At the container's own addresses and at the host's, IPv4 first: the published port, then one that is not. */
  const looksFrom = async (web: TestContainer): Promise<readonly string[]> => {
    const { ipv4, ipv6 } = web.endpoint;
    const questions: readonly Question[] = [
      ...[ipv4, ipv6].flatMap((address) => [80, 81].map((port): Question => ["tcp", address, port])),
      ["tcp", "198.51.100.1", 8080],
      ["tcp", HOST, 8080],
    ];
    return names(await outside.probe(questions));
  };

  const run4and6 = async (
    mode: string,
  ): Promise<{ readonly seen: readonly string[]; readonly source: readonly string[] }> => {
    const options = { ...option("gateway_mode_ipv4", mode), ...option("gateway_mode_ipv6", mode) };
    await made("mode", { ...dual, options });
    await using web = await serving("web", "mode", [tcp(80, 8080)]);
    web.namespace.serve("tcp", 81, "web", "::");
    const seen = await looksFrom(web);
    const source = await web.namespace.probe([
      ["tcp", "198.51.100.2", 7000],
      ["tcp", OUTSIDE, 7000],
    ]);
    return { seen, source };
  };

  test("nat: at the host's address alone, and out under it", async () => {
    expect(await run4and6("nat")).toEqual({
      seen: ["-", "-", "-", "-", "web", "web"],
      source: ["outside saw 198.51.100.1", `outside saw ${HOST}`],
    });
  });

  test("nat-unprotected: at its own address too, every port", async () => {
    expect((await run4and6("nat-unprotected")).seen).toEqual(["web", "web", "web", "web", "web", "web"]);
  });

  test("routed: at its own address, published ports alone, and out under it", async () => {
    expect(await run4and6("routed")).toEqual({
      seen: ["web", "-", "web", "-", "-", "-"],
      source: ["outside saw 10.9.0.2", "outside saw fd09::2"],
    });
  });

  test("isolated: of internal networks alone, and the host is no neighbour", async () => {
    const options = { ...option("gateway_mode_ipv4", "isolated"), ...option("gateway_mode_ipv6", "isolated") };
    await expect(made("mode", { ...dual, options })).rejects.toThrow("can only be used for an internal network");
    await made("mode", { ...dual, options, internal: true });
    await using web = await serving("web", "mode", []);
    await using neighbour = await startContainer(networks, "neighbour", [], "mode");
    const bridge = (await networks.find("mode")).bridgeName;
    expect(run("ip", "-o", "address", "show", "dev", bridge)).not.toMatch(/inet6? (10|fd)/);
    expect(names(await neighbour.namespace.probe([["tcp", web.endpoint.ipv6, 80]]))).toEqual(["web"]);
  });
});

describe("the default network with IPv6", () => {
  const again = async (options: Partial<NetworkOptions>): Promise<void> => {
    await networks.close();
    await begin(options);
  };

  test("has a unique local subnet of the engine's own, or the one it was told", async () => {
    await again({ ipv6: true });
    const pools = async (): Promise<readonly string[]> =>
      (await networks.find("bridge")).pools.map((pool) => `${pool.subnet} ${pool.gateway} ${pool.ipRange}`);
    expect((await pools())[1]).toMatch(/^(fd[0-9a-f]{2}:[0-9a-f]{1,4}:[0-9a-f]{1,4}::)\/64 \1(?:1) $/);
    await again({ ipv6: true, fixedCidrV6: "fd77::/64" });
    expect((await pools())[1]).toBe("fd77::/64 fd77::1 fd77::/64");
    await again({ ipv6: true, bip6: "fd77::9/64", fixedCidrV6: "fd77::1:0/112", defaultGatewayV6: "fd77::5" });
    expect((await pools())[1]).toBe("fd77::/64 fd77::9 fd77::1:0/112");
    await using web = await startContainer(networks, "web");
    expect(web.endpoint).toMatchObject({ ipv6: "fd77::1:0", ipv6Gateway: "fd77::5" });
  });

  test("without rules for IPv6 routes what comes, and publishes by relay", async () => {
    await again({ ipv6: true, fixedCidrV6: "fd77::/64", ipv6Rules: false });
    await using web = await serving("web", "bridge", [tcp(80, 8080)]);
    outside.run("ip", "-6", "route", "add", "fd77::/64", "via", HOST);
    expect(await web.namespace.probe([["tcp", OUTSIDE, 7000]])).toEqual(["outside saw fd77::2"]);
    const questions: readonly Question[] = [
      ["tcp", "fd77::2", 80],
      ["tcp", HOST, 8080],
    ];
    expect(names(await outside.probe(questions))).toEqual(["web", "web"]);
    outside.run("ip", "-6", "route", "delete", "fd77::/64");
  });
});

test("where a network has no IPv6, neighbours give none, to containers or the host", async () => {
  await made("four", { addresses: [subnet("10.7.0.0/24")] });
  await using web = await serving("web", "four");
  await using attacker = await startContainer(networks, "attacker", [], "four");
  const bridge = (await networks.find("four")).bridgeName;
  advertiseRouter(attacker.namespace);
  // What was sent before has been heard when this is answered.
  expect(names(await attacker.namespace.probe([["tcp", web.endpoint.ipv4, 80]]))).toEqual(["web"]);
  expect(web.namespace.run("ip", "-o", "-6", "address", "show", "dev", "eth0")).toBe("");
  expect(web.namespace.run("ip", "-6", "route")).toBe("");
  expect(run("ip", "-o", "-6", "address", "show", "dev", bridge)).toBe("");
  expect(run("ip", "-6", "route")).not.toContain(bridge);
});

describe("the host's own IPv6", () => {
  const settings = ["accept_ra", "forwarding"].map((name) => `net.ipv6.conf.uplink.${name}`);

  test("stays as it is while containers are routed", async () => {
    expect(run("sysctl", "-n", ...settings)).toBe("1\n0");
    outside.run("ip", "-6", "route", "add", "2001:db8:9::/64", "via", HOST);
    await made("six");
    expect(run("sysctl", "-n", FORWARDING, ...settings)).toBe("1\n1\n0");
    expect(run("sysctl", "-n", "net.ipv6.conf.default.forwarding")).toBe("0");
    const bridge = (await networks.find("six")).bridgeName;
    expect(run("sysctl", "-n", `net.ipv6.conf.${bridge}.accept_ra`)).toBe("0");
    outside.run("ip", "-6", "route", "delete", "2001:db8:9::/64");
  });

  test("makes no router of the host for its neighbours", async () => {
    using lan = makeMachine("lan", "203.0.113.1", "203.0.113.2");
    run("ip", "address", "add", "2001:db8:2::1/64", "dev", "lan", "nodad");
    lan.run("ip", "address", "add", "2001:db8:2::2/64", "dev", "eth0", "nodad");
    lan.run("ip", "-6", "route", "add", "default", "via", "2001:db8:2::1");
    outside.run("ip", "-6", "route", "add", "2001:db8:2::/64", "via", HOST);
    await made("six");
    expect(names(await lan.probe([["tcp", OUTSIDE, 7000]]))).toEqual(["-"]);
    outside.run("ip", "-6", "route", "delete", "2001:db8:2::/64");
    run("ip", "link", "delete", "lan");
  });
});

test("subnets that the host or another network reaches are not chosen, and given ones not given twice", async () => {
  const ula = async (name: string): Promise<string> => {
    await made(name, { ipv6: true });
    return (await networks.find(name)).pools[1]?.subnet ?? "";
  };
  const first = await ula("one");
  await networks.remove("one");
  run("ip", "-6", "route", "add", first, "dev", "uplink");
  const second = await ula("two");
  run("ip", "-6", "route", "delete", first, "dev", "uplink");
  expect(second).toBe(first.replace("::/64", ":1::/64"));
  await expect(made("three", { ipv6: true, addresses: [subnet(second)] })).rejects.toThrow(
    "Pool overlaps with other one on this address space",
  );
});

test("a default route goes with its network, of each family by itself", async () => {
  await made("six");
  await made("four", { addresses: [subnet("10.8.0.0/24")] });
  await using web = await startContainer(networks, "web", [], "six");
  const { id: networkId } = await networks.find("four");
  const request = { containerId: web.id, containerName: "web", networkId, ports: [], gatewayPriority: 1 };
  await networks.connect([await networks.reserve(request)], web.namespace.path);
  const via = (): readonly string[] =>
    ["-4", "-6"].map(
      (family) => /via (\S+)/.exec(web.namespace.run("ip", family, "route", "show", "default"))?.[1] ?? "",
    );
  expect(via()).toEqual(["10.8.0.1", "fd09::1"]);
  await networks.disconnect(web.id, networkId, web.namespace.path);
  expect(via()).toEqual(["10.9.0.1", "fd09::1"]);
});

test("another program's flush of every rule is repaired, in both families", async () => {
  await made("six");
  await using web = await serving("web", "six", [tcp(80, 8080)]);
  run("nft", "flush", "ruleset");
  await using _other = await startContainer(networks, "other", [], "six");
  expect(await outside.probe([["tcp", HOST, 8080]])).toEqual([`web saw ${OUTSIDE}`]);
  expect(names(await outside.probe([["tcp", "198.51.100.1", 8080]]))).toEqual(["web"]);
  expect(web.endpoint.ipv6).toBe("fd09::2");
});
