import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "bun:test";
import type { BridgeNetworks } from "#network/bridge-networks.ts";
import {
  ask,
  forgeLoopback,
  HOST_ADDRESS,
  makeEngine,
  LAN_ADDRESS,
  LAN_HOST_ADDRESS,
  makeMachine,
  type Namespace,
  OUTSIDE_ADDRESS,
  packetsSeen,
  run,
  serve,
  startContainer,
  tcp,
  udp,
  type Scratch,
} from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1") throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let outside: Namespace;
let lan: Namespace;
let engine: Scratch;
let networks: BridgeNetworks;

beforeAll(async () => {
  run("sysctl", "-qw", "net.ipv4.ip_forward=0");
  outside = makeMachine("uplink", HOST_ADDRESS, OUTSIDE_ADDRESS);
  lan = makeMachine("lan", LAN_HOST_ADDRESS, LAN_ADDRESS);
  await outside.serve("tcp", 7000, "outside");
  await lan.serve("tcp", 7000, "lan");
});

afterAll(async () => {
  await outside.end();
  await lan.end();
});

beforeEach(async () => {
  engine = makeEngine();
  ({ networks } = engine);
  await networks.reconcile([]);
});

/** Every scenario ends with nothing of the engine left on the host. */
afterEach(async () => {
  await networks.close();
  expect(run("nft", "list", "tables")).not.toContain("berth");
  expect(run("ip", "-o", "link")).not.toMatch(/berth|veth/);
  expect(run("sysctl", "-n", "net.ipv4.ip_forward")).toBe("0");
  expect(run("ss", "-Hlntu")).toBe("");
});

