/**
 * Who reaches whom: containers of several networks, the host, and a machine outside that knows the way to every subnet, each
 * pair in each direction, by IPv4 and IPv6, published and not. The same table for Debian's dockerd and for ours.
 *
 *   outside ──veth── host ┬ front: web (published on 8080), api, both
 *                         ├ back:  db (published on the host's loopback, 8081), both
 *                         └ closed, internal: vault
 */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { O_RDONLY } from "#host/kernel/linux.ts";
import { close, open } from "#host/kernel/syscalls.ts";
import { eventually, mustRun } from "../../tools/lab/command.ts";
import { cliEnvironment, dockerCli, startBerth, startDockerd, type RunningEngine } from "../../tools/lab/engines.ts";
import { createNetworkNamespace, type NetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { freePort, startDebianRegistry } from "../../tools/lab/debian-registry.ts";
import { ask, serve, type Question } from "../root/network/peers.ts";

setDefaultTimeout(180_000);

const HOST = { 4: "198.51.100.1", 6: "2001:db8:1::1" };
const networks = { front: 81, back: 82, closed: 83 };
const containers = {
  web: ["front", "-p", "8080:80"],
  api: ["front"],
  db: ["back", "-p", "127.0.0.1:8081:80"],
  both: ["front"],
  vault: ["closed"],
} as const;

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const closer of closers.reverse()) await closer();
}, 180_000);

/** Of the process that holds it. */
const pidOf = (network: NetworkNamespace): string => /\/proc\/(\d+)\//.exec(network.enter.join(" "))?.[1] ?? "";

