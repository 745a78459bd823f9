/** What containers use and may use, seen in the kernel's own files; on cgroup v1, and on v2 in the guest. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StatsResponse } from "#spec/docker/stats.ts";
import { mustBerthHere } from "../../tools/lab/berth-here.ts";
import { eventually, mustRun } from "../../tools/lab/command.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";
import { untilNow } from "../../tools/lab/until-now.ts";
import { startPlainDaemon, type StartedDaemon } from "../engine/daemon-fixture.ts";

setDefaultTimeout(600_000);

let dir = "";
let registry: TinyRegistry | undefined;
let engine: StartedDaemon | undefined;
let image = "";

const socket = (): string => join(dir, "berth.sock");
const ok = (...args: string[]): Promise<string> => mustBerthHere(`unix://${socket()}`, args);
const start = (): Promise<StartedDaemon> => startPlainDaemon({ dir, args: ["-H", `unix://${socket()}`] });
const ask = (path: string, method = "GET", body?: unknown): Promise<Response> =>
  fetch(`http://engine/v1.55${path}`, {
    unix: socket(),
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
const sample = async (name: string): Promise<StatsResponse> =>
  (await (await ask(`/containers/${name}/stats?stream=false&one-shot=true`)).json()) as StatsResponse;

const v2 = existsSync("/sys/fs/cgroup/cgroup.controllers");

/** The directories of a container's cgroup on the host, by controller. */
async function groupOf(name: string): Promise<(controller: string) => string> {
  const pid = (await ok("inspect", "-f", "{{.State.Pid}}", name)).trim();
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n");
  return (controller) => {
    const line = lines.find((text) => (text.split(":")[1] ?? "").split(",").includes(v2 ? "" : controller)) ?? "";
    const [, , path = ""] = line.split(":");
    return v2 ? `/sys/fs/cgroup${path}` : `/sys/fs/cgroup/${controller}${path}`;
  };
}