describe("a container", () => {
  test("has its address, default route and loopback", async () => {
    await using web = await startContainer(networks, "web");
    expect(web.endpoint).toMatchObject({ ipv4: "172.17.0.2", prefixLength: 16, gateway: "172.17.0.1", mac: "02:42:ac:11:00:02" });
    expect(web.namespace.run("ip", "-o", "-4", "address", "show", "eth0")).toContain("172.17.0.2/16 brd 172.17.255.255");
    expect(web.namespace.run("ip", "route")).toContain("default via 172.17.0.1 dev eth0");
    expect(web.namespace.run("ip", "-o", "link", "show", "eth0")).toContain("02:42:ac:11:00:02");
    expect(web.namespace.run("ip", "-o", "address", "show", "lo")).toContain("127.0.0.1/8");
    expect(web.namespace.run("ip", "-o", "-6", "address", "show", "eth0")).toBe("");
  });

  test("reaches the outside under the host's address", async () => {
    await using web = await startContainer(networks, "web");
    expect(web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
  });

  test("reaches its neighbours under its own", async () => {
    await using web = await startContainer(networks, "web");
    await using other = await startContainer(networks, "other");
    await web.namespace.serve("tcp", 80, "web");
    expect(other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${other.endpoint.ipv4}`);
  });

  test("is not reached from outside past its published ports", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    await web.namespace.serve("tcp", 80, "web");
    await web.namespace.serve("tcp", 81, "web");
    outside.run("ip", "route", "add", "172.17.0.0/16", "via", HOST_ADDRESS);
    try {
      expect(outside.ask("tcp", web.endpoint.ipv4, 81)).toBe("timeout");
      expect(outside.ask("tcp", web.endpoint.ipv4, 80)).toBe("timeout");
      expect(outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    } finally {
      outside.run("ip", "route", "delete", "172.17.0.0/16");
    }
  });

  test("does not reach services on the host's loopback", async () => {
    await using web = await startContainer(networks, "web");
    forgeLoopback(web.namespace, "172.17.0.1", web.endpoint.ipv4);
    const seen = packetsSeen("input", "tcp dport 9000", () => web.namespace.ask("tcp", "127.0.0.1", 9000));
    expect(seen).toBe(0);
  });
});

describe("published ports", () => {
  test.each(["0", "1"])("answer from everywhere with bridge-nf-call-iptables=%s", async (bridged) => {
    run("sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${bridged}`);
    await using web = await startContainer(networks, "web", [tcp(80, 8080), udp(53, 5353)]);
    await using other = await startContainer(networks, "other");
    await web.namespace.serve("tcp", 80, "web");
    await web.namespace.serve("udp", 53, "dns");
    expect(outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(outside.ask("udp", HOST_ADDRESS, 5353)).toBe(`dns saw ${OUTSIDE_ADDRESS}`);
    expect(ask("tcp", "127.0.0.1", 8080)).toBe("web saw 172.17.0.1");
    expect(ask("udp", "127.0.0.1", 5353)).toBe("dns saw 172.17.0.1");
    expect(ask("tcp", HOST_ADDRESS, 8080)).toStartWith("web saw ");
    expect(other.namespace.ask("tcp", HOST_ADDRESS, 8080)).toBe("web saw 172.17.0.1");
    expect(other.namespace.ask("tcp", "172.17.0.1", 8080)).toBe("web saw 172.17.0.1");
    expect(web.namespace.ask("tcp", HOST_ADDRESS, 8080)).toBe("web saw 172.17.0.1");
    expect(web.namespace.ask("udp", HOST_ADDRESS, 5353)).toBe("dns saw 172.17.0.1");
  });

  test("on one host address answer there only", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080, "127.0.0.1"), tcp(81, 8081, HOST_ADDRESS)]);
    await web.namespace.serve("tcp", 80, "web");
    await web.namespace.serve("tcp", 81, "web");
    expect(ask("tcp", "127.0.0.1", 8080)).toBe("web saw 172.17.0.1");
    expect(outside.ask("tcp", HOST_ADDRESS, 8080)).toBe("refused");
    expect(outside.ask("tcp", HOST_ADDRESS, 8081)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(ask("tcp", "127.0.0.1", 8081)).toBe("refused");
  });

  test("on 127.0.0.1 are not reached by neighbours that forge the address", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080, "127.0.0.1"), tcp(81, 8081)]);
    using neighbour = makeMachine("forger", "192.0.2.1", "192.0.2.2");
    forgeLoopback(neighbour, "192.0.2.1", "192.0.2.2");
    const seen = packetsSeen("forward", `ip daddr ${web.endpoint.ipv4}`, () => {
      neighbour.ask("tcp", "127.0.0.1", 8080);
      neighbour.ask("tcp", "127.0.0.1", 8081);
    });
    expect(seen).toBe(0);
    run("ip", "link", "delete", "forger");
  });

  test("chosen by the engine come from the ephemeral range, each once", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 0), tcp(81, 0)]);
    expect(web.endpoint.ports).toEqual([tcp(80, 32768, "0.0.0.0"), tcp(81, 32769, "0.0.0.0")]);
  });

  test("serve UDP senders that began before the container, or with its predecessor", async () => {
    expect(outside.ask("udp", HOST_ADDRESS, 5353, 4444)).toBe("refused");
    {
      await using first = await startContainer(networks, "first", [udp(53, 5353)]);
      await first.namespace.serve("udp", 53, "first");
      expect(outside.ask("udp", HOST_ADDRESS, 5353, 4444)).toBe(`first saw ${OUTSIDE_ADDRESS}`);
    }
    await using second = await startContainer(networks, "second", [udp(53, 5353)]);
    await second.namespace.serve("udp", 53, "second");
    expect(second.endpoint.ipv4).toBe("172.17.0.3");
    expect(outside.ask("udp", HOST_ADDRESS, 5353, 4444)).toBe(`second saw ${OUTSIDE_ADDRESS}`);
  });

  test("conflict in Docker's words", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    const again = startContainer(networks, "again", [tcp(80, 8080)]);
    expect(again).rejects.toThrow(/^driver failed programming external connectivity on endpoint again \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:8080 failed: port is already allocated$/);
    const service = await serve([], "tcp", 8088, "service");
    try {
      const taken = startContainer(networks, "taken", [tcp(80, 8088)]);
      expect(taken).rejects.toThrow(/: failed to bind host port for 0\.0\.0\.0:8088:172\.17\.0\.\d:80\/tcp: address already in use$/);
    } finally {
      service.kill(9);
      await service.exited;
    }
    expect(await networks.endpoints(Bun.SHA256.hash("again", "hex"))).toEqual([]);
    expect(web.endpoint.ports).toEqual([tcp(80, 8080, "0.0.0.0")]);
  });

  test("keep host programs from taking them, and are free again after release", async () => {
    {
      await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
      expect(web.endpoint.ports).toHaveLength(1);
      expect(() => Bun.listen({ hostname: "0.0.0.0", port: 8080, socket: { data() {} } })).toThrow("Failed to listen");
      expect(run("nft", "list", "map", "ip", "berth_test", "published_any")).toContain("tcp . 8080 : 172.17.0.2 . 80");
    }
    expect(run("nft", "list", "map", "ip", "berth_test", "published_any")).not.toContain("elements");
    expect(run("nft", "list", "set", "ip", "berth_test", "published_to")).not.toContain("elements");
    await using again = await startContainer(networks, "again", [tcp(80, 8080)]);
    expect(again.endpoint.ipv4).toBe("172.17.0.3");
  });
});