/** A machine's network with a neighbour outside, whose routes to every subnet lead through it. */
async function makeHost(): Promise<{ readonly host: NetworkNamespace; readonly outside: NetworkNamespace }> {
  const host = await createNetworkNamespace();
  closers.push(() => host.close());
  const outside = await createNetworkNamespace();
  closers.push(() => outside.close());
  const ip = (where: NetworkNamespace, line: string): Promise<string> =>
    mustRun([...where.enter, "ip", ...line.split(" ")]);
  await ip(host, `link add up0 type veth peer name eth0 netns ${pidOf(outside)}`);
  for (const [where, name, last] of [
    [host, "up0", 1],
    [outside, "eth0", 2],
  ] as const) {
    await ip(where, `link set ${name} up`);
    await ip(where, `address add 198.51.100.${last}/24 dev ${name}`);
    await ip(where, `address add 2001:db8:1::${last}/64 dev ${name} nodad`);
  }
  // A dockerd that finds it off drops what its rules do not name; a new namespace has what the machine has just now.
  await mustRun([...host.enter, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  for (const number of Object.values(networks)) {
    await ip(outside, `route add 10.${number}.0.0/24 via ${HOST[4]}`);
    await ip(outside, `-6 route add fd${number}::/64 via ${HOST[6]}`);
  }
  return { host, outside };
}

type Destination = readonly [name: string, address4: string, address6: string, port: number];

/** "web 46": reached by both families. One line for each destination that is reached at all. */
async function reached(place: number, destinations: readonly Destination[]): Promise<string> {
  const questions = destinations.flatMap(([, four, six, port]): readonly Question[] => [
    ["tcp", four, port],
    ["tcp", six, port],
  ]);
  const told = await Promise.all(questions.map((question) => ask(place, question)));
  const answers = told.map((answer) => answer.includes(" saw "));
  return destinations
    .map(
      ([name], index) => `${name}:${answers[2 * index] === true ? 4 : "-"}${answers[2 * index + 1] === true ? 6 : "-"}`,
    )
    .filter((cell) => !cell.endsWith(":--"))
    .join(" ");
}

async function reachTable(
  start: (network: NetworkNamespace, dir: string) => Promise<RunningEngine>,
): Promise<Readonly<Record<string, string>>> {
  const scratch = makeScratch("reach");
  closers.push(async () => removeScratch(scratch));
  const { host, outside } = await makeHost();
  const registry = await startDebianRegistry({ dir: scratch, port: await freePort(), network: host });
  closers.push(() => registry.stop());
  const seed = await startDebianRegistry({ dir: scratch, port: Number(registry.address.split(":")[1]) });
  await pushImage(seed.address, "busybox", "latest", await busyboxImage());
  await seed.stop();
  const engine = await start(host, scratch);
  closers.push(() => engine.stop());
  const cli = async (...args: readonly string[]): Promise<string> =>
    (await mustRun([await dockerCli(), ...args], { env: cliEnvironment(engine.host) })).trim();
  for (const [name, number] of Object.entries(networks)) {
    const flags = name === "closed" ? ["--internal"] : [];
    await cli(
      "network",
      "create",
      "--ipv6",
      "--subnet",
      `10.${number}.0.0/24`,
      "--subnet",
      `fd${number}::/64`,
      ...flags,
      name,
    );
  }
  const image = `${registry.address}/busybox`;
  const places = new Map<string, number>();
  const networkOf = (pid: string): number => {
    const place = open(`/proc/${pid}/ns/net`, O_RDONLY);
    closers.push(async () => close(place));
    return place;
  };
  const destinations: Destination[] = [];
  for (const [name, [network, ...flags]] of Object.entries(containers)) {
    await cli("run", "-d", "--name", name, "--network", network, ...flags, image, "sleep", "1000");
    if (name === "both") await cli("network", "connect", "back", "both");
    const [pid, ...addresses] = (
      await cli(
        "inspect",
        "-f",
        "{{.State.Pid}}{{range .NetworkSettings.Networks}} {{.IPAddress}} {{.GlobalIPv6Address}}{{end}}",
        name,
      )
    ).split(" ");
    const place = networkOf(pid ?? "");
    const server = serve(place, "tcp", 80, name, "::");
    closers.push(async () => server[Symbol.dispose]());
    places.set(name, place);
    // Networks are told in the order of their names.
    const own = name === "both" ? addresses.slice(2) : addresses;
    destinations.push([name, own[0] ?? "", own[1] ?? "", 80]);
    if (name === "both") destinations.push(["both@back", addresses[0] ?? "", addresses[1] ?? "", 80]);
  }
  // dockerd's bridges look for others with their addresses from their first container on, and do not use them before (RFC 4862,
  // section 5.4).
  await eventually("addresses of the host's bridges", async () =>
    (await mustRun([...host.enter, "ip", "-6", "address", "show", "tentative"])) === "" ? true : undefined,
  );
  destinations.push(["host:8080", HOST[4], HOST[6], 8080], ["lo:8080", "127.0.0.1", "::1", 8080]);
  destinations.push(["host:8081", HOST[4], HOST[6], 8081], ["lo:8081", "127.0.0.1", "::1", 8081]);
  for (const [name, network] of Object.entries({ host, outside })) places.set(name, networkOf(pidOf(network)));
  const rows = [...places].map(async ([name, place]) => [name, await reached(place, destinations)] as const);
  return Object.fromEntries(await Promise.all(rows));
}

/** By who asks: who answers, and by which families. */
const table = {
  web: "web:46 api:46 both:46 host:8080:46",
  api: "web:46 api:46 both:46 host:8080:46",
  db: "db:46 both@back:46 host:8080:46",
  both: "web:46 api:46 db:46 both:46 both@back:46 host:8080:46",
  vault: "vault:46",
  host: "web:46 api:46 db:46 both:46 both@back:46 vault:46 host:8080:46 lo:8080:46 lo:8081:4-",
  outside: "host:8080:46",
};

test("dockerd 20.10, which lets machines outside past the published ports", async () => {
  const extraArgs = ["--experimental", "--ip6tables", "--ipv6", "--fixed-cidr-v6", "fd80::/64"];
  const seen = await reachTable((network, dir) =>
    startDockerd({ dir, bridge: "breach0", bip: "172.31.248.1/24", network, extraArgs }),
  );
  expect(seen).toEqual({ ...table, outside: "web:46 api:4- db:4- both:4- both@back:4- host:8080:46" });
});

test("ours", async () => {
  const seen = await reachTable((network, dir) =>
    startBerth({ dir, bridge: "breach1", bip: "172.31.249.1/24", network }),
  );
  expect(seen).toEqual(table);
});
