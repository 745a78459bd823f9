/** Networks over one of the host's interfaces: macvlan and ipvlan. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalNetworks } from "#network/local-networks.ts";
import type { NetworkRequest } from "#network/types.ts";
import {
  ask,
  containerId,
  HOST_ADDRESS,
  makeEngine,
  makeMachine,
  Namespace,
  OUTSIDE_ADDRESS,
  run,
  startContainer,
  tcp,
  type TestContainer,
} from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let outside: Namespace;
let networks: LocalNetworks;

beforeAll(async () => {
  outside = makeMachine("uplink", HOST_ADDRESS, OUTSIDE_ADDRESS);
  outside.serve("tcp", 7000, "outside");
});

afterAll(() => outside.end());

beforeEach(async () => {
  ({ networks } = makeEngine());
  await networks.reconcile([]);
});

/** Every test removes its networks; then only the scratch host's own interfaces are there. */
afterEach(async () => {
  for (const { id, predefined } of await networks.list()) if (!predefined) await networks.remove(id);
  await networks.close();
  expect(links()).toEqual(["lo", "uplink"]);
});

const links = (): readonly string[] =>
  run("ip", "-o", "link")
    .split("\n")
    .map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? "")
    .filter((name) => !name.startsWith("berth"));

/** The host's own subnet, whose gateway is the machine outside; containers get the upper half. */
const lan = { subnet: "198.51.100.0/24", ipRange: "198.51.100.128/25", gateway: OUTSIDE_ADDRESS, auxiliary: {} };

async function made(name: string, driver: "macvlan" | "ipvlan", more: Partial<NetworkRequest> = {}): Promise<void> {
  await networks.create({
    name,
    driver,
    ipv4: true,
    ipv6: false,
    addresses: [lan],
    internal: false,
    attachable: false,
    labels: {},
    options: { parent: "uplink" },
    configOnly: false,
    configFrom: "",
    ...more,
  });
}

const start = (name: string, network: string): Promise<TestContainer> => startContainer(networks, name, [], network);

/** Whether this kernel has such links. The guest's has all of them, so that something is proved somewhere. */
function kernelHas(kind: string, ...options: readonly string[]): boolean {
  const { exitCode } = Bun.spawnSync(["ip", "link", "add", "probe0", "type", kind, ...options]);
  const { exitCode: onParent } = Bun.spawnSync([
    "ip",
    "link",
    "add",
    "link",
    "uplink",
    "probe0",
    "type",
    kind,
    ...options,
  ]);
  Bun.spawnSync(["ip", "link", "delete", "probe0"]);
  const has = exitCode === 0 || onParent === 0;
  if (process.env["BERTH_TEST_GUEST"] === "1") expect(`${kind}: ${has}`).toBe(`${kind}: true`);
  return has;
}

const unsupported = (what: string): RegExp => new RegExp(`^${what}: operation not supported$`);