describe("repair", () => {
  test("finds running containers after the engine was killed, and drops those that ended", async () => {
    const web = await startContainer(networks, "web", [tcp(80, 8080)]);
    const gone = await startContainer(networks, "gone", [tcp(80, 8081)]);
    await gone.namespace.end();
    await web.namespace.serve("tcp", 80, "web");
    networks = engine.restart();
    run("nft", "flush", "ruleset");
    run("ip", "link", "delete", `veth${web.endpoint.id.slice(0, 7)}`);
    await networks.reconcile([{ containerId: web.id, networkNamespace: web.namespace.path }]);
    expect(outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
    expect(await networks.endpoints(web.id)).toEqual([web.endpoint]);
    expect(await networks.endpoints(gone.id)).toEqual([]);
    expect(run("nft", "list", "map", "ip", "berth_test", "published_any")).not.toContain(gone.endpoint.ipv4);
    await networks.release(web.id);
    await web.namespace.end();
  });

  test("restores rules that another program removed", async () => {
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    await web.namespace.serve("tcp", 80, "web");
    run("nft", "flush", "ruleset");
    expect(outside.ask("tcp", HOST_ADDRESS, 8080)).not.toContain("web saw");
    await using other = await startContainer(networks, "other", [tcp(80, 8081)]);
    await other.namespace.serve("tcp", 80, "other");
    expect(outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(outside.ask("tcp", HOST_ADDRESS, 8081)).toBe(`other saw ${OUTSIDE_ADDRESS}`);
    expect(engine.logged.join()).toContain("another program removed the engine's nf_tables rules: restored");
  });

  test("restores a bridge that was deleted", async () => {
    run("ip", "link", "delete", "berth0");
    await using web = await startContainer(networks, "web");
    expect(web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
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
        await web.namespace.serve("tcp", 80, "web");
        expect(web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
        expect(outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
        expect(run("iptables", "-S", "DOCKER-USER").split("\n")).toEqual([
          "-N DOCKER-USER",
          '-A DOCKER-USER -o berth0 -m comment --comment "berth:test" -j ACCEPT',
          '-A DOCKER-USER -i berth0 -o docker+ -m comment --comment "berth:test" -j RETURN',
          '-A DOCKER-USER -i berth0 -o br-+ -m comment --comment "berth:test" -j RETURN',
          '-A DOCKER-USER -i berth0 -m comment --comment "berth:test" -j ACCEPT',
        ]);
        run("iptables", "-C", "DOCKER-USER", "-o", "berth0", "-m", "comment", "--comment", "berth:test", "-j", "ACCEPT");
        expect(run("nft", "list", "chain", "ip", "filter", "DOCKER-USER")).toContain('comment "berth:test"');
      }
      await networks.close();
      expect(run("iptables", "-S")).toBe(before);
    } finally {
      run("nft", "delete", "table", "ip", "filter");
    }
  });

  test("works under a FORWARD policy of DROP without dockerd", async () => {
    run("iptables", "-P", "FORWARD", "DROP");
    try {
      await using web = await startContainer(networks, "web");
      expect(web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${HOST_ADDRESS}`);
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
      await web.namespace.serve("tcp", 80, "web");
      await other.namespace.serve("tcp", 80, "other");
      expect(other.endpoint.ipv4).toBe("172.18.0.2");
      expect(outside.ask("tcp", HOST_ADDRESS, 8080)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
      expect(outside.ask("tcp", HOST_ADDRESS, 8081)).toBe(`other saw ${OUTSIDE_ADDRESS}`);
      expect(web.namespace.ask("tcp", HOST_ADDRESS, 8081)).toStartWith("other saw ");
      expect(web.namespace.ask("tcp", other.endpoint.ipv4, 80)).toBe("timeout");
      const taken = startContainer(second.networks, "taken", [tcp(80, 8080)]);
      expect(taken).rejects.toThrow("failed to bind host port for 0.0.0.0:8080:172.18.0.3:80/tcp: address already in use");
    } finally {
      await second.networks.close();
    }
    expect(run("nft", "list", "tables")).toBe("table ip berth_test");
    expect(run("ip", "-o", "link", "show", "type", "bridge")).toContain("berth0");
  });

  test("does not make a router of a host that was none", async () => {
    outside.run("ip", "route", "add", LAN_ADDRESS, "via", HOST_ADDRESS);
    lan.run("ip", "route", "add", OUTSIDE_ADDRESS, "via", LAN_HOST_ADDRESS);
    expect(outside.ask("tcp", LAN_ADDRESS, 7000)).toBe("timeout");
    await networks.close();
    run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    try {
      networks = makeEngine().networks;
      await networks.reconcile([]);
      expect(outside.ask("tcp", LAN_ADDRESS, 7000)).toBe(`lan saw ${OUTSIDE_ADDRESS}`);
      await networks.close();
      expect(run("sysctl", "-n", "net.ipv4.ip_forward")).toBe("1");
    } finally {
      run("sysctl", "-qw", "net.ipv4.ip_forward=0");
    }
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
