import { eventually, mustRun } from "../tools/lab/command.ts";
import { createAndStart, create, eightAtATime, remove } from "./containers.ts";
import { inTurns, median, timed, type Figure } from "./measure.ts";
import { ProcessorTime } from "./processor-time.ts";
import type { Side } from "./sides.ts";
import { throughput } from "./throughput.ts";

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
    const taken = new ProcessorTime(() => side.engine.pids);
    for (const id of all) samples.push(...(await askAll(side, id)));
    addSpread("name of one of 100 containers", samples);
    const perName = (taken.ms() * 1000) / (all.length * (NAMED + WARM_UP));
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
