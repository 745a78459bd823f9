import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { command, eventually, mustRun } from "../tools/lab/command.ts";
import { background } from "../tools/lab/background.ts";
import { extractPackages } from "../tools/lab/extracted-packages.ts";
import { createAndStart, create, eightAtATime, remove } from "./containers.ts";
import { inTurns, median, timed, type Figure } from "./measure.ts";
import type { Side } from "./sides.ts";

const makeNetwork = (side: Side, name: string): Promise<unknown> =>
  side.api("POST", "/networks/create", { Name: name });
const removeNetwork = (side: Side, name: string): Promise<unknown> => side.api("DELETE", `/networks/${name}`);

/** `act` with networks of these names on each side. */
async function withNetworks<T>(sides: readonly Side[], names: readonly string[], act: () => Promise<T>): Promise<T> {
  for (const side of sides) for (const name of names) await makeNetwork(side, name);
  try {
    return await act();
  } finally {
    for (const side of sides) for (const name of names) await removeNetwork(side, name);
  }
}

/** How long the start of a container in these networks takes; none: the network that it gets by itself. */
async function startIn(side: Side, networks: readonly string[]): Promise<number> {
  const [first = "default", ...others] = networks;
  const id = await create(side, ["sleep", "3600"], { HostConfig: { NetworkMode: first } });
  // Before API 1.44 a container is created in one network.
  for (const name of others) await side.api("POST", `/networks/${name}/connect`, { Container: id });
  await quiet(side);
  const ms = await timed(() => side.api("POST", `/containers/${id}/start`));
  await remove(side, id);
  return ms;
}

/** The kernel takes its time with the interfaces of containers that are gone, and holds up whoever makes new ones. */
const quiet = (side: Side): Promise<true> =>
  eventually("no interface of a former container", async () =>
    (await mustRun([...side.enter, "ip", "-o", "link", "show", "type", "veth"])) === "" ? true : undefined,
  );

const PORTS = 1000;

/** Container ports 1 to `count`, published at random. */
const published = (from: number, count: number) => ({
  HostConfig: {
    PortBindings: Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `${index + 1}/tcp`,
        [{ HostIp: "0.0.0.0", HostPort: String(from + index) }],
      ]),
    ),
  },
});

/** Time to connect, or be refused by the container, from the host: the median of many, ms. */
async function connectMs(side: Side, port: number): Promise<number> {
  const program = new URL("connect-client.ts", import.meta.url).pathname;
  const host = "172.31.252.1";
  return Number((await mustRun([...side.enter, process.execPath, program, host, String(port)])).trim());
}

const single = (measure: string, unit: Figure["unit"], side: Side, value: number): Figure => ({
  measure,
  unit,
  side: side.name,
  value,
  samples: [value],
});

/** Berth only: dockerd starts two programs for each port. */
async function manyPorts(sides: readonly Side[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const side of sides.filter(({ name }) => name === "berth")) {
    const one = async (port: number): Promise<number> => {
      const id = await create(side, ["sleep", "3600"], published(port, 1));
      const ms = await timed(() => side.api("POST", `/containers/${id}/start`));
      await remove(side, id);
      return ms;
    };
    const starts = async (): Promise<number> => {
      const samples: number[] = [];
      for (let round = 0; round < 9; round++) samples.push(await one(19_000));
      return median(samples);
    };
    await one(19_000);
    const look = async (): Promise<number> => {
      const id = await createAndStart(side, ["sleep", "3600"], published(19_100, 1));
      const ms = await connectMs(side, 19_100);
      await remove(side, id);
      return ms;
    };
    figures.push(single("start with a published port, no others", "ms", side, await starts()));
    figures.push(single("connection through a port, no others", "ms", side, await look()));
    const many = await create(side, ["sleep", "3600"], published(20_000, PORTS));
    const all = await timed(() => side.api("POST", `/containers/${many}/start`));
    figures.push(single(`start with ${PORTS} published ports`, "ms", side, all));
    figures.push(single(`start with a published port beside ${PORTS}`, "ms", side, await starts()));
    figures.push(single(`connection through a port beside ${PORTS}`, "ms", side, await look()));
    await remove(side, many);
  }
  return figures;
}

/** What is read of iperf3's answer. */
interface IperfResult {
  readonly end: {
    readonly sum_received: { readonly bits_per_second: number };
    readonly cpu_utilization_percent: { readonly host_total: number; readonly remote_total: number };
  };
}

/** How long a stream lasts. */
const SECONDS = 2;

/** Processor time of dockerd's proxy programs so far. */
function proxiesMs(): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => commandOf(pid) === "docker-proxy").reduce((sum, pid) => sum + processMs(pid), 0);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

