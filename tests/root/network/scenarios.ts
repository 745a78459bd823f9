import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNetfilterSocket } from "#host/netlink/open.ts";
import { NfTablesClient } from "#host/nftables/client.ts";
import type { Expression } from "#host/nftables/expression.ts";
import { addChain, addElements, addRule, addSet, addTable, deleteTable } from "#host/nftables/messages.ts";
import {
  ctState,
  ctStatus,
  hostU32,
  iifname,
  interfaceName,
  ipIn,
  loadDestinationPort,
  loadProtocol,
  oifnamePrefix,
  toLocalAddress,
  verdict,
} from "#host/nftables/rule.ts";
import type { LocalNetworks } from "#network/local-networks.ts";
import type { NetworkRequest } from "#network/types.ts";
import { eventually } from "../../../tools/lab/command.ts";
import {
  ask,
  containerId,
  forgeLoopback,
  HOST_ADDRESS,
  killedEngine,
  makeEngine,
  LAN_ADDRESS,
  LAN_HOST_ADDRESS,
  makeMachine,
  makeNetwork,
  Namespace,
  OUTSIDE_ADDRESS,
  packetsSeen,
  run,
  serve,
  startContainer,
  tcp,
  udp,
  type Scratch,
} from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let outside: Namespace;
let lan: Namespace;
let engine: Scratch;
let networks: LocalNetworks;

beforeAll(async () => {
  run("sysctl", "-qw", "net.ipv4.ip_forward=0");
  // Where the machine has br_netfilter at all.
  Bun.spawnSync(["sysctl", "-qw", "net.bridge.bridge-nf-call-ip6tables=0"]);
  outside = makeMachine("uplink", HOST_ADDRESS, OUTSIDE_ADDRESS);
  lan = makeMachine("lan", LAN_HOST_ADDRESS, LAN_ADDRESS);
  outside.serve("tcp", 7000, "outside");
  lan.serve("tcp", 7000, "lan");
});

afterAll(async () => {
  outside.end();
  lan.end();
});

beforeEach(async () => {
  engine = makeEngine();
  ({ networks } = engine);
  await networks.reconcile([]);
});

/** A port that was published without a host address. */
const everywhere = (containerPort: number, hostPort: number) =>
  ["0.0.0.0", "::"].map((hostIp) => tcp(containerPort, hostPort, hostIp));

/** Every scenario ends with nothing of the engine left on the host. */
afterEach(async () => {
  await networks.close();
  expect(run("nft", "list", "tables")).not.toContain("berth");
  expect(run("ip", "-o", "link")).not.toMatch(/berth|br-|veth/);
  expect(run("sysctl", "-n", "net.ipv4.ip_forward")).toBe("0");
  expect(run("ss", "-Hlntu")).toBe("");
});

