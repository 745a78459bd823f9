/** Connections of this host's programs to published ports of its own loopback, which are led straight to containers. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectLayout } from "#host/cgroup/layout.ts";
import { AF_INET, SOCK_STREAM } from "#host/kernel/linux.ts";
import { bind, close, connect, getsockname, raw, socket } from "#host/kernel/syscalls.ts";
import { formatIp, parseIp } from "#host/netlink/address.ts";
import { socketAddress } from "#host/sockets/namespace-sockets.ts";
import type { LocalNetworks } from "#network/local-networks.ts";
import { eventually } from "../../../tools/lab/command.ts";
import {
  ask,
  containerId,
  HOST_ADDRESS,
  killedEngine,
  makeEngine,
  makeMachine,
  makeNetwork,
  Namespace,
  OUTSIDE_ADDRESS,
  packetsSeen,
  run,
  startContainer,
  subnet,
  tcp,
} from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let networks: LocalNetworks;

beforeAll(() => {
  run("ip", "link", "set", "lo", "up");
  Bun.spawnSync(["sysctl", "-qw", "net.bridge.bridge-nf-call-ip6tables=0"]);
});

beforeEach(async () => {
  ({ networks } = makeEngine());
  await networks.reconcile([]);
});

afterEach(async () => {
  for (const { id, predefined } of await networks.list()) if (!predefined) await networks.remove(id);
  await networks.close();
});

afterAll(() => expect(run("ip", "-o", "link")).not.toMatch(/berth|br-|veth/));

/** Of connections that were meant for the loopback and go elsewhere. */
const fromLoopback = (source: string): string => `ct status dnat ct original ip saddr ${source}`;

/** Packets of a connection that are translated. */
async function translated(address: string, port: number, answer: string): Promise<number> {
  return packetsSeen("output", fromLoopback("127.0.0.0/8"), async () => {
    expect(await ask("tcp", address, port)).toBe(answer);
  });
}

/** The programs are there a moment after the first port. */
const straight = (port: number, answer: string): Promise<true> =>
  eventually("a connection that is not translated", async () => {
    return (await translated("127.0.0.1", port, answer)) === 0 || undefined;
  });

interface Names {
  readonly peer: string;
  readonly own: string;
}

/** What a connected socket says of both its ends. The kernel of the other end answers before anybody accepts. */
function namesOf(host: string, port: number, source?: string): Names {
  const { family, address } = socketAddress({ host, port });
  const fd = socket(family, SOCK_STREAM, 0);
  try {
    if (source !== undefined) bind(fd, socketAddress({ host: source, port: 0 }).address);
    connect(fd, address);
    const peer = new Uint8Array(28);
    raw("getpeername", fd, peer);
    return { peer: textOf(peer), own: textOf(getsockname(fd)).replace(/ .*/u, "") };
  } finally {
    close(fd);
  }
}

function textOf(address: Uint8Array): string {
  const port = new DataView(address.buffer, address.byteOffset).getUint16(2);
  return `${formatIp(address[0] === AF_INET ? address.subarray(4, 8) : address.subarray(8, 24))} ${port}`;
}

test("to 127.0.0.0/8 and ::1 are led to the container, which sees its gateway, and sockets do not tell", async () => {
  await makeNetwork(networks, "six", { ipv6: true });
  await using web = await startContainer(networks, "web", [tcp(80, 8080), tcp(80, 8082, "127.0.0.7")], "six");
  web.namespace.serve("tcp", 80, "web", "::");
  const seen = `web saw ${web.endpoint.gateway}`;
  await straight(8080, seen);
  expect(await translated("127.3.2.1", 8080, seen)).toBe(0);
  expect(await translated("::ffff:127.0.0.1", 8080, seen)).toBe(0);
  expect(await translated("127.0.0.7", 8082, seen)).toBe(0);
  expect(await ask("tcp", "127.0.0.1", 8082)).toBe("refused");
  expect(await ask("tcp", "::1", 8080)).toBe(`web saw ${web.endpoint.ipv6Gateway}`);
  expect(namesOf("127.0.0.1", 8080)).toEqual({ peer: "127.0.0.1 8080", own: "127.0.0.1" });
  expect(namesOf("127.3.2.1", 8080)).toEqual({ peer: "127.3.2.1 8080", own: "127.0.0.1" });
  expect(namesOf("::1", 8080)).toEqual({ peer: "::1 8080", own: "::1" });
  const mapped = formatIp(parseIp("::ffff:127.0.0.1"));
  expect(namesOf("::ffff:127.0.0.1", 8080)).toEqual({ peer: `${mapped} 8080`, own: mapped });
});

