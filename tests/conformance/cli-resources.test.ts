/**
 * The commands about resources against one canned daemon: what ours prints, asks and answers with is, byte for byte, what
 * the real docker CLI does.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#cli/run-cli.ts";
import { maxUint64, uint64 } from "#spec/docker/uint64.ts";
import { startFakeEngine, type FakeEngine } from "./fake-engine.ts";
import { dockerCli } from "../../tools/lab/engines.ts";
import { RecordingIo } from "../../tools/lab/recording-io.ts";

const REAL_DOCKER = await dockerCli();
const folder = mkdtempSync(join(tmpdir(), "berth-resources-"));
const ID = "4f66ad9a0b2e0123456789abcdef0123456789abcdef0123456789abcdef0123";
const OTHER = ID.replace("4", "5");
const now = Math.trunc(Date.now() / 1000);

const cpu = (used: number, system: number, more = {}) => ({
  cpu_usage: { total_usage: used, usage_in_kernelmode: 1, usage_in_usermode: 1, ...more },
  system_cpu_usage: system,
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
});
const network = (rx: number, tx: number) => ({ rx_bytes: rx, tx_bytes: tx, rx_packets: 1, tx_packets: 1 });

/** cgroup v1 of a busy container with two interfaces. */
const V1 = {
  read: "2026-01-01T00:00:01Z",
  preread: "2026-01-01T00:00:00Z",
  pids_stats: { current: 12 },
  blkio_stats: {
    io_service_bytes_recursive: [
      { major: 8, minor: 0, op: "Read", value: 123456 },
      { major: 8, minor: 0, op: "Write", value: 7890123 },
      { major: 8, minor: 0, op: "Total", value: 8013579 },
      { major: 8, minor: 16, op: "Read", value: 1000 },
    ],
  },
  cpu_stats: { ...cpu(1_750_000_000, 9_000_000_000, { percpu_usage: [1, 2, 3] }), online_cpus: 4 },
  precpu_stats: cpu(1_000_000_000, 5_000_000_000),
  memory_stats: { usage: 123_456_789, limit: 536_870_912, stats: { total_inactive_file: 1_000_000, inactive_file: 7 } },
  networks: { eth0: network(1234, 56789), eth1: network(1_000_000, 0) },
  name: "/web",
  id: ID,
};
/** cgroup v2, old enough to have only as many CPUs as it tells of. */
const V2 = {
  ...V1,
  pids_stats: { current: 3, limit: uint64(maxUint64) },
  blkio_stats: { io_service_bytes_recursive: [{ major: 8, minor: 0, op: "read", value: 999_950 }] },
  cpu_stats: cpu(2_000, 3_000, { percpu_usage: [1, 1] }),
  precpu_stats: cpu(1_000, 1_000),
  memory_stats: { usage: 5000, limit: 25_276_510_208, stats: { inactive_file: 904, total_other: 1 } },
  networks: {},
  name: "/db",
  id: OTHER,
};
const STOPPED = {
  read: "0001-01-01T00:00:00Z",
  preread: "0001-01-01T00:00:00Z",
  pids_stats: {},
  blkio_stats: { io_service_bytes_recursive: null },
  cpu_stats: { cpu_usage: { total_usage: 0 } },
  precpu_stats: { cpu_usage: { total_usage: 0 } },
  memory_stats: {},
  name: "/idle",
  id: "6".repeat(64),
};

const container = (id: string, name: string, state: string, SizeRw?: number) => ({
  Id: id,
  Names: [`/${name}`],
  Image: "busybox",
  ImageID: `sha256:${ID}`,
  Command: "sh -c 'a rather long command'",
  Created: now - 7300,
  Ports: [],
  Labels: { a: "b" },
  State: state,
  Status: state === "running" ? "Up 2 hours" : "Exited (0) 3 minutes ago",
  HostConfig: { NetworkMode: "bridge" },
  NetworkSettings: { Networks: { bridge: {} } },
  Mounts: [
    {
      Type: "volume",
      Name: "data",
      Source: "",
      Destination: "/d",
      Driver: "local",
      Mode: "z",
      RW: true,
      Propagation: "",
    },
  ],
  ...(SizeRw === undefined ? {} : { SizeRw, SizeRootFs: SizeRw + 1_982_441 }),
});
const image = (id: string, names: readonly string[], size: number, shared: number, containers: number) => ({
  Id: `sha256:${id}`,
  ParentId: "",
  RepoTags: names,
  RepoDigests: [],
  Created: now - 86400 * 40,
  Size: size,
  SharedSize: shared,
  Labels: null,
  Containers: containers,
});
const volume = (Name: string, RefCount: number, Size: number) => ({
  CreatedAt: "2026-01-01T00:00:00Z",
  Driver: "local",
  Labels: { x: "y" },
  Mountpoint: `/volumes/${Name}/_data`,
  Name,
  Options: null,
  Scope: "local",
  UsageData: { RefCount, Size },
});
const USAGE = {
  LayersSize: 10_000_000,
  Images: [
    image(ID, ["localhost:5000/a:1", "a:latest"], 4_000_000, 1_500_000, 2),
    image(OTHER, [], 6_000_000, 1_500_000, 0),
  ],
  Containers: [
    container(ID, "web", "running", 200_000),
    container(OTHER, "old", "exited", 50_001),
    container("6".repeat(64), "none", "created"),
  ],
  Volumes: [volume("data", 2, 3000), volume("spare", 0, 1_234_567)],
  BuildCache: [],
};