describe("macvlan", () => {
  test("containers are neighbours of the host's network, under their own addresses", async () => {
    await made("lan", "macvlan");
    await using web = await startContainer(networks, "web", [tcp(80, 8080)], "lan");
    await using other = await start("other", "lan");
    web.namespace.serve("tcp", 80, "web");
    expect(web.endpoint).toMatchObject({
      ipv4: "198.51.100.128",
      gateway: OUTSIDE_ADDRESS,
      mac: "02:42:c6:33:64:80",
      ports: [],
    });
    expect(web.namespace.run("ip", "-d", "link", "show", "eth0")).toMatch(/macvlan mode bridge/);
    expect(web.namespace.run("ip", "route")).toContain(`default via ${OUTSIDE_ADDRESS} dev eth0`);
    expect(await outside.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
    expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${web.endpoint.ipv4}`);
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${other.endpoint.ipv4}`);
    expect(await ask("tcp", web.endpoint.ipv4, 80)).not.toContain("web saw");
  });

  test("private keeps them apart", async () => {
    await made("lan", "macvlan", { options: { parent: "uplink", macvlan_mode: "private" } });
    await using web = await start("web", "lan");
    await using other = await start("other", "lan");
    web.namespace.serve("tcp", 80, "web");
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).not.toContain("web saw");
    expect(await other.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${other.endpoint.ipv4}`);
  });

  test("vepa leaves it to the switch outside, which sends nothing back here", async () => {
    await made("lan", "macvlan", { options: { parent: "uplink", macvlan_mode: "vepa" } });
    await using web = await start("web", "lan");
    await using other = await start("other", "lan");
    expect(web.namespace.run("ip", "-d", "link", "show", "eth0")).toMatch(/macvlan mode vepa/);
    web.namespace.serve("tcp", 80, "web");
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).not.toContain("web saw");
  });

  test("passthru is for one container at a time, and for one network", async () => {
    await made("lan", "macvlan", { options: { parent: "uplink", macvlan_mode: "passthru" } });
    const { id } = await networks.find("lan");
    const taken = `network dm-${id.slice(0, 12)} is already using parent interface uplink`;
    await expect(made("other", "macvlan", { addresses: [] })).rejects.toThrow(taken);
    for (const name of ["one", "two"]) {
      await using web = await start(name, "lan");
      expect(run("ip", "-o", "link", "show", "uplink")).toContain(`link/ether ${web.endpoint.mac} `);
      expect(web.namespace.run("ip", "-o", "link", "show", "eth0")).toContain(`link/ether ${web.endpoint.mac} `);
      await expect(start("more", "lan")).rejects.toThrow("has room for one container");
      expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${web.endpoint.ipv4}`);
    }
  });

  test("networks share a parent", async () => {
    await made("lan", "macvlan");
    await made("more", "macvlan", { addresses: [{ ...lan, subnet: "10.9.0.0/24", ipRange: "", gateway: "" }] });
    await using web = await start("web", "lan");
    await using more = await start("more", "more");
    expect([web, more].map(({ endpoint }) => endpoint.ipv4)).toEqual(["198.51.100.128", "10.9.0.2"]);
  });

  test("an internal network has no gateway, and no address is kept for one", async () => {
    await made("lan", "macvlan", {
      internal: true,
      addresses: [{ ...lan, subnet: "10.9.0.0/24", ipRange: "", gateway: "" }],
    });
    await using web = await start("web", "lan");
    expect(web.endpoint).toMatchObject({ ipv4: "10.9.0.1", gateway: "" });
    expect(web.namespace.run("ip", "route")).toBe("10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.1");
  });

  test("IPv6 and several subnets", async () => {
    run("ip", "address", "add", "2001:db8:7::1/64", "dev", "uplink", "nodad");
    outside.run("ip", "address", "add", "2001:db8:7::2/64", "dev", "eth0", "nodad");
    const more = { ...lan, subnet: "10.9.0.0/24", ipRange: "", gateway: "" };
    const six = { ...lan, subnet: "2001:db8:7::/64", ipRange: "2001:db8:7::8:0/112", gateway: "2001:db8:7::2" };
    await made("lan", "macvlan", { ipv6: true, addresses: [lan, more, six] });
    await using web = await start("web", "lan");
    web.namespace.serve("tcp", 80, "web", "::");
    expect(web.endpoint).toMatchObject({ ipv4: "198.51.100.128", ipv6Gateway: "2001:db8:7::2", ipv6PrefixLength: 64 });
    expect(await outside.probe([["tcp", web.endpoint.ipv6, 80]])).toEqual(["web saw 2001:db8:7::2"]);
    expect(web.namespace.run("ip", "-6", "route")).toContain("default via 2001:db8:7::2 dev eth0");
    const { id: networkId } = await networks.find("lan");
    const request = { containerId: containerId("x"), containerName: "x", networkId, ports: [], ipv4: "10.9.0.77" };
    expect(await networks.reserve(request)).toMatchObject({ ipv4: "10.9.0.77", gateway: "10.9.0.1" });
    await networks.release(request.containerId);
    run("ip", "address", "delete", "2001:db8:7::1/64", "dev", "uplink");
  });

  test("an address is free for the next container at once", async () => {
    await made("lan", "macvlan");
    for (const name of ["one", "two", "three"]) {
      using inside = new Namespace();
      const { id: networkId } = await networks.find("lan");
      const request = {
        containerId: containerId(name),
        containerName: name,
        networkId,
        ports: [],
        ipv4: "198.51.100.200",
      };
      await networks.connect([await networks.reserve(request)], inside.path);
      expect(await inside.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe("outside saw 198.51.100.200");
      await networks.release(request.containerId);
      expect(inside.run("ip", "-o", "link")).not.toContain("eth0");
    }
  });

  test("a container that runs keeps its interface through another engine, and gets one again that it lost", async () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-parents-"));
    try {
      const path = join(folder, "state.db");
      let engine = makeEngine({}, path);
      ({ networks } = engine);
      await networks.reconcile([]);
      await made("lan", "macvlan");
      const web = await start("web", "lan");
      for (const lost of [false, true]) {
        await networks.close();
        engine.closeDatabase();
        if (lost) web.namespace.run("ip", "link", "delete", "eth0");
        engine = makeEngine({}, path);
        ({ networks } = engine);
        await networks.reconcile([{ containerId: web.id, networkNamespace: web.namespace.path, containerName: "web" }]);
        expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${web.endpoint.ipv4}`);
      }
      await networks.release(web.id);
      expect(web.namespace.run("ip", "-o", "link")).not.toContain("eth0");
      web.namespace.end();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("parents of the engine's own", () => {
  const own = { addresses: [{ ...lan, subnet: "10.9.0.0/24", ipRange: "", gateway: "" }] };

  test("a VLAN is made for its networks, and removed with the last", async () => {
    const options = { parent: "uplink.10" };
    if (!kernelHas("vlan", "id", "7")) {
      const failed = made("ten", "macvlan", { ...own, options });
      await expect(failed).rejects.toThrow(unsupported("failed to create uplink.10 vlan link"));
      return;
    }
    outside.run("ip", "link", "add", "link", "eth0", "name", "ten", "type", "vlan", "id", "10");
    outside.run("ip", "link", "set", "ten", "up");
    outside.run("ip", "address", "add", "10.9.0.1/24", "dev", "ten");
    await made("ten", "macvlan", { ...own, options });
    await made("more", "macvlan", { addresses: [], options });
    expect(links()).toEqual(["lo", "uplink", "uplink.10"]);
    {
      await using web = await start("web", "ten");
      expect(await web.namespace.ask("tcp", "10.9.0.1", 7000)).toBe(`outside saw ${web.endpoint.ipv4}`);
    }
    await networks.remove("ten");
    expect(links()).toEqual(["lo", "uplink", "uplink.10"]);
    await networks.remove("more");
    expect(links()).toEqual(["lo", "uplink"]);
    outside.run("ip", "link", "delete", "ten");
  });

  test("a network without a parent leads nowhere", async () => {
    if (!kernelHas("dummy")) {
      const failed = made("alone", "macvlan", { ...own, options: {} });
      await expect(failed).rejects.toThrow(unsupported("failed to create the dummy parent interface"));
      return;
    }
    await made("alone", "macvlan", { ...own, options: {} });
    const { id } = await networks.find("alone");
    expect(links()).toEqual(["lo", "uplink", `dm-${id.slice(0, 12)}`]);
    await using web = await start("web", "alone");
    await using other = await start("other", "alone");
    web.namespace.serve("tcp", 80, "web");
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${other.endpoint.ipv4}`);
  });

  test.each([
    ["nosuch0", "invalid subinterface vlan name nosuch0, example formatting is eth0.10"],
    ["nosuch.10", "-o parent interface was not found on the host: nosuch"],
    ["lo", "loopback interface is not a valid macvlan parent link"],
  ])("the parent %s is refused", async (parent, message) => {
    await expect(made("bad", "macvlan", { ...own, options: { parent } })).rejects.toThrow(message);
    await expect(networks.find("bad")).rejects.toThrow("not found");
  });
});

