/** Who reaches published ports: allow lists, and ports that the host's own input rules decide upon. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { LocalNetworks } from "#network/local-networks.ts";
import type { NetworkRequest, PortPublication } from "#network/types.ts";
import { mustRun } from "../../../tools/lab/command.ts";
import { sink } from "./peers.ts";
import {
  ask,
  HOST_ADDRESS,
  LAN_ADDRESS,
  LAN_HOST_ADDRESS,
  makeEngine,
  makeMachine,
  OUTSIDE_ADDRESS,
  run,
  startContainer,
  tcp,
  udp,
  type Namespace,
} from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let outside: Namespace;
let lan: Namespace;
let networks: LocalNetworks;

beforeAll(() => {
  outside = makeMachine("uplink", HOST_ADDRESS, OUTSIDE_ADDRESS);
  lan = makeMachine("lan", LAN_HOST_ADDRESS, LAN_ADDRESS);
});

afterAll(async () => {
  outside.end();
  lan.end();
});

beforeEach(async () => {
  ({ networks } = makeEngine());
  await networks.reconcile([]);
});

/** Nothing of the engine is left. */
afterEach(async () => {
  Bun.spawnSync(["nft", "delete", "table", "inet", "host"]);
  for (const { id, predefined } of await networks.list()) if (!predefined) await networks.remove(id);
  await networks.close();
  expect(run("nft", "list", "tables")).toBe("");
  expect(run("ip", "-o", "link")).not.toMatch(/berth|br-|veth|bf[io]/);
});

const request = (name: string, options: Readonly<Record<string, string>> = {}): NetworkRequest => ({
  name,
  driver: "",
  ipv4: true,
  ipv6: false,
  addresses: [],
  internal: false,
  attachable: false,
  labels: {},
  options,
  configOnly: false,
  configFrom: "",
});
const made = (name: string, options: Readonly<Record<string, string>> = {}) => networks.create(request(name, options));

const forSome = (port: PortPublication, ...allow: readonly string[]): PortPublication => ({ ...port, allow });

