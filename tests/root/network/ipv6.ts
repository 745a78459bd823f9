import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { NetworkOptions } from "#network/network-options.ts";
import type { LocalNetworks } from "#network/local-networks.ts";
import type { NetworkRequest, PortPublication } from "#network/types.ts";
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
  type Question,
  type TestContainer,
} from "./scratch.ts";

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
  await outside.serve("tcp", 7000, "outside", "::");
});

afterAll(async () => {
  await outside.end();
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
  await container.namespace.serve("tcp", 80, name, "::");
  await container.namespace.serve("udp", 53, name, "::");
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
    expect(namespace.probe([["tcp", OUTSIDE, 7000]])).toEqual([`outside saw ${HOST}`]);
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
    expect(names(neighbour.namespace.probe(questions))).toEqual(["web", "web"]);
    expect(names(probe(questions))).toEqual(["web", "web"]);
    outside.run("ip", "-6", "route", "add", "fd09::/64", "via", HOST);
    expect(names(stranger.namespace.probe(questions))).toEqual(["-", "-"]);
    expect(names(outside.probe(questions))).toEqual(["-", "-"]);
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
    expect(outside.probe([["tcp", HOST, 8080]])).toEqual([`web saw ${OUTSIDE}`]);
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
      expect(outside.probe(everywhere)).toEqual([
        `web saw ${OUTSIDE}`,
        `web saw ${OUTSIDE}`,
        `web saw ${OUTSIDE}`,
        "web saw 198.51.100.2",
      ]);
      expect(names(probe(everywhere))).toEqual(["web", "web", "web", "web"]);
      expect(names(neighbour.namespace.probe(everywhere))).toEqual(["web", "web", "web", "web"]);
      expect(names(web.namespace.probe(everywhere))).toEqual(["web", "web", "web", "web"]);
      const loopback: readonly Question[] = [
        ["tcp", "::1", 8080],
        ["udp", "::1", 5353],
        ["tcp", "::1", 8082],
        ["tcp", "127.0.0.1", 8080],
      ];
      if (value === "0") expect(names(probe(loopback))).toEqual(["web", "web", "web", "web"]);
      expect(names(outside.probe([["tcp", HOST, 8082]]))).toEqual(["-"]);
    },
  );
});