describe("a container", () => {
  test("has its address, default route and loopback", async () => {
    await using web = await startContainer(networks, "web");
    expect(web.endpoint).toMatchObject({
      ipv4: "172.17.0.2",
      prefixLength: 16,
      gateway: "172.17.0.1",
      mac: "02:42:ac:11:00:02",
    });
    expect(web.namespace.run("ip", "-o", "-4", "address", "show", "eth0")).toContain(
      "172.17.0.2/16 brd 172.17.255.255",
    );
    expect(web.namespace.run("ip", "route")).toContain("default via 172.17.0.1 dev eth0");
    expect(web.namespace.run("ip", "-o", "link", "show", "eth0")).toContain("02:42:ac:11:00:02");
    expect(web.namespace.run("ip", "-o", "address", "show", "lo")).toContain("127.0.0.1/8");
    expect(web.namespace.run("ip", "-o", "-6", "address", "show", "eth0")).toBe("");
  });

  test("reaches the outside under the host's address", async () => {
    await using web = await startContainer(networks, "web");
    expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
  });

  test("reaches its neighbours under its own", async () => {
    await using web = await startContainer(networks, "web");
    await using other = await startContainer(networks, "other");
    web.namespace.serve("tcp", 80, "web");
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${other.endpoint.ipv4}`);
  });

  test("is not reached from outside past its published ports", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    web.namespace.serve("tcp", 80, "web");
    web.namespace.serve("tcp", 81, "web");
    outside.run("ip", "route", "add", "172.17.0.0/16", "via", HOST_ADDRESS);
    try {
      expect(await outside.ask("tcp", web.endpoint.ipv4, 81)).toBe("timeout");
      expect(await outside.ask("tcp", web.endpoint.ipv4, 80)).toBe("timeout");
      expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    } finally {
      outside.run("ip", "route", "delete", "172.17.0.0/16");
    }
  });

  test("does not reach services on the host's loopback", async () => {
    await using web = await startContainer(networks, "web");
    forgeLoopback(web.namespace, "172.17.0.1", web.endpoint.ipv4);
    const seen = await packetsSeen("input", "tcp dport 9000", () => web.namespace.ask("tcp", "127.0.0.1", 9000));
    expect(seen).toBe(0);
  });
});

describe("published ports", () => {
  test.each(["0", "1"])("answer from everywhere with bridge-nf-call-iptables=%s", async (bridged) => {
    run("sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${bridged}`);
    await using web = await startContainer(networks, "web", [tcp(80, 8080), udp(53, 5353)]);
    await using other = await startContainer(networks, "other");
    web.namespace.serve("tcp", 80, "web");
    web.namespace.serve("udp", 53, "dns");
    expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(await outside.ask("udp", HOST_ADDRESS, 5353)).toBe(`dns saw ${OUTSIDE_ADDRESS}`);
    expect(await ask("tcp", "127.0.0.1", 8080)).toBe("web saw 172.17.0.1");
    expect(await ask("udp", "127.0.0.1", 5353)).toBe("dns saw 172.17.0.1");
    expect(await ask("tcp", HOST_ADDRESS, 8080)).toStartWith("web saw ");
    expect(await other.namespace.ask("tcp", HOST_ADDRESS, 8080)).toBe("web saw 172.17.0.1");
    expect(await other.namespace.ask("tcp", "172.17.0.1", 8080)).toBe("web saw 172.17.0.1");
    expect(await web.namespace.ask("tcp", HOST_ADDRESS, 8080)).toBe("web saw 172.17.0.1");
    expect(await web.namespace.ask("udp", HOST_ADDRESS, 5353)).toBe("dns saw 172.17.0.1");
  });

  test("on one host address answer there only", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080, "127.0.0.1"), tcp(81, 8081, HOST_ADDRESS)]);
    web.namespace.serve("tcp", 80, "web");
    web.namespace.serve("tcp", 81, "web");
    expect(await ask("tcp", "127.0.0.1", 8080)).toBe("web saw 172.17.0.1");
    expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe("refused");
    expect(await outside.ask("tcp", HOST_ADDRESS, 8081)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(await ask("tcp", "127.0.0.1", 8081)).toBe("refused");
  });

  test("on 127.0.0.1 are not reached by neighbours that forge the address", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080, "127.0.0.1"), tcp(81, 8081)]);
    using neighbour = makeMachine("forger", "192.0.2.1", "192.0.2.2");
    forgeLoopback(neighbour, "192.0.2.1", "192.0.2.2");
    const seen = await packetsSeen("forward", `ip daddr ${web.endpoint.ipv4}`, () =>
      neighbour.probe([8080, 8081].map((port) => ["tcp", "127.0.0.1", port] as const)),
    );
    expect(seen).toBe(0);
    run("ip", "link", "delete", "forger");
  });

  test("chosen by the engine come from the ephemeral range, each once", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 0), tcp(81, 0)]);
    expect(web.endpoint.ports).toEqual([...everywhere(80, 32768), ...everywhere(81, 32769)]);
  });

  test("serve UDP senders that began before the container, or with its predecessor", async () => {
    expect(await outside.ask("udp", HOST_ADDRESS, 5353, 4444)).toBe("refused");
    {
      await using first = await startContainer(networks, "first", [udp(53, 5353)]);
      first.namespace.serve("udp", 53, "first");
      expect(await outside.ask("udp", HOST_ADDRESS, 5353, 4444)).toBe(`first saw ${OUTSIDE_ADDRESS}`);
    }
    await using second = await startContainer(networks, "second", [udp(53, 5353)]);
    second.namespace.serve("udp", 53, "second");
    expect(second.endpoint.ipv4).toBe("172.17.0.3");
    expect(await outside.ask("udp", HOST_ADDRESS, 5353, 4444)).toBe(`second saw ${OUTSIDE_ADDRESS}`);
  });

  test("conflict in Docker's words", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    const again = startContainer(networks, "again", [tcp(80, 8080)]);
    await expect(again).rejects.toThrow(
      /^driver failed programming external connectivity on endpoint again \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:8080 failed: port is already allocated$/,
    );
    {
      using _service = serve("tcp", 8088, "service");
      const taken = startContainer(networks, "taken", [tcp(80, 8088)]);
      await expect(taken).rejects.toThrow(
        /: failed to bind host port for 0\.0\.0\.0:8088:172\.17\.0\.\d:80\/tcp: address already in use$/,
      );
    }
    expect(await networks.endpoints(containerId("again"))).toEqual([]);
    expect(web.endpoint.ports).toEqual(everywhere(80, 8080));
  });

  test("keep host programs from taking them, and are free again after release", async () => {
    {
      await using _web = await startContainer(networks, "web", [tcp(80, 8080)]);
      for (const hostname of ["0.0.0.0", "::"]) {
        expect(() => Bun.listen({ hostname, port: 8080, socket: { data() {} } })).toThrow("Failed to listen");
      }
      expect(run("nft", "list", "map", "inet", "berth_test", "published_any")).toContain(
        "tcp . 8080 : 172.17.0.2 . 80",
      );
    }
    expect(run("nft", "list", "map", "inet", "berth_test", "published_any")).not.toContain("elements");
    expect(run("nft", "list", "set", "inet", "berth_test", "published_to")).not.toContain("elements");
    await using again = await startContainer(networks, "again", [tcp(80, 8080)]);
    expect(again.endpoint.ipv4).toBe("172.17.0.3");
  });
});