let usage: unknown = USAGE;

const RUNS: readonly (readonly string[])[] = [
  ["stats", "--no-stream"],
  ["stats", "--no-stream", "-a", "--no-trunc"],
  ["stats", "--no-stream", "web", "idle"],
  ["container", "stats", "--no-stream", "web", "--format", "json"],
  ["stats", "--no-stream", "--format", "{{json .}}"],
  [
    "stats",
    "--no-stream",
    "db",
    "--format",
    "{{.Container}}|{{.Name}}|{{.ID}}|{{.CPUPerc}}|{{.MemUsage}}|{{.NetIO}}|{{.BlockIO}}|{{.MemPerc}}|{{.PIDs}}",
  ],
  ["stats", "--no-stream", "--format", "table {{.Container}}\t{{.PIDs}}\t{{.MemPerc}}"],
  ["stats", "--no-stream", "--format", "{{.Nope}}"],
  ["stats", "--no-stream", "web", "nothing"],
  ["stats", "nothing"],
  ["update", "c"],
  ["update"],
  ["update", "-m", "64m", "--memory-swap", "-1", "--memory-reservation", "32m", "a", "b"],
  ["update", "--cpus", "1.5", "--pids-limit", "-1", "--blkio-weight", "300", "-c", "5", "a"],
  ["update", "--cpu-period", "100000", "--cpu-quota", "5000", "--cpuset-cpus", "0", "--cpuset-mems", "0", "a"],
  ["update", "--cpu-rt-period", "1", "--cpu-rt-runtime", "2", "a"],
  ["container", "update", "--restart", "on-failure:3", "a"],
  ["update", "--restart", "on-failure:x", "a"],
  ["update", "--restart", ":x", "a"],
  ["update", "--pids-limit", "0", "a"],
  ["update", "--cpus", "x", "a"],
  ["update", "-m", "1m", "warns", "nothing", "a", "nothing"],
  ["container", "prune", "-f"],
  ["container", "prune", "-f", "--filter", "until=24h", "--filter", "label!=keep", "--filter", "label=a=b"],
  ["container", "prune"],
  ["container", "prune", "--filter", "x"],
  ["container", "prune", "x"],
  ["image", "prune", "-f"],
  ["image", "prune", "-af", "--filter", "label=a"],
  ["image", "prune"],
  ["image", "prune", "-a"],
  ["system", "prune", "-f"],
  ["system", "prune", "-af", "--volumes", "--filter", "label=a"],
  ["system", "prune"],
  ["system", "prune", "-a", "--volumes", "--filter", "label=x", "--filter", "label!=b"],
  ["system", "prune", "--volumes", "--filter", "until=1h"],
  ["system", "df"],
  ["system", "df", "--format", "json"],
  ["system", "df", "--format", "{{json .}}"],
  ["system", "df", "--format", "{{.Type}}: {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}"],
  ["system", "df", "--format", "table"],
  ["system", "df", "--format", "table {{.Type}}\t{{.Size}}"],
  ["system", "df", "--format", "{{.Nope}}"],
  ["system", "df", "-v"],
  ["system", "df", "-v", "--format", "table"],
  ["system", "df", "-v", "--format", "json"],
  [
    "system",
    "df",
    "-v",
    "--format",
    "{{range .Images}}{{.Repository}} {{.UniqueSize}};{{end}}{{range .Volumes}}{{.Name}}{{end}}",
  ],
  ["system", "df", "-v", "--format", "{{range .Containers}}{{.Size}} {{.Names}};{{end}}{{len .BuildCache}}"],
];

let engine: FakeEngine;