describe("ipvlan", () => {
  const ipvlan = (options: Readonly<Record<string, string>> = {}) => ({ options: { parent: "uplink", ...options } });

  test("has the mode and flag that were asked for, or a clear error", async () => {
    await made("lan", "ipvlan", ipvlan({ ipvlan_mode: "l2", ipvlan_flag: "private" }));
    if (!kernelHas("ipvlan")) {
      await expect(start("web", "lan")).rejects.toThrow(unsupported("failed to create the ipvlan port"));
      return;
    }
    await using web = await start("web", "lan");
    await using other = await start("other", "lan");
    web.namespace.serve("tcp", 80, "web");
    expect(web.endpoint.mac).toBe("");
    expect(web.namespace.run("ip", "-d", "link", "show", "eth0")).toMatch(/ipvlan\s+mode l2 private/);
    expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe(`outside saw ${web.endpoint.ipv4}`);
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).not.toContain("web saw");
  });

  test.each(["l2", "l3", "l3s"])("mode %s: containers reach one another", async (mode) => {
    await made("lan", "ipvlan", ipvlan({ ipvlan_mode: mode }));
    if (!kernelHas("ipvlan")) return;
    await using web = await start("web", "lan");
    await using other = await start("other", "lan");
    web.namespace.serve("tcp", 80, "web");
    expect(web.namespace.run("ip", "route")).toMatch(
      mode === "l2" ? `default via ${OUTSIDE_ADDRESS} dev eth0` : /^default dev eth0/,
    );
    expect(await other.namespace.ask("tcp", web.endpoint.ipv4, 80)).toBe(`web saw ${other.endpoint.ipv4}`);
  });

  test("a parent is one network's alone, and addresses of links are the parent's", async () => {
    await made("lan", "ipvlan", ipvlan());
    const { id } = await networks.find("lan");
    await expect(made("more", "ipvlan", { addresses: [], ...ipvlan() })).rejects.toThrow(
      `network di-${id.slice(0, 12)} is already using parent interface uplink`,
    );
    const request = {
      containerId: containerId("web"),
      containerName: "web",
      networkId: id,
      ports: [],
      mac: "02:00:00:00:00:01",
    };
    await expect(networks.reserve(request)).rejects.toThrow("do not support custom mac address assignment");
  });
});