test("in other network namespaces are theirs alone", async () => {
  await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
  await using other = await startContainer(networks, "other");
  web.namespace.serve("tcp", 80, "web");
  await straight(8080, "web saw 172.17.0.1");
  using stranger = new Namespace();
  stranger.run("ip", "link", "set", "lo", "up");
  for (const namespace of [stranger, other.namespace, web.namespace])
    expect(await namespace.ask("tcp", "127.0.0.1", 8080)).toBe("refused");
  stranger.serve("tcp", 8080, "stranger");
  expect(await stranger.ask("tcp", "127.0.0.1", 8080)).toBe("stranger saw 127.0.0.1");
});

test("by sockets that are bound to an address go their way, translated", async () => {
  await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
  web.namespace.serve("tcp", 80, "web");
  await straight(8080, "web saw 172.17.0.1");
  const packets = packetsSeen("output", fromLoopback("127.0.0.5"), async () => {
    expect(namesOf("127.0.0.1", 8080, "127.0.0.5")).toEqual({ peer: "127.0.0.1 8080", own: "127.0.0.5" });
  });
  expect(await packets).toBeGreaterThan(0);
});

test("end with the port, and lead to who has it next", async () => {
  {
    await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
    web.namespace.serve("tcp", 80, "web");
    await straight(8080, "web saw 172.17.0.1");
  }
  expect(await ask("tcp", "127.0.0.1", 8080)).toBe("refused");
  await using first = await startContainer(networks, "first");
  await using next = await startContainer(networks, "next", [tcp(81, 8080)]);
  expect(first.endpoint.ipv4).not.toBe(next.endpoint.ipv4);
  next.namespace.serve("tcp", 81, "next");
  expect(await translated("127.0.0.1", 8080, "next saw 172.17.0.1")).toBe(0);
});

test("of a socket that was refused, and then goes elsewhere, leave nothing behind", async () => {
  await using web = await startContainer(networks, "web", [tcp(80, 8080), tcp(81, 8081)]);
  await using other = await startContainer(networks, "other");
  web.namespace.serve("tcp", 80, "web");
  other.namespace.serve("tcp", 90, "other");
  await straight(8080, "web saw 172.17.0.1");
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  try {
    expect(() => connect(fd, socketAddress({ host: "127.0.0.1", port: 8081 }).address)).toThrow("connection refused");
    connect(fd, socketAddress({ host: other.endpoint.ipv4, port: 90 }).address);
    const peer = new Uint8Array(16);
    raw("getpeername", fd, peer);
    expect([textOf(peer), textOf(getsockname(fd)).replace(/ .*/u, "")]).toEqual([
      `${other.endpoint.ipv4} 90`,
      "172.17.0.1",
    ]);
  } finally {
    close(fd);
  }
});

test("do not leave the machine where the host has no address beside the container's", async () => {
  using uplink = makeMachine("uplink", HOST_ADDRESS, OUTSIDE_ADDRESS);
  run("ip", "route", "add", "default", "via", OUTSIDE_ADDRESS);
  const options = { "com.docker.network.bridge.inhibit_ipv4": "true" };
  await makeNetwork(networks, "inhibited", { options, addresses: [subnet("10.9.0.0/24")] });
  await using web = await startContainer(networks, "web", [tcp(80, 8080)], "inhibited");
  await using open = await startContainer(networks, "open", [tcp(80, 8081)]);
  web.namespace.serve("tcp", 80, "web");
  open.namespace.serve("tcp", 80, "open");
  await straight(8081, "open saw 172.17.0.1");
  const packets = packetsSeen("output", "ip daddr 10.9.0.0/24", () => ask("tcp", "127.0.0.1", 8080));
  expect(await packets).toBe(0);
  uplink.end();
});

test("are translated when the engine was killed, and led straight again by the next", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-connect-"));
  const database = join(folder, "state.db");
  await networks.close();
  using web = new Namespace();
  try {
    await killedEngine(database, ["web", web, 80, 8080]);
    web.serve("tcp", 80, "web");
    expect(await translated("127.0.0.1", 8080, "web saw 172.17.0.1")).toBeGreaterThan(0);
    ({ networks } = makeEngine({}, database));
    await networks.reconcile([{ containerId: containerId("web"), networkNamespace: web.path }]);
    await straight(8080, "web saw 172.17.0.1");
    await networks.release(containerId("web"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("are translated where no control groups of version 2 are mounted, which is told once", async () => {
  const told: string[] = [];
  await networks.close();
  run("umount", "--lazy", detectLayout().unified ?? "");
  ({ networks } = makeEngine({}, ":memory:", (message) => told.push(message)));
  await networks.reconcile([]);
  await using web = await startContainer(networks, "web", [tcp(80, 8080)]);
  web.namespace.serve("tcp", 80, "web");
  await eventually("a word about it", () => told.join().includes("are translated") || undefined);
  expect(await translated("127.0.0.1", 8080, "web saw 172.17.0.1")).toBeGreaterThan(0);
});