const limitFiles = v2
  ? (["memory.max", "memory.swap.max", "cpu.max", "cpu.weight", "pids.max"] as const)
  : (["memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "cpu.cfs_quota_us", "cpu.shares", "pids.max"] as const);

async function limitsOf(name: string): Promise<readonly string[]> {
  const group = await groupOf(name);
  return limitFiles.map((file) => readFileSync(`${group(file.split(".")[0] ?? "")}/${file}`, "utf8").trim());
}

beforeAll(async () => {
  dir = makeScratch("resources");
  registry = await startTinyRegistry();
  registry.add("busybox", "latest", await busyboxImage());
  image = `${registry.address}/busybox:latest`;
  engine = await start();
  await ok("pull", "-q", image);
}, 600_000);

afterEach(async () => {
  const ids = (await ok("ps", "-aq")).split("\n").filter((id) => id !== "");
  if (ids.length > 0) await ok("rm", "-f", ...ids);
});

afterAll(async () => {
  await engine?.process.stop();
  await registry?.close();
  if (dir !== "") removeScratch(dir);
});

test("stats are the kernel's counters, in the shape of the machine's control groups", async () => {
  const line =
    "head -c 2m /dev/zero >/dev/shm/f; i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo up; exec sleep 600";
  await ok(
    "run",
    "-d",
    "--network",
    "none",
    "--name",
    "box",
    "-m",
    "64m",
    "--pids-limit",
    "30",
    image,
    "sh",
    "-c",
    line,
  );
  while (!(await ok("logs", "box")).includes("up")) await Bun.sleep(50);
  const stats = await sample("box");
  expect(stats.pids_stats).toEqual({ current: 1, limit: 30 });
  expect(stats.memory_stats.limit).toBe(64 << 20);
  expect(stats.memory_stats.usage).toBeGreaterThan(2 << 20);
  expect(stats.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(1_000_000);
  const group = await groupOf("box");
  const used = v2
    ? Number(/^usage_usec (\d+)$/m.exec(readFileSync(`${group("cpu")}/cpu.stat`, "utf8"))?.[1]) * 1000
    : Number(readFileSync(`${group("cpuacct")}/cpuacct.usage`, "utf8"));
  expect(used).toBeGreaterThanOrEqual(stats.cpu_stats.cpu_usage.total_usage);
  const { stats: counters = {} } = stats.memory_stats;
  if (v2) {
    expect(stats.cpu_stats.cpu_usage).not.toHaveProperty("percpu_usage");
    expect(stats.memory_stats).not.toHaveProperty("max_usage");
    expect(counters["shmem"]).toBeGreaterThanOrEqual(2 << 20);
    expect(Object.keys(counters)).toHaveLength(31);
    expect(stats.blkio_stats.io_serviced_recursive).toBeNull();
  } else {
    expect(stats.cpu_stats.cpu_usage.percpu_usage).toHaveLength(stats.cpu_stats.online_cpus ?? 0);
    expect(stats.memory_stats.max_usage).toBeGreaterThan(2 << 20);
    expect(counters["hierarchical_memory_limit"]).toBe(64 << 20);
    expect(Object.keys(counters)).toHaveLength(32);
    expect(stats.blkio_stats.io_queue_recursive).toEqual([]);
  }
  expect(stats).not.toHaveProperty("networks");
});

test("no limit on processes is told with all its digits on v2, and not at all on v1", async () => {
  await ok("run", "-d", "--network", "none", "--name", "box", image, "sleep", "600");
  const text = await (await ask("/containers/box/stats?stream=false&one-shot=true")).text();
  expect(text).toContain(v2 ? '"pids_stats":{"current":1,"limit":18446744073709551615}' : '"pids_stats":{"current":1}');
});

test("update changes a running container at once, keeps the rest, and is there after the engine was killed", async () => {
  await ok(
    "run",
    "-d",
    "--network",
    "none",
    "--name",
    "box",
    "-m",
    "64m",
    "--cpus",
    "0.5",
    "--cpu-shares",
    "512",
    image,
    "sleep",
    "600",
  );
  const before = await limitsOf("box");
  await ok("update", "-m", "96m", "--memory-swap", "192m", "--pids-limit", "40", "box");
  const [memory, swap, cpu, weight, pids] = await limitsOf("box");
  expect([memory, swap, pids]).toEqual([String(96 << 20), String((v2 ? 96 : 192) << 20), "40"]);
  expect([cpu, weight]).toEqual(before.slice(2, 4));
  await ok("update", "--cpus", "1.5", "--pids-limit", "-1", "box");
  expect((await limitsOf("box")).at(2)).toBe(v2 ? "150000 100000" : "150000");
  expect((await limitsOf("box")).at(4)).toBe("max");
  const told = "{{with .HostConfig}}{{.Memory}} {{.NanoCpus}} {{.CpuShares}}{{end}}";
  process.kill(engine?.pid() ?? 0, "SIGKILL");
  await engine?.process.stop();
  engine = await start();
  expect(await ok("inspect", "-f", told, "box")).toBe(`${96 << 20} 1500000000 512\n`);
  const after = await limitsOf("box");
  await ok("restart", "-t", "0", "box");
  expect(await limitsOf("box")).toEqual(after);
});

test("an update that the kernel refuses half-way leaves kernel and row as they were", async () => {
  await ok("run", "-d", "--network", "none", "--name", "box", "-m", "64m", "--cpus", "0.5", image, "sleep", "600");
  const before = await limitsOf("box");
  // No driver has this device; the limits before it in the list can be set.
  const device = join(dir, "no-driver");
  await mustRun(["mknod", device, "b", "250", "77"]);
  const update = async (path: string): Promise<readonly [status: number, message: string]> => {
    const limits = { Memory: 80 << 20, MemorySwap: 160 << 20, PidsLimit: 30 };
    const body = { ...limits, BlkioDeviceReadBps: [{ Path: path, Rate: 1 << 20 }] };
    const refused = await ask("/containers/box/update", "POST", body);
    return [refused.status, ((await refused.json()) as { readonly message: string }).message];
  };
  expect(await update(device)).toEqual([
    400,
    expect.stringMatching(
      /^Cannot update container [0-9a-f]{64}: cannot set the block read rate to 250:77 (?:rbps=)?1048576/,
    ),
  ]);
  expect(await update("/dev/null")).toEqual([400, expect.stringContaining("/dev/null is not a block device")]);
  expect(await limitsOf("box")).toEqual(before);
  expect(await ok("inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}", "box")).toMatch(
    new RegExp(`^${64 << 20} `),
  );
});

test("memory that runs out is told when it happens, and not again at the end", async () => {
  const from = String(Date.now() / 1000);
  const told = async (): Promise<readonly string[]> => {
    const flags = ["--since", from, "--until", untilNow(), "--filter", "container=box", "--format", "{{.Action}}"];
    return (await ok("events", ...flags)).split("\n").filter((action) => action === "oom" || action === "die");
  };
  const line = "tail -c 100m /dev/zero | tail; echo over; sleep 600";
  await ok(
    "run",
    "-d",
    "--network",
    "none",
    "--name",
    "box",
    "-m",
    "16m",
    "--memory-swap",
    "16m",
    image,
    "sh",
    "-c",
    line,
  );
  await eventually("it needs no more", async () => ((await ok("logs", "box")).includes("over") ? true : undefined));
  const ooms = await eventually("an oom", async () => {
    const found = await told();
    return found.length > 0 ? found : undefined;
  });
  expect(new Set(ooms)).toEqual(new Set(["oom"]));
  expect(await ok("inspect", "-f", "{{.State.Status}}", "box")).toBe("running\n");
  await ok("kill", "box");
  expect(await told()).toEqual([...ooms, "die"]);
});

test("a hundred streams of one container cost one sampler and end with it", async () => {
  await ok("run", "-d", "--network", "none", "--name", "box", image, "sleep", "600");
  const leave = new AbortController();
  const streams = await Promise.all(
    Array.from({ length: 100 }, () =>
      fetch("http://engine/v1.55/containers/box/stats", { unix: socket(), signal: leave.signal }),
    ),
  );
  const readers = streams.map(({ body }) => (body as ReadableStream<Uint8Array>).getReader());
  const lineOf = async (reader: (typeof readers)[number]): Promise<StatsResponse> =>
    JSON.parse(
      Buffer.from((await reader.read()).value ?? [])
        .toString()
        .split("\n")[0] ?? "",
    ) as StatsResponse;
  await Promise.all(readers.map(lineOf));
  const second = await Promise.all(readers.map(lineOf));
  // They share their moments, a second apart; how many those are is how long the hundred took to join.
  expect(new Set(second.map(({ read }) => read)).size).toBeLessThan(50);
  await ok("rm", "-f", "box");
  const ended = readers.map(async (reader) => {
    while (!(await reader.read()).done);
  });
  await Promise.all(ended);
  leave.abort();
});
