/** The name service of user-defined networks, asked from inside containers. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { eventually, mustRun } from "../../tools/lab/command.ts";
import { readFileSync } from "node:fs";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { FakeUpstream } from "./network/fake-upstream.ts";

setDefaultTimeout(180_000);

const GATEWAY = "172.31.243.1";
const upstream = new FakeUpstream();
let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bname0", bip: `${GATEWAY}/24` });
  await upstream.open(GATEWAY);
}, 180_000);
afterAll(async () => {
  upstream.close();
  await engine.close();
});
afterEach(async () => {
  await engine.removeAll();
  expect((await engine.api("POST", "/networks/prune")).status).toBe(200);
  upstream.asked.length = 0;
});

interface Answer {
  readonly rcode: number;
  readonly truncated: boolean;
  readonly answers: readonly string[];
}

const client = new URL("./network/ask-names.ts", import.meta.url).pathname;
const pidOf = (name: string): Promise<string> =>
  engine.ok("inspect", "-f", "{{.State.Pid}}", name).then((text) => text.trim());
const inside = async (name: string, ...command: readonly string[]): Promise<string> =>
  mustRun(["nsenter", `--net=/proc/${await pidOf(name)}/ns/net`, ...command]);
const askAll = async (from: string, ...args: readonly (string | number)[]): Promise<readonly Answer[]> =>
  (await inside(from, process.execPath, client, ...args.map(String)))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
const ask = async (from: string, name: string, type = 1, transport = "udp", udpBytes = 0): Promise<Answer> =>
  (await askAll(from, transport, "127.0.0.11", name, type, udpBytes))[0] as Answer;
const found = (...answers: readonly string[]): Answer => ({ rcode: 0, truncated: false, answers });
const start = (name: string, network: string, ...flags: readonly string[]): Promise<string> =>
  engine.ok("run", "-d", "--name", name, "--network", network, ...flags, "busybox", "sleep", "1000");
const make = async (name: string, settings: object = {}): Promise<void> => {
  expect(await engine.api("POST", "/networks/create", { Name: name, ...settings })).toMatchObject({ status: 201 });
};
const join = async (container: string, network: string, aliases: readonly string[] = []): Promise<void> => {
  const body = { Container: container, EndpointConfig: { Aliases: aliases } };
  expect((await engine.api("POST", `/networks/${network}/connect`, body)).status).toBe(200);
};
const part = async (container: string, network: string): Promise<void> => {
  expect((await engine.api("POST", `/networks/${network}/disconnect`, { Container: container })).status).toBe(200);
};
const addressOf = async (name: string, network: string): Promise<string> =>
  (await engine.ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name)).trim();

test("name, alias, short id, hostname and name.network, in any case, and back from the address", async () => {
  await make("front");
  await start("web", "front", "--network-alias", "Site", "--hostname", "host-of-web");
  await start("client", "front");
  const address = await addressOf("web", "front");
  const id = (await engine.ok("inspect", "-f", "{{.Id}}", "web")).slice(0, 12);
  for (const name of ["web", "WEB", "site", id, "host-of-web", "web.front", "site.FRONT"]) {
    expect({ name, ...(await ask("client", name)) }).toEqual({ name, ...found(address) });
  }
  const reverse = `${address.split(".").toReversed().join(".")}.in-addr.arpa`;
  expect(await ask("client", reverse, 12)).toEqual(found("web.front"));
  expect(await ask("client", "web", 28)).toEqual(found());
  expect(await ask("client", "web", 15)).toEqual(found());
  expect(await ask("client", "web", 1, "tcp")).toEqual(found(address));
  expect(await engine.ok("exec", "client", "ping", "-c", "1", "web")).toContain(`(${address})`);
});

test("in a network with IPv6: both addresses, back from each, and in the container's own hosts file", async () => {
  await make("front", { EnableIPv6: true, IPAM: { Config: [{ Subnet: "fd09::/64" }] } });
  await start("web", "front", "--ip6", "fd09::99");
  await start("client", "front");
  expect(await ask("client", "web", 28)).toEqual(found("fd09::99"));
  expect(await ask("client", "web")).toEqual(found(await addressOf("web", "front")));
  const reverse = `9.9.${"0.".repeat(26)}9.0.d.f.ip6.arpa`;
  expect(await ask("client", reverse, 12)).toEqual(found("web.front"));
  const id = (await engine.ok("inspect", "-f", "{{.Id}}", "web")).slice(0, 12);
  expect(await engine.ok("exec", "web", "cat", "/etc/hosts")).toContain(`fd09::99\t${id}\n`);
  expect(await engine.ok("exec", "client", "ping", "-6", "-c", "1", "web")).toContain("(fd09::99)");
  const shown =
    "{{with .NetworkSettings.Networks.front}}{{.GlobalIPv6Address}} {{.GlobalIPv6PrefixLen}} {{.IPv6Gateway}}{{end}}";
  expect(await engine.ok("inspect", "-f", shown, "web")).toBe("fd09::99 64 fd09::1\n");
});

test("one alias of several containers: all of them, each first in turn; large answers by TCP", async () => {
  await make("front");
  for (let index = 0; index < 3; index++) await start(`w${index}`, "front", "--network-alias", "all");
  const addresses = await Promise.all([0, 1, 2].map((index) => addressOf(`w${index}`, "front")));
  const answers = await askAll("w0", "udp", "127.0.0.11", "all", 1, 0, 3);
  for (const { answers: list } of answers) expect(list.toSorted()).toEqual(addresses.toSorted());
  expect(new Set(answers.map(({ answers: list }) => list[0]))).toEqual(new Set(addresses));
});

test("only containers that share a network; what was renamed, connected and disconnected", async () => {
  await make("front");
  await make("back");
  await start("web", "front", "--dns", GATEWAY);
  await start("db", "back");
  expect((await ask("web", "db")).rcode).toBe(3);
  await join("web", "back", ["store"]);
  expect(await ask("web", "db")).toEqual(found(await addressOf("db", "back")));
  expect(await ask("db", "store")).toEqual(found(await addressOf("web", "back")));
  await engine.ok("rename", "db", "database");
  expect((await ask("web", "db")).rcode).toBe(3);
  expect((await ask("web", "database")).answers).toHaveLength(1);
  await part("web", "back");
  expect((await ask("web", "database")).rcode).toBe(3);
  await engine.ok("stop", "-t", "0", "database");
});

test("a container of the default bridge gets the name server with its first network, and loses it with the last", async () => {
  await make("front");
  const conf = (): Promise<string> => engine.ok("exec", "late", "cat", "/etc/resolv.conf");
  await start("late", "bridge", "--dns", GATEWAY);
  expect(await conf()).toContain(`nameserver ${GATEWAY}\n`);
  expect(await inside("late", "nft", "list", "tables")).toBe("");
  await join("late", "front");
  expect(await conf()).toContain("nameserver 127.0.0.11\n");
  expect(await conf()).toContain("options ndots:0\n");
  expect(await conf()).toContain(`# ExtServers: [${GATEWAY}]\n`);
  expect(await ask("late", "late")).toEqual(found(await addressOf("late", "front")));
  await part("late", "front");
  expect(await conf()).toContain(`nameserver ${GATEWAY}\n`);
});

test("what a container changed in its resolv.conf stays when it comes into a network and when it starts anew", async () => {
  await make("front");
  const conf = (): Promise<string> => engine.ok("exec", "own", "cat", "/etc/resolv.conf");
  await start("own", "bridge", "--dns", GATEWAY);
  await engine.ok("exec", "own", "sh", "-c", "echo options attempts:4 >>/etc/resolv.conf");
  const changed = await conf();
  await join("own", "front");
  expect(await conf()).toBe(changed);
  await part("own", "front");
  expect(await conf()).toBe(changed);
  await engine.ok("restart", "-t", "0", "own");
  expect(await conf()).toBe(changed);
  await engine.ok("exec", "own", "sh", "-c", "head -c 17000000 /dev/zero >/etc/resolv.conf");
  await join("own", "front");
  await engine.ok("restart", "-t", "0", "own");
  await engine.ok("exec", "own", "sh", "-c", ": >/etc/resolv.conf");
  await engine.ok("restart", "-t", "0", "own");
  expect(await conf()).toContain("nameserver 127.0.0.11\n");
});

test("other names are asked for at the upstream servers; not from internal networks", async () => {
  await make("front");
  await make("closed", { Internal: true });
  await start("web", "front", "--dns", GATEWAY);
  expect(await ask("web", "7.example")).toEqual(found("192.0.2.7"));
  expect((await ask("web", "nobody.invalid")).rcode).toBe(3);
  expect(await ask("web", "big.example")).toMatchObject({ rcode: 0, truncated: true });
  expect((await ask("web", "big.example", 1, "udp", 4096)).answers).toHaveLength(200);
  upstream.asked.length = 0;
  expect((await ask("web", "big.example", 1, "tcp")).answers).toHaveLength(200);
  expect(upstream.asked).toEqual(["udp big.example", "tcp big.example"]);
  expect(await ask("web", "mute.example")).toMatchObject({ rcode: 2 });
  upstream.asked.length = 0;
  await start("shut", "closed", "--dns", GATEWAY);
  expect(await ask("shut", "7.example")).toMatchObject({ rcode: 2 });
  expect(upstream.asked).toEqual([]);
});

test("servers of IPv6 are asked, by datagram and by TCP", async () => {
  const [address, six] = ["fd53::53", new FakeUpstream()];
  await mustRun(["ip", "-6", "address", "add", `${address}/128`, "dev", "lo", "nodad"]);
  try {
    await six.open(address);
    await make("front");
    await start("web", "front", "--dns", address);
    expect(await ask("web", "7.example")).toEqual(found("192.0.2.7"));
    expect((await ask("web", "big.example", 1, "tcp")).answers).toHaveLength(200);
    expect(six.asked).toEqual(["udp 7.example", "udp big.example", "tcp big.example"]);
    expect(upstream.asked).toEqual([]);
  } finally {
    six.close();
    await mustRun(["ip", "-6", "address", "del", `${address}/128`, "dev", "lo"]);
  }
});

test("the next server is asked when the first does not answer", async () => {
  await make("front");
  await start("web", "front", "--dns", "127.0.0.1", "--dns", "192.0.2.1", "--dns", GATEWAY);
  expect(await ask("web", "8.example")).toEqual(found("192.0.2.8"));
});

test("the container's port 53 is its own", async () => {
  await make("front");
  const line = "(while :; do echo mine | nc -l -p 53; done) & exec sleep 1000";
  await engine.ok("run", "-d", "--name", "dns", "--network", "front", "busybox", "sh", "-c", line);
  const address = await addressOf("dns", "front");
  expect(await ask("dns", "dns")).toEqual(found(address));
  expect(await ask("dns", "dns", 1, "tcp")).toEqual(found(address));
  const own = "until nc 127.0.0.1 53 </dev/null 2>/dev/null; do sleep 0.1; done";
  expect(await engine.ok("exec", "dns", "sh", "-c", own)).toBe("mine\n");
});

/** One datagram after a flood may be among those that are lost. */
async function answersAgain(asker: string, name: string): Promise<void> {
  const wanted = found(await addressOf(name, "front"));
  await eventually(`an answer for ${asker}`, async () =>
    Bun.deepEquals(await ask(asker, name).catch(() => undefined), wanted) ? true : undefined,
  );
}