describe("an allow list", () => {
  test("keeps out all others but this host", async () => {
    const ports = [
      forSome(tcp(80, 8080), "203.0.113.0/24", "198.18.0.0/15"),
      tcp(80, 8081),
      forSome(udp(53, 5353), LAN_ADDRESS + "/32"),
    ];
    await using web = await startContainer(networks, "web", ports);
    web.namespace.serve("tcp", 80, "web");
    web.namespace.serve("udp", 53, "dns");
    expect(await lan.ask("tcp", LAN_HOST_ADDRESS, 8080)).toBe(`web saw ${LAN_ADDRESS}`);
    expect(await lan.ask("udp", LAN_HOST_ADDRESS, 5353)).toBe(`dns saw ${LAN_ADDRESS}`);
    expect(
      await outside.probe([
        ["tcp", HOST_ADDRESS, 8080],
        ["udp", HOST_ADDRESS, 5353],
      ]),
    ).toEqual(["timeout", "timeout"]);
    expect(await outside.ask("tcp", HOST_ADDRESS, 8081)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(await ask("tcp", HOST_ADDRESS, 8080)).toStartWith("web saw");
    expect(await ask("tcp", "127.0.0.1", 8080)).toStartWith("web saw");
  });

  test("is about the published port: neighbours of the network reach the container's own", async () => {
    await using web = await startContainer(networks, "web", [forSome(tcp(80, 80), "203.0.113.0/24")]);
    await using other = await startContainer(networks, "other");
    web.namespace.serve("tcp", 80, "web");
    for (const bridged of ["0", "1"]) {
      run("sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${bridged}`);
      expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${other.endpoint.ipv4}`);
      expect(await other.namespace.ask("tcp", HOST_ADDRESS, 80)).toBe("timeout");
    }
    expect(await lan.ask("tcp", LAN_HOST_ADDRESS, 80)).toBe(`web saw ${LAN_ADDRESS}`);
  });
});

describe("with the host's firewall", () => {
  const hostRules = (...rules: readonly string[]): void => {
    const chain = `type filter hook input priority 0; policy drop; ct state established,related accept; iif lo accept;`;
    const ended = Bun.spawnSync(["nft", "-f", "-"], {
      stdin: Buffer.from(
        `table inet host\ndelete table inet host\ntable inet host {\nchain input {\n${chain}\n${rules.join("\n")}\n}\n}\n`,
      ),
    });
    if (ended.exitCode !== 0) throw new Error(ended.stderr.toString());
  };
  const host = { "berth.network.firewall": "host" };

  test("only what the host's input rules accept reaches a published port, under its own address", async () => {
    await made("screened", host);
    await using web = await startContainer(networks, "web", [tcp(80, 8080), udp(53, 5353)], "screened");
    web.namespace.serve("tcp", 80, "web");
    web.namespace.serve("udp", 53, "dns");
    hostRules(
      "ip saddr 203.0.113.0/24 tcp dport 8080 accept",
      "ip saddr 203.0.113.0/24 udp dport 5353 ct state new accept",
    );
    expect(await lan.ask("tcp", LAN_HOST_ADDRESS, 8080)).toBe(`web saw ${LAN_ADDRESS}`);
    expect(await lan.ask("udp", LAN_HOST_ADDRESS, 5353)).toBe(`dns saw ${LAN_ADDRESS}`);
    expect(
      await outside.probe([
        ["tcp", HOST_ADDRESS, 8080],
        ["udp", HOST_ADDRESS, 5353],
      ]),
    ).toEqual(["timeout", "timeout"]);
    hostRules("tcp dport 8080 reject with tcp reset");
    expect(await lan.ask("tcp", LAN_HOST_ADDRESS, 8080)).toBe("refused");
    hostRules("tcp dport 8080 accept");
    expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(await ask("tcp", HOST_ADDRESS, 8080)).toStartWith("web saw");
  });

  test("also with strict filtering of sources, many connections at once and much to carry", async () => {
    run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1");
    try {
      await made("screened", host);
      await using web = await startContainer(networks, "web", [tcp(80, 8080), tcp(7001, 7001)], "screened");
      web.namespace.serve("tcp", 80, "web");
      hostRules("tcp dport { 8080, 7001 } accept");
      const questions = Array.from({ length: 50 }, () => ["tcp", HOST_ADDRESS, 8080] as const);
      const answers = await outside.probe(questions, 60_000);
      expect(new Set(answers)).toEqual(new Set([`web saw ${OUTSIDE_ADDRESS}`]));
      const received = sink(web.namespace.fd, 7001);
      const send = `exec 3<>/dev/tcp/${HOST_ADDRESS}/7001 && head -c 8388608 /dev/zero >&3`;
      await mustRun(["nsenter", `--net=${outside.outerPath}`, "bash", "-c", send]);
      expect(await received).toBe(8_388_608);
    } finally {
      run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0");
    }
  });

  test("with IPv6 too", async () => {
    run("ip", "address", "add", "2001:db8:1::1/64", "dev", "uplink", "nodad");
    outside.run("ip", "address", "add", "2001:db8:1::2/64", "dev", "eth0", "nodad");
    await networks.create({ ...request("screened", host), ipv6: true });
    const ports = [forSome(tcp(80, 8080), "2001:db8:1::/64"), forSome(tcp(80, 8081), "2001:db8:2::/64"), tcp(80, 8082)];
    await using web = await startContainer(networks, "web", ports, "screened");
    web.namespace.serve("tcp", 80, "web", "::");
    hostRules("icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept", "tcp dport { 8080, 8081 } accept");
    expect(await outside.probe([8080, 8081, 8082].map((port) => ["tcp", "2001:db8:1::1", port] as const))).toEqual([
      "web saw 2001:db8:1::2",
      "timeout",
      "timeout",
    ]);
    run("ip", "address", "delete", "2001:db8:1::1/64", "dev", "uplink");
  });

  test("containers ask like others, and an allow list holds besides", async () => {
    await made("screened", host);
    const ports = [tcp(80, 8080), forSome(tcp(80, 8081), "203.0.113.0/24")];
    await using web = await startContainer(networks, "web", ports, "screened");
    await using neighbour = await startContainer(networks, "neighbour", [], "screened");
    await using stranger = await startContainer(networks, "stranger");
    web.namespace.serve("tcp", 80, "web");
    hostRules("tcp dport 8081 accept");
    expect(await lan.ask("tcp", LAN_HOST_ADDRESS, 8081)).toBe(`web saw ${LAN_ADDRESS}`);
    const refused = [
      outside.probe([["tcp", HOST_ADDRESS, 8081]]),
      ...[stranger, neighbour].map(({ namespace }) => namespace.probe([["tcp", HOST_ADDRESS, 8080]])),
    ];
    expect((await Promise.all(refused)).flat()).toEqual(["timeout", "timeout", "timeout"]);
    hostRules("tcp dport 8080 accept");
    for (const container of [stranger, neighbour, web])
      expect(await container.namespace.ask("tcp", HOST_ADDRESS, 8080)).toStartWith("web saw");
  });

  test("others' ports stay as they were, and a flushed ruleset is restored", async () => {
    await made("screened", host);
    await made("open");
    await using web = await startContainer(networks, "web", [tcp(80, 8080)], "screened");
    await using open = await startContainer(networks, "open", [tcp(80, 8090)], "open");
    web.namespace.serve("tcp", 80, "web");
    open.namespace.serve("tcp", 80, "open");
    run("nft", "flush", "ruleset");
    run("ip", "link", "delete", /bfo\w+/.exec(run("ip", "-o", "link"))?.[0] ?? "");
    hostRules();
    await using another = await startContainer(networks, "another", [tcp(80, 8091)], "open");
    expect(another.endpoint.ports).toContainEqual({ ...tcp(80, 8091), hostIp: "0.0.0.0" });
    expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe("timeout");
    expect(await outside.ask("tcp", HOST_ADDRESS, 8090)).toBe(`open saw ${OUTSIDE_ADDRESS}`);
    hostRules("tcp dport 8080 accept");
    expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
  });
});