describe("rules", () => {
  test("read as nft prints them", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080), udp(53, 5353, "127.0.0.1")]);
    expect(web.endpoint.ipv4).toBe("172.17.0.2");
    expect(run("nft", "-yt", "list", "table", "inet", "berth_test")).toMatchSnapshot();
  });

  test("of every kind are taken by the kernel and mean what they say", () => {
    const table = { family: "ip", name: "every" } as const;
    using socket = openNetfilterSocket();
    new NfTablesClient(socket).commit([
      addTable(table),
      addSet(table, { name: "ports", key: ["inet_proto", "inet_service"], value: ["ipv4_addr", "inet_service"] }, 1),
      addSet(table, { name: "verdicts", key: ["ifname"], value: "verdict" }, 2),
      addSet(table, { name: "names", key: ["ifname"] }, 3),
      addChain(table, "other"),
      addChain(table, "nat", { type: "nat", hook: "prerouting", priority: -100, policy: "accept" }),
      addChain(table, "source", { type: "nat", hook: "postrouting", priority: 100, policy: "accept" }),
      addChain(table, "filter", { type: "filter", hook: "forward", priority: 0, policy: "drop" }),
      ...addElements(table, "verdicts", [{ key: interfaceName("eth0"), value: { code: "jump", chain: "other" } }]),
      ...[
        ["filter", iifname("berth0", "neq"), oifnamePrefix("br-"), verdict("return")],
        [
          "filter",
          ipIn("daddr", "10.0.0.0/8", "neq"),
          ipIn("saddr", "10.1.2.3/32"),
          ctState(6),
          ctStatus(32),
          verdict("drop"),
        ],
        [
          "filter",
          [
            { kind: "meta", key: "iifname", into: 0 },
            { kind: "lookup", set: "verdicts", key: 0, into: "verdict" },
          ],
        ],
        [
          "filter",
          [
            { kind: "meta", key: "oifname", into: 0 },
            { kind: "lookup", set: "names", key: 0, invert: true },
            { kind: "counter" },
          ],
        ],
        [
          "filter",
          [
            { kind: "immediate", into: 0, value: hostU32(7) },
            { kind: "setMark", from: 0 },
          ],
        ],
        ["filter", toLocalAddress(), [{ kind: "verdict", verdict: { code: "goto", chain: "other" } }]],
        [
          "nat",
          [
            loadProtocol(0),
            loadDestinationPort(1),
            { kind: "lookup", set: "ports", key: 0, into: 0 },
            { kind: "dnat", family: "ip", address: 0, port: 1 },
          ],
        ],
        [
          "nat",
          [
            { kind: "meta", key: "l4proto", into: 0 },
            { kind: "cmp", slot: 0, op: "eq", value: Uint8Array.of(6) },
            { kind: "immediate", into: 1, value: Uint8Array.of(0, 80) },
            { kind: "redirect", port: 1 },
          ],
        ],
        [
          "source",
          [
            { kind: "immediate", into: 0, value: Uint8Array.of(10, 0, 0, 1) },
            { kind: "snat", family: "ip", address: 0 },
          ],
        ],
      ].map(([chain, ...parts]) =>
        addRule(table, { chain: chain as string, expressions: parts.flat() as Expression[], comment: "all" }),
      ),
    ]);
    expect(run("nft", "-y", "list", "table", "ip", "every")).toMatchSnapshot();
    new NfTablesClient(socket).commit([deleteTable(table)]);
  });
});