test("a container that floods its name server keeps the engine from nothing", async () => {
  await make("front");
  await start("noisy", "front");
  await start("quiet", "front");
  // Packets behind the rules of the container's own network, read by a socket or not.
  const delivered = async (): Promise<number> =>
    Number(/^Ip: \d.*$/m.exec(await inside("noisy", "cat", "/proc/net/snmp"))?.[0].split(" ")[9]);
  const flood = new URL("./network/flood-names.ts", import.meta.url).pathname;
  // A machine that is busy with something else may not let it send faster than it may.
  const { came, allowed } = await eventually("more than is let through", async () => {
    const before = await delivered();
    const seconds = Number(await inside("noisy", process.execPath, flood, "100000"));
    const most = 2000 + 10_000 * (seconds + 1);
    return most < 90_000 ? { came: (await delivered()) - before, allowed: most } : undefined;
  });
  expect(came).toBeWithin(1, allowed);
  await answersAgain("quiet", "noisy");
  await answersAgain("noisy", "quiet");
});

test("containers that flood their name servers together, with questions that nobody answers, fill no memory", async () => {
  await make("front");
  const noisy = ["one", "two", "three", "four", "five"];
  // Behind it is a server that never answers.
  for (const name of noisy) await start(name, "front", "--dns", "192.0.2.254");
  await start("quiet", "front");
  const rssMib = (): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${engine.pid}/status`, "utf8"))?.[1]) / 1024;
  const before = rssMib();
  const flood = new URL("./network/flood-names.ts", import.meta.url).pathname;
  const flooding = Promise.all(noisy.map((name) => inside(name, process.execPath, flood, "20000", "unknown")));
  let asked = 0;
  const answers = async (): Promise<void> => {
    expect((await engine.api("GET", "/_ping")).status).toBe(200);
    asked++;
  };
  await Promise.all([flooding, answers(), answers(), answers()]);
  expect(asked).toBe(3);
  expect(rssMib() - before).toBeLessThan(100);
  await answersAgain("quiet", "one");
});

test("an engine that was killed serves again, and asks where it asked before", async () => {
  await make("front");
  await start("web", "front", "--network-alias", "site", "--dns", GATEWAY);
  await start("client", "front", "--dns", GATEWAY);
  const address = await addressOf("web", "front");
  await engine.kill();
  await engine.start();
  expect(await ask("client", "site")).toEqual(found(address));
  expect(await ask("client", "site", 1, "tcp")).toEqual(found(address));
  expect(await ask("client", "9.example")).toEqual(found("192.0.2.9"));
  await engine.ok("rm", "-f", "web");
  expect((await ask("client", "site")).rcode).toBe(3);
});