/** One stream of TCP, MiB/s, to a server in a container. */
async function throughput(sides: readonly Side[]): Promise<Figure[]> {
  const root = await extractPackages("iperf3", ["iperf3", "libiperf0", "libsctp1"]);
  const env = { LD_LIBRARY_PATH: join(root, "usr/lib", `${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu`) };
  const iperf = join(root, "usr/bin/iperf3");
  const places = new Map<Side, { readonly address: string; readonly close: () => Promise<void> }>();
  for (const side of sides) {
    const ports = {
      HostConfig: { PortBindings: { "5201/tcp": [{ HostPort: "5201" }] } },
      ExposedPorts: { "5201/tcp": {} },
    };
    const id = await createAndStart(side, ["sleep", "3600"], ports);
    const shown = (await side.api("GET", `/containers/${id}/json`)) as {
      State: { Pid: number };
      NetworkSettings: { IPAddress: string };
    };
    const server = background(["nsenter", `--net=/proc/${shown.State.Pid}/ns/net`, iperf, "-s", "--forceflush"], env);
    await server.waitFor(/listening/);
    places.set(side, {
      address: shown.NetworkSettings.IPAddress,
      close: async () => {
        server.signal("SIGKILL");
        await remove(side, id);
      },
    });
  }
  const to = async (measure: string, port: number, addressOf: (side: Side) => string): Promise<Figure[]> => {
    const costs = new Map<string, number[]>();
    const figures = await inTurns(measure, "MiB/s", sides, 5, async (side) => {
      const before = proxiesMs();
      const args = ["-c", addressOf(side), "-p", String(port), "-t", String(SECONDS), "-J"];
      const { stdout } = await command([...side.enter, iperf, ...args], { env });
      const { end } = JSON.parse(stdout) as IperfResult;
      const rate = end.sum_received.bits_per_second / 8 / 2 ** 20;
      const { host_total, remote_total } = end.cpu_utilization_percent;
      const percent = host_total + remote_total + (proxiesMs() - before) / (10 * SECONDS);
      costs.set(side.name, [...(costs.get(side.name) ?? []), (rate * 100) / percent]);
      return rate;
    });
    // What others on the machine leave to them does not count here.
    const perSecond = "the same for a second of processor time of both ends and of proxies";
    return [...figures, ...sides.map((side) => single(perSecond, "MiB/s", side, median(costs.get(side.name) ?? [])))];
  };
  try {
    return [
      ...(await to("iperf3, host to container", 5201, (side) => places.get(side)?.address ?? "")),
      ...(await to("iperf3, through a published port", 5201, () => "172.31.252.1")),
      ...(await to("iperf3, through a published port on localhost", 5201, () => "127.0.0.1")),
    ];
  } finally {
    for (const place of places.values()) await place.close();
  }
}

/** Processor time of the engine's processes so far. */
function cpuMs({ engine }: Side): number {
  return engine.pids.reduce((sum, pid) => sum + processMs(pid), 0);
}

function processMs(pid: number | string): number {
  const TICK_MS = 10;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

const WARM_UP = 100;

const NAMED = 100;

/** How long each name took that a container asked for, ms: those of all, one after the other. */
async function askAll(side: Side, id: string): Promise<readonly number[]> {
  const client = new URL("name-client.ts", import.meta.url).pathname;
  const { State } = (await side.api("GET", `/containers/${id}/json`)) as { State: { Pid: number } };
  const enter = ["nsenter", `--net=/proc/${State.Pid}/ns/net`];
  const out = await mustRun([...enter, process.execPath, client, String(NAMED), String(WARM_UP)]);
  return JSON.parse(out) as number[];
}

/** Containers come and go, two at a time, for as long as `act` takes. */
async function whileBusy<T>(side: Side, act: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const busy = async (): Promise<void> => {
    while (!over.signal.aborted) await remove(side, await createAndStart(side, ["sleep", "3600"]));
  };
  const working = [busy(), busy()];
  try {
    return await act();
  } finally {
    over.abort();
    await Promise.all(working);
  }
}

/** Each of 100 containers asks for the names of all; ten of them again while the engine has other work. */
async function names(sides: readonly Side[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const side of sides) {
    await makeNetwork(side, "named");
    const all = await eightAtATime(NAMED, async (index) => {
      const id = await side
        .api("POST", `/containers/create?name=n${index}`, {
          Image: "busybox",
          Cmd: ["sleep", "3600"],
          HostConfig: { NetworkMode: "named" },
        })
        .then((made) => (made as { Id: string }).Id);
      await side.api("POST", `/containers/${id}/start`);
      return id;
    });
    const add = (measure: string, unit: Figure["unit"], value: number): void =>
      void figures.push({ measure, unit, side: side.name, value, samples: [] });
    const addSpread = (measure: string, samples: readonly number[]): void => {
      const sorted = samples.toSorted((a, b) => a - b);
      add(`${measure}, median`, "ms", median(sorted));
      add(`${measure}, p99`, "ms", sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN);
    };
    const samples: number[] = [];
    const before = cpuMs(side);
    for (const id of all) samples.push(...(await askAll(side, id)));
    addSpread("name of one of 100 containers", samples);
    const perName = ((cpuMs(side) - before) * 1000) / (all.length * (NAMED + WARM_UP));
    add("its cost, the engine's processor time", "µs", perName);
    const busy: number[] = [];
    await whileBusy(side, async () => {
      for (const id of all.slice(0, 10)) busy.push(...(await askAll(side, id)));
    });
    addSpread("the same while containers come and go", busy);
    await Promise.all(all.map((id) => remove(side, id)));
    // On a busy machine dockerd keeps places of containers that are gone.
    await removeNetwork(side, "named").catch((error: unknown) => console.error(error));
  }
  return figures;
}

/** Measures of networks. */
export const networkMeasures = {
  "network create": (sides: readonly Side[]): Promise<Figure[]> =>
    inTurns("create a network", "ms", sides, 15, async (side) => {
      const ms = await timed(() => makeNetwork(side, "made"));
      await removeNetwork(side, "made");
      return ms;
    }),
  "network start": (sides: readonly Side[]): Promise<Figure[]> =>
    withNetworks(sides, ["one", "two", "three"], async () => [
      ...(await inTurns("start in the default network", "ms", sides, 15, (side) => startIn(side, []))),
      ...(await inTurns("start in a user network", "ms", sides, 15, (side) => startIn(side, ["one"]))),
      ...(await inTurns("start in three user networks", "ms", sides, 15, (side) =>
        startIn(side, ["one", "two", "three"]),
      )),
    ]),
  "network ports": manyPorts,
  "network throughput": throughput,
  "network names": names,
};
