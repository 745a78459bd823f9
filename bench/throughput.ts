import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { background } from "../tools/lab/background.ts";
import { command, eventually } from "../tools/lab/command.ts";
import { extractPackages } from "../tools/lab/extracted-packages.ts";
import { createAndStart, remove } from "./containers.ts";
import { inTurns, median, type Figure } from "./measure.ts";
import { ProcessorTime } from "./processor-time.ts";
import type { Side } from "./sides.ts";

/** How many streams each side has, in turns with the other's, and how much one carries. */
const PAIRS = 12;
const MEGABYTES = 512;
const PORT = 5201;

/** What is read of iperf3's answer. */
interface IperfResult {
  /** Why there was no stream. */
  readonly error?: string;
  readonly end: {
    readonly sum_received: { readonly seconds: number; readonly bytes: number };
    readonly cpu_utilization_percent: { readonly host_total: number; readonly remote_total: number };
  };
}

/** iperf3 of Debian's package, as it is started. */
interface Iperf {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

async function extractIperf(): Promise<Iperf> {
  const root = await extractPackages("iperf3", ["iperf3", "libiperf0", "libsctp1"]);
  const libraries = `${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu`;
  return { program: join(root, "usr/bin/iperf3"), env: { LD_LIBRARY_PATH: join(root, "usr/lib", libraries) } };
}

interface Server {
  readonly address: string;
  close(): Promise<void>;
}

/** In a container of the default network, with its port published on every address of the host. */
async function serve(side: Side, { program, env }: Iperf): Promise<Server> {
  const port = `${PORT}/tcp`;
  const id = await createAndStart(side, ["sleep", "3600"], {
    HostConfig: { PortBindings: { [port]: [{ HostPort: String(PORT) }] } },
    ExposedPorts: { [port]: {} },
  });
  const shown = (await side.api("GET", `/containers/${id}/json`)) as {
    State: { Pid: number };
    NetworkSettings: { IPAddress: string };
  };
  const server = background(["nsenter", `--net=/proc/${shown.State.Pid}/ns/net`, program, "-s", "--forceflush"], env);
  await server.waitFor(/listening/);
  return {
    address: shown.NetworkSettings.IPAddress,
    close: async () => {
      server.signal("SIGKILL");
      await remove(side, id);
    },
  };
}

/** dockerd's programs that carry what comes in at localhost. */
function proxies(): readonly number[] {
  const commandOf = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    } catch {
      // It has ended meanwhile.
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && commandOf(pid) === "docker-proxy")
    .map(Number);
}

interface Stream {
  readonly rate: number;
  /** What a second of processor time moves: of both ends, and of proxies. What others on the machine take does not count. */
  readonly ratePerProcessor: number;
}

/**
 * One stream of TCP, MiB/s. Its ends have a processor each where there are two, on either side the same. Not by BBR, if that is
 * the machine's way: it sends by the clock, and would measure how busy the machine is.
 */
async function stream(side: Side, { program, env }: Iperf, address: string): Promise<Stream> {
  const ends = cpus().length > 1 ? ["-A", "0,1"] : [];
  const carries = ["-n", `${MEGABYTES}M`, "-C", "cubic", "-J", ...ends];
  const relayed = new ProcessorTime(proxies);
  const end = await eventually("a stream", async () => {
    const { stdout } = await command([...side.enter, program, "-c", address, "-p", String(PORT), ...carries], { env });
    const result = JSON.parse(stdout) as IperfResult;
    // The one before may not have ended in the server's eyes.
    if (result.error?.includes("busy") === true) return undefined;
    if (result.error !== undefined) throw new Error(`iperf3 to ${address}: ${result.error}`);
    return result.end;
  });
  const { bytes, seconds } = end.sum_received;
  const { host_total, remote_total } = end.cpu_utilization_percent;
  const mebibytes = bytes / 2 ** 20;
  const processorSeconds = ((host_total + remote_total) / 100) * seconds + relayed.ms() / 1000;
  return { rate: mebibytes / seconds, ratePerProcessor: mebibytes / processorSeconds };
}

/** Streams to a server in a container: to its own address, to the host's, and to localhost, where dockerd has its proxy. */
export async function throughput(sides: readonly Side[]): Promise<Figure[]> {
  const iperf = await extractIperf();
  const servers = new Map<Side, Server>();
  const to = async (measure: string, addressOf: (side: Side) => string): Promise<Figure[]> => {
    const costs = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
    const rates = await inTurns(measure, "MiB/s", sides, PAIRS, async (side) => {
      const { rate, ratePerProcessor } = await stream(side, iperf, addressOf(side));
      costs.get(side.name)?.push(ratePerProcessor);
      return rate;
    });
    const perProcessor = sides.map(({ name }): Figure => {
      const [, ...samples] = costs.get(name) ?? [];
      return {
        measure: `${measure}, a second of processor time`,
        unit: "MiB/s",
        side: name,
        value: median(samples),
        samples,
      };
    });
    return [...rates, ...perProcessor];
  };
  try {
    for (const side of sides) servers.set(side, await serve(side, iperf));
    return [
      ...(await to("iperf3, host to container", (side) => servers.get(side)?.address ?? "")),
      ...(await to("iperf3, through a published port", () => "172.31.252.1")),
      ...(await to("iperf3, through a published port on localhost", () => "127.0.0.1")),
    ];
  } finally {
    for (const server of servers.values()) await server.close();
  }
}