beforeAll(async () => {
  const notFound = { status: 404, json: { message: "No such container: nothing" } };
  engine = await startFakeEngine(join(folder, "engine.sock"), [
    [/\/nothing/, notFound],
    [
      /^GET \/containers\/json/,
      ({ query }) => ({
        json: [
          container(ID, "web", "running"),
          container(OTHER, "db", "running"),
          ...(query["all"] === "1" ? [container("6".repeat(64), "idle", "exited")] : []),
        ],
      }),
    ],
    [/^GET \/containers\/(?:5|db).*\/stats/, { json: V2 }],
    [/^GET \/containers\/(?:6|idle).*\/stats/, { json: STOPPED }],
    [/^GET \/containers\/.*\/stats/, { json: V1 }],
    [/^POST \/containers\/warns\/update/, { json: { Warnings: ["one", "two"] } }],
    [/^POST \/containers\/.*\/update/, { json: { Warnings: null } }],
    [/^POST \/containers\/prune/, { json: { ContainersDeleted: [ID, OTHER], SpaceReclaimed: 1_234_567 } }],
    [
      /^POST \/images\/prune/,
      { json: { ImagesDeleted: [{ Untagged: "a:b" }, { Deleted: `sha256:${ID}` }], SpaceReclaimed: 12 } },
    ],
    [/^POST \/volumes\/prune/, { json: { VolumesDeleted: ["data"], SpaceReclaimed: 1000 } }],
    [/^POST \/networks\/prune/, { json: { NetworksDeleted: ["one", "two"] } }],
    [/^POST \/build\/prune/, { json: { CachesDeleted: null, SpaceReclaimed: 0 } }],
    [/^GET \/system\/df/, () => ({ json: usage })],
    [/./, notFound],
  ]);
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * The requests since the last call, in an order that does not depend on who was quicker. Docker listens to events even
 * for one table, shortens ids and sends filters that are empty.
 */
function sent(): readonly unknown[] {
  return engine.requests
    .splice(0)
    .filter(({ path }) => path !== "/events")
    .map(({ method, path, query, body }) => ({
      line: `${method} ${path.replace(/(?<=[0-9a-f]{12})[0-9a-f]{52}/, "")}`,
      query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== "")),
      body: body === "" ? "" : JSON.parse(body),
    }))
    .toSorted((a, b) => (`${a.line}${JSON.stringify(a.query)}` < `${b.line}${JSON.stringify(b.query)}` ? -1 : 1));
}

const environment = (): Record<string, string | undefined> => ({
  ...process.env,
  DOCKER_HOST: engine.host,
  DOCKER_CONFIG: join(folder, "none"),
});

async function compare(argv: readonly string[], input = "", what: "all" | "output" = "all"): Promise<void> {
  const env = environment();
  sent();
  const docker = Bun.spawn([REAL_DOCKER, ...argv], { env, stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([
    new Response(docker.stdout).text(),
    new Response(docker.stderr).text(),
    docker.exited,
  ]);
  const requests = sent();
  const io = new RecordingIo(environment(), input);
  const ours = await runCli(argv, io, { version: "test" });
  expect({ code: ours, ...io.texts }).toEqual({ code, stdout, stderr });
  if (what === "all") expect(sent()).toEqual([...requests]);
}

/** Told before the engine is asked, where docker asks first. */
const MISTAKE = ["stats", "--no-stream", "--format", "{{.ID"];

for (const argv of RUNS) test(argv.join(" "), () => compare(argv));

test(MISTAKE.join(" "), () => compare(MISTAKE, "", "output"));

for (const input of ["y\n", "Y\n", "yes\n", "n\n", "\n"]) {
  test(`container prune, answered ${JSON.stringify(input)}`, () => compare(["container", "prune"], input));
}

test("system prune, answered yes", () => compare(["system", "prune", "-a", "--volumes"], "y\n"));

test("system df of an empty engine", async () => {
  usage = { LayersSize: 0, Images: null, Containers: [], Volumes: [], BuildCache: null };
  try {
    await compare(["system", "df"]);
    await compare(["system", "df", "-v"]);
  } finally {
    usage = USAGE;
  }
});

test("a live table shows each container's last sample and goes on until its samples end", async () => {
  const io = new RecordingIo(environment());
  expect(await runCli(["stats", "web"], io, { version: "test" })).toBe(0);
  const [, first = ""] = io.texts.stdout.split("\u001b[H");
  expect(first.replaceAll("\u001b[K", "").replace("\u001b[J", "")).toMatch(
    /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS\n4f66ad9a0b2e +web +/,
  );
});

test("system prune tells what the engine could not prune, and fails", async () => {
  const { routes } = engine;
  engine.routes = [
    [/^POST \/networks\/prune/, { status: 501, json: { message: "not supported by this engine yet" } }],
    ...routes,
  ];
  try {
    const io = new RecordingIo(environment());
    expect(await runCli(["system", "prune", "-f"], io, { version: "test" })).toBe(1);
    expect(io.texts.stdout).toEndWith("Total reclaimed space: 1.235MB\n");
    expect(io.texts.stderr).toContain("not pruned: networks: not supported by this engine yet");
  } finally {
    engine.routes = routes;
  }
});