const made = (name: string, more: Partial<NetworkRequest> = {}): Promise<string> => makeNetwork(networks, name, more);

describe("networks that people make", () => {
  afterEach(async () => {
    for (const { id, predefined } of await networks.list()) if (!predefined) await networks.remove(id);
  });

  test("are apart from one another, and lead out", async () => {
    await made("front");
    await made("back");
    await using web = await startContainer(networks, "web", [], "front");
    await using other = await startContainer(networks, "other", [], "front");
    await using db = await startContainer(networks, "db", [tcp(80, 8080)], "back");
    web.namespace.serve("tcp", 80, "web");
    db.namespace.serve("tcp", 80, "db");
    expect(web.endpoint.ipv4).toBe("172.18.0.2");
    expect(db.endpoint.ipv4).toBe("172.19.0.2");
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${other.endpoint.ipv4}`);
    expect(await db.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe("timeout");
    expect(await web.namespace.ask("tcp", db.endpoint.ipv4, 80)).toBe("timeout");
    expect(await web.namespace.ask("tcp", HOST_ADDRESS, 8080)).toStartWith("db saw");
    expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
  });

  test("internal: neighbours and the host, nothing else", async () => {
    await made("cage", { internal: true });
    await using web = await startContainer(networks, "web", [tcp(80, 8080)], "cage");
    await using other = await startContainer(networks, "other", [], "cage");
    web.namespace.serve("tcp", 80, "web");
    expect(web.endpoint).toMatchObject({ gateway: "", ports: [] });
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${other.endpoint.ipv4}`);
    expect(await ask("tcp", web.endpoint.ipv4, 80)).toStartWith("web saw");
    other.namespace.run("ip", "route", "add", "default", "via", "172.18.0.1");
    expect(await other.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe("timeout");
    outside.run("ip", "route", "add", "172.18.0.0/16", "via", HOST_ADDRESS);
    try {
      expect(await outside.ask("tcp", web.endpoint.ipv4, 80)).toBe("timeout");
    } finally {
      outside.run("ip", "route", "delete", "172.18.0.0/16");
    }
  });

  test("without icc neighbours do not reach each other", async () => {
    await made("shy", { options: { "com.docker.network.bridge.enable_icc": "false" } });
    await using web = await startContainer(networks, "web", [], "shy");
    await using other = await startContainer(networks, "other", [], "shy");
    web.namespace.serve("tcp", 80, "web");
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe("timeout");
  });

  test("a running container comes in and goes, and its default route with it", async () => {
    const front = await made("front");
    const admin = await made("admin");
    await using web = await startContainer(networks, "web", [], "front");
    const place = { containerId: web.id, containerName: "web", networkId: admin, ports: [] };
    await networks.connect([await networks.reserve(place)], web.namespace.path);
    // Of equals the first by name.
    expect(web.namespace.run("ip", "route")).toContain("default via 172.19.0.1 dev eth1");
    await networks.disconnect(web.id, admin, web.namespace.path);
    expect(web.namespace.run("ip", "route")).toContain("default via 172.18.0.1 dev eth0");
    expect(web.namespace.run("ip", "-o", "link")).not.toContain("eth1");
    await networks.connect([await networks.reserve({ ...place, gatewayPriority: -1 })], web.namespace.path);
    expect(web.namespace.run("ip", "route")).toContain("default via 172.18.0.1 dev eth0");
    await networks.disconnect(web.id, front, web.namespace.path);
    expect(web.namespace.run("ip", "route")).toContain("default via 172.19.0.1 dev eth1");
    expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
  });

  test("addresses come from the range, given ones from the whole subnet, set aside ones never", async () => {
    const plan = {
      subnet: "10.50.0.0/24",
      ipRange: "10.50.0.128/30",
      gateway: "10.50.0.9",
      auxiliary: { printer: "10.50.0.129" },
    };
    const id = await made("planned", { addresses: [plan] });
    const take = async (name: string, ipv4?: string): Promise<string> =>
      (
        await networks.reserve({
          containerId: containerId(name),
          containerName: name,
          networkId: id,
          ports: [],
          ...(ipv4 === undefined ? {} : { ipv4 }),
        })
      ).ipv4;
    expect(await take("a")).toBe("10.50.0.128");
    expect(await take("b")).toBe("10.50.0.130");
    expect(await take("c")).toBe("10.50.0.131");
    expect(take("d")).rejects.toThrow("no available IPv4 addresses on this network's address pools");
    expect(await take("e", "10.50.0.40")).toBe("10.50.0.40");
    expect(take("f", "10.50.0.9")).rejects.toThrow("Address already in use");
    expect(run("ip", "-o", "-4", "address", "show", `br-${id.slice(0, 12)}`)).toContain("10.50.0.9/24");
    expect(networks.remove("planned")).rejects.toThrow("has active endpoints");
    for (const name of ["a", "b", "c", "e"]) await networks.release(containerId(name));
  });

  test("are there again after the engine was away", async () => {
    await networks.close();
    const folder = mkdtempSync(join(tmpdir(), "berth-network-"));
    const database = join(folder, "berth.db");
    try {
      engine = makeEngine({}, database);
      ({ networks } = engine);
      await networks.reconcile([]);
      const id = await made("kept");
      const bridge = `br-${id.slice(0, 12)}`;
      expect(run("ip", "-o", "link", "show", bridge)).toContain("UP");
      await networks.close();
      engine.closeDatabase();
      expect(run("ip", "-o", "link")).not.toContain("br-");
      engine = makeEngine({}, database);
      ({ networks } = engine);
      await networks.reconcile([]);
      expect(run("ip", "-o", "-4", "address", "show", bridge)).toContain("172.18.0.1/16");
      await using web = await startContainer(networks, "web", [], "kept");
      expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("repair", () => {
  test("finds running containers after the engine was killed, and drops those that ended", async () => {
    await networks.close();
    const folder = mkdtempSync(join(tmpdir(), "berth-network-"));
    const database = join(folder, "berth.db");
    const web = new Namespace();
    const gone = new Namespace();
    try {
      await killedEngine(database, ["web", web, 80, 8080], ["gone", gone, 80, 8081]);
      web.serve("tcp", 80, "web");
      gone.end();
      expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
      engine = makeEngine({}, database);
      ({ networks } = engine);
      const live = [{ containerId: containerId("web"), networkNamespace: web.path }];
      await networks.reconcile(live);
      expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
      expect(await networks.endpoints(containerId("gone"))).toEqual([]);
      expect(run("nft", "list", "map", "inet", "berth_test", "published_any")).not.toContain("8081");
      const [endpoint] = await networks.endpoints(containerId("web"));
      await networks.close();
      engine.closeDatabase();
      expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);

      run("nft", "flush", "ruleset");
      run("ip", "link", "delete", `veth${endpoint?.id.slice(0, 7)}`);
      networks = makeEngine({}, database).networks;
      await networks.reconcile(live);
      expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
      expect(await web.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
      expect(await networks.endpoints(containerId("web"))).toEqual(endpoint === undefined ? [] : [endpoint]);
      expect(startContainer(networks, "other", [tcp(80, 8080)])).rejects.toThrow("port is already allocated");
      await networks.release(containerId("web"));
    } finally {
      web.end();
      gone.end();
      rmSync(folder, { recursive: true });
    }
  });

  test("restores rules that another program removed", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    web.namespace.serve("tcp", 80, "web");
    run("nft", "flush", "ruleset");
    await using other = await startContainer(networks, "other", [tcp(80, 8081)]);
    other.namespace.serve("tcp", 80, "other");
    expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(await outside.ask("tcp", HOST_ADDRESS, 8081)).toBe(`other saw ${OUTSIDE_ADDRESS}`);
    expect(engine.logged.join()).toContain("another program removed the engine's nf_tables rules: restored");
  });

  test("restores rules though no container starts", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    web.namespace.serve("tcp", 80, "web");
    run("nft", "flush", "ruleset");
    await eventually("they are restored", async () =>
      (await outside.ask("tcp", HOST_ADDRESS, 8080)) === `web saw ${OUTSIDE_ADDRESS}` ? true : undefined,
    );
  });

  test("restores a bridge that was deleted", async () => {
    run("ip", "link", "delete", "berth0");
    await using web = await startContainer(networks, "web");
    expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
  });
});

describe("beside others", () => {
  test("works under dockerd's FORWARD policy and leaves its chains as they were", async () => {
    run("iptables", "-P", "FORWARD", "DROP");
    run("iptables", "-N", "DOCKER-USER");
    run("iptables", "-A", "FORWARD", "-j", "DOCKER-USER");
    const before = run("iptables", "-S");
    try {
      {
        await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
        web.namespace.serve("tcp", 80, "web");
        expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
        expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
        expect(run("iptables", "-S", "DOCKER-USER").split("\n")).toEqual([
          "-N DOCKER-USER",
          '-A DOCKER-USER -o berth0 -m comment --comment "berth:test berth0" -j ACCEPT',
          '-A DOCKER-USER -i berth0 -o docker+ -m comment --comment "berth:test berth0" -j RETURN',
          '-A DOCKER-USER -i berth0 -o br-+ -m comment --comment "berth:test berth0" -j RETURN',
          '-A DOCKER-USER -i berth0 -m comment --comment "berth:test berth0" -j ACCEPT',
        ]);
        run(
          "iptables",
          "-C",
          "DOCKER-USER",
          "-o",
          "berth0",
          "-m",
          "comment",
          "--comment",
          "berth:test berth0",
          "-j",
          "ACCEPT",
        );
        expect(run("nft", "list", "chain", "ip", "filter", "DOCKER-USER")).toContain('comment "berth:test berth0"');
      }
      await networks.close();
      expect(run("iptables", "-S")).toBe(before);
    } finally {
      run("nft", "delete", "table", "ip", "filter");
    }
  });

  test("says what to do about iptables-legacy's FORWARD policy", async () => {
    run("iptables-legacy", "-P", "FORWARD", "ACCEPT");
    await networks.reconcile([]);
    expect(engine.logged).toEqual([]);
    run("iptables-legacy", "-P", "FORWARD", "DROP");
    await networks.reconcile([]);
    expect(engine.logged.join()).toContain('run "iptables-legacy -I FORWARD -i berth0 -j ACCEPT"');
    run("iptables-legacy", "-P", "FORWARD", "ACCEPT");
  });

  test("works under a FORWARD policy of DROP without dockerd", async () => {
    run("iptables", "-P", "FORWARD", "DROP");
    try {
      await using web = await startContainer(networks, "web");
      expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
    } finally {
      run("nft", "delete", "table", "ip", "filter");
    }
  });

  test("finds its way again when somebody flushes the chains that it was admitted in", async () => {
    run("iptables", "-P", "FORWARD", "DROP");
    try {
      await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
      web.namespace.serve("tcp", 80, "web");
      expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
      run("iptables", "-F");
      const isAdmitted = (): boolean => run("nft", "list", "chain", "ip", "filter", "FORWARD").includes("berth:test");
      expect(isAdmitted()).toBe(false);
      await eventually("it is admitted", () => (isAdmitted() ? true : undefined));
      expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
      expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
    } finally {
      run("nft", "delete", "table", "ip", "filter");
    }
  });

  test("a second engine has its own bridge, subnet and table", async () => {
    const second = makeEngine({ instance: "second" });
    await second.networks.reconcile([]);
    try {
      await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
      await using other = await startContainer(second.networks, "other", [tcp(80, 8081)]);
      web.namespace.serve("tcp", 80, "web");
      other.namespace.serve("tcp", 80, "other");
      expect(other.endpoint.ipv4).toBe("172.18.0.2");
      expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
      expect(await outside.ask("tcp", HOST_ADDRESS, 8081)).toBe(`other saw ${OUTSIDE_ADDRESS}`);
      expect(await web.namespace.ask("tcp", HOST_ADDRESS, 8081)).toStartWith("other saw ");
      expect(await web.namespace.ask("tcp", other.endpoint.ipv4, 80)).toBe("timeout");
      const taken = startContainer(second.networks, "taken", [tcp(80, 8080)]);
      expect(taken).rejects.toThrow(
        "failed to bind host port for 0.0.0.0:8080:172.18.0.3:80/tcp: address already in use",
      );
    } finally {
      await second.networks.close();
    }
    expect(run("nft", "list", "tables")).toBe("table inet berth_test");
    expect(run("ip", "-o", "link", "show", "type", "bridge")).toContain("berth0");
  });

  test("does not make a router of a host that was none", async () => {
    outside.run("ip", "route", "add", LAN_ADDRESS, "via", HOST_ADDRESS);
    lan.run("ip", "route", "add", OUTSIDE_ADDRESS, "via", LAN_HOST_ADDRESS);
    expect(await outside.ask("tcp", LAN_ADDRESS, 7000)).toBe("timeout");
    await networks.close();
    run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    try {
      networks = makeEngine().networks;
      await networks.reconcile([]);
      expect(await outside.ask("tcp", LAN_ADDRESS, 7000)).toBe(`lan saw ${OUTSIDE_ADDRESS}`);
      await networks.close();
      expect(run("sysctl", "-n", "net.ipv4.ip_forward")).toBe("1");
    } finally {
      run("sysctl", "-qw", "net.ipv4.ip_forward=0");
    }
  });
});

describe("options", () => {
  test.each(["0", "1"])(
    "--icc=false keeps containers apart but for published ports, with bridge-nf-call-iptables=%s",
    async (bridged) => {
      await networks.close();
      run("sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${bridged}`);
      networks = makeEngine({ interContainer: false }).networks;
      await networks.reconcile([]);
      await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
      await using other = await startContainer(networks, "other");
      web.namespace.serve("tcp", 80, "web");
      expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).not.toContain("web saw");
      expect(await other.namespace.ask("tcp", HOST_ADDRESS, 8080)).toBe("web saw 172.17.0.1");
      expect(await web.namespace.ask("tcp", HOST_ADDRESS, 8080)).toBe("web saw 172.17.0.1");
      expect(await other.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
    },
  );

  test("--ip-masq=false leaves addresses as they are", async () => {
    await networks.close();
    networks = makeEngine({ masquerade: false }).networks;
    await networks.reconcile([]);
    await using web = await startContainer(networks, "web");
    outside.run("ip", "route", "add", "172.17.0.0/16", "via", HOST_ADDRESS);
    expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${web.endpoint.ipv4}`);
    outside.run("ip", "route", "delete", "172.17.0.0/16");
  });

  test("--bridge, --bip, --mtu and --ip", async () => {
    await networks.close();
    networks = makeEngine({ bridge: "mine.0", bip: "10.99.0.9/24", mtu: 1400, publishAddress: "127.0.0.1" }).networks;
    await networks.reconcile([]);
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    expect(web.endpoint).toMatchObject({
      ipv4: "10.99.0.1",
      prefixLength: 24,
      gateway: "10.99.0.9",
      ports: [tcp(80, 8080, "127.0.0.1")],
    });
    expect(web.namespace.run("ip", "link", "show", "eth0")).toContain("mtu 1400");
    web.namespace.serve("tcp", 80, "web");
    expect(await ask("tcp", "127.0.0.1", 8080)).toBe("web saw 10.99.0.9");
    expect((await networks.find("bridge")).pools[0]?.subnet).toBe("10.99.0.0/24");
  });

  test("another's bridge is used as it is and left there", async () => {
    await networks.close();
    run("ip", "link", "add", "lanbridge", "type", "bridge");
    run("ip", "address", "add", "10.98.0.1/24", "dev", "lanbridge");
    run("ip", "address", "add", "10.97.0.1/24", "dev", "lanbridge");
    try {
      networks = makeEngine({ bridge: "lanbridge" }).networks;
      await networks.reconcile([]);
      await using web = await startContainer(networks, "web");
      expect(web.endpoint).toMatchObject({ ipv4: "10.98.0.2", gateway: "10.98.0.1" });
      expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
      await web[Symbol.asyncDispose]();
      await networks.close();
      expect(run("ip", "-o", "-4", "address", "show", "lanbridge")).toContain("10.97.0.1/24");
    } finally {
      run("ip", "link", "delete", "lanbridge");
    }
  });

  test("--bridge=none leaves the host alone", async () => {
    await networks.close();
    networks = makeEngine({ bridge: "none" }).networks;
    await networks.reconcile([]);
    expect((await networks.list()).map((network) => network.name)).toEqual(["host", "none"]);
    expect(run("nft", "list", "tables")).toBe("");
    expect(networks.find("bridge")).rejects.toThrow("network bridge not found");
  });
});

describe("none and host", () => {
  test("none has its loopback and nothing else", async () => {
    await using alone = await startContainer(networks, "alone", [], "none");
    expect(alone.endpoint).toMatchObject({ networkName: "none", ipv4: "", ports: [] });
    expect(alone.namespace.run("ip", "-o", "address")).toContain("127.0.0.1/8");
    expect(alone.namespace.run("ip", "-o", "link").split("\n")).toHaveLength(1);
  });

  test("host touches nothing", async () => {
    await using own = await startContainer(networks, "own", [tcp(80, 8080)], "host");
    expect(own.endpoint).toMatchObject({ networkName: "host", ipv4: "", ports: [] });
    expect(own.namespace.run("ip", "-o", "link")).toContain("state DOWN");
  });
});
