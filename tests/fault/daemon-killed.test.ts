/**
 * The engine is killed without warning and started again on the same folders: containers must not notice, nothing may
 * be lost and nothing left behind.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import { descendants } from "#host/processes/descendants.ts";
import { background } from "../../tools/lab/background.ts";
import { command, eventually, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { httpGet } from "../../tools/lab/http-get.ts";
import { leftovers, readMachineState, type MachineState } from "../../tools/lab/leak-check.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage, distributionImage } from "../../tools/lab/test-images.ts";

setDefaultTimeout(180_000);

const options = { bridge: "bfault0", bip: "172.31.251.1/24" };
let dir = "";
let registry: RunningRegistry | undefined;
let engine: RunningEngine | undefined;
let idle: MachineState = new Set();

const env = (): Record<string, string | undefined> => cliEnvironment(engine?.host ?? "");
const berth = (...args: string[]): Promise<CommandResult> => command([...berthCommand(), ...args], { env: env() });
const ok = (...args: string[]): Promise<string> => mustRun([...berthCommand(), ...args], { env: env() });

async function killEngine(): Promise<void> {
  await engine?.daemon.kill();
}

async function startEngine(): Promise<void> {
  engine = await startBerth({ dir, ...options });
}

async function restartKilled(): Promise<void> {
  await killEngine();
  await startEngine();
}

/** Leaves out the restarted engine itself, and what other engines on this machine make meanwhile. */
function ours(line: string): boolean {
  if (line.startsWith("process")) return !line.includes(" daemon ");
  return line.startsWith("mount") || line.includes(options.bridge) || line.startsWith("network namespace");
}

/** Waits until the machine holds no more than the idle engine did. */
async function expectNothingLeft(): Promise<void> {
  await eventually("nothing left behind", async () => {
    const left = leftovers(idle, await readMachineState(dir)).filter(ours);
    return left.length === 0 ? true : undefined;
  }).catch(async (error: unknown) => {
    throw new Error(
      `${String(error)}\n${leftovers(idle, await readMachineState(dir))
        .filter(ours)
        .join("\n")}`,
      { cause: error },
    );
  });
}

/** A volume driver that never gets done with a mount. */
function stuckPlugin(): { readonly mounting: Promise<void>; end(): Promise<void> } {
  const directory = "/run/docker/plugins";
  mkdirSync(directory, { recursive: true });
  const mounting = Promise.withResolvers<void>();
  const server = Bun.serve({
    unix: join(directory, "stuck.sock"),
    fetch: async (request) => {
      const { pathname } = new URL(request.url, "http://plugin");
      if (pathname === "/VolumeDriver.Mount") {
        mounting.resolve();
        await new Promise(() => {});
      }
      return Response.json({ Implements: ["VolumeDriver"], Volume: { Name: "stays", Mountpoint: "" }, Volumes: [] });
    },
  });
  return { mounting: mounting.promise, end: () => server.stop(true) };
}

/** "" when it is gone. */
function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return "";
  }
}

beforeAll(async () => {
  dir = makeScratch("fault");
  registry = await startDebianRegistry({ dir });
  await pushImage(registry.address, "busybox", "latest", await busyboxImage());
  await pushImage(registry.address, "large", "latest", await distributionImage());
  await startEngine();
  await ok("pull", "-q", `${registry.address}/busybox`);
  await ok("tag", `${registry.address}/busybox`, "busybox");
  await ok("run", "--rm", "busybox", "true");
  idle = await readMachineState(dir);
});

afterAll(async () => {
  await engine?.stop();
  await registry?.stop();
  removeScratch(dir);
});

afterEach(async () => {
  const ids = (await ok("ps", "-aq")).split("\n").filter((id) => id !== "");
  if (ids.length > 0) await ok("rm", "-f", ...ids);
});

test("a running container goes on: its output, input of exec, and stop", async () => {
  await ok(
    "run",
    "-d",
    "--name",
    "ticker",
    "busybox",
    "sh",
    "-c",
    "trap 'exit 5' TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done",
  );
  const pid = await ok("inspect", "-f", "{{.State.Pid}}", "ticker");
  await killEngine();
  await Bun.sleep(1000);
  await startEngine();
  await eventually("output", async () => ((await ok("logs", "ticker")).split("\n").length > 9 ? true : undefined));
  expect(await ok("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", "ticker")).toBe(`running ${pid}`);
  expect(await ok("exec", "ticker", "echo", "in")).toBe("in\n");
  await ok("stop", "-t", "100", "ticker");
  expect(await ok("wait", "ticker")).toBe("5\n");
  const lines = (await ok("logs", "ticker")).trim().split("\n").map(Number);
  expect(lines).toEqual(lines.map((_, index) => index + 1));
  await ok("rm", "ticker");
  await expectNothingLeft();
});

test("mounts made on the host for a container outlive the engine as long as the container does, and no longer", async () => {
  const volume = "type=volume,src=quick,dst=/m,volume-opt=type=tmpfs,volume-opt=device=tmpfs";
  const part = "type=volume,src=deep,dst=/p,volume-subpath=a";
  await ok("run", "--rm", "-v", "deep:/v", "busybox", "mkdir", "/v/a");
  const line = "echo kept >/m/f; echo kept >/dev/shm/f; sleep 600";
  for (const name of ["lives", "dies"]) {
    const mounts = ["--mount", volume, "--mount", part, "--mount", "type=image,src=busybox,dst=/i"];
    await ok("run", "-d", "--name", name, "--init", "--ipc", "shareable", ...mounts, "busybox", "sh", "-c", line);
  }
  const pid = await ok("inspect", "-f", "{{.State.Pid}}", "dies");
  await killEngine();
  process.kill(Number(pid), "SIGKILL");
  await startEngine();
  await eventually("the killed container's end", async () =>
    (await ok("inspect", "-f", "{{.State.Status}}", "dies")) === "exited\n" ? true : undefined,
  );
  expect(
    await ok("run", "--rm", "--ipc", "container:lives", "-v", "quick:/m", "busybox", "cat", "/m/f", "/dev/shm/f"),
  ).toBe("kept\nkept\n");
  await ok("rm", "-f", "lives", "dies");
  await expectNothingLeft();
});

test("a container that ended meanwhile has its code and its output", async () => {
  await ok("run", "-d", "--name", "short", "busybox", "sh", "-c", "sleep 1; echo last words; exit 3");
  const pid = (await ok("inspect", "-f", "{{.State.Pid}}", "short")).trim();
  await killEngine();
  await eventually("its end", () => (existsSync(`/proc/${pid}`) ? undefined : true));
  await startEngine();
  // Its monitor may still be writing down how it ended.
  expect(await ok("wait", "short")).toBe("3\n");
  expect(await ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "short")).toBe("exited 3\n");
  expect(await ok("logs", "short")).toBe("last words\n");
  expect(await ok("start", "-a", "short").catch((error: unknown) => String(error))).toContain("last words");
});

test("a container with --rm that ended meanwhile is gone", async () => {
  await ok("run", "-d", "--rm", "--name", "gone", "busybox", "sleep", "1");
  await killEngine();
  await Bun.sleep(1500);
  await startEngine();
  await eventually("removed", async () => ((await berth("inspect", "gone")).code === 0 ? undefined : true));
  await expectNothingLeft();
});

test("published ports keep working without the engine and after it", async () => {
  const port = await freePort();
  await ok(
    "run",
    "-d",
    "--name",
    "web",
    "-p",
    `${port}:80`,
    "busybox",
    "sh",
    "-c",
    "echo page > /index.html; httpd -f -p 80 -h /",
  );
  const page = (): Promise<string> =>
    eventually("page", async () => {
      const got = await command(["bash", "-c", httpGet(`http://127.0.0.1:${port}/index.html`)]);
      return got.stdout === "" ? undefined : got.stdout;
    });
  expect(await page()).toBe("page\n");
  await killEngine();
  expect(await page()).toBe("page\n");
  await startEngine();
  expect(await page()).toBe("page\n");
  expect((await berth("run", "--rm", "-p", `${port}:80`, "busybox", "true")).stderr).toContain(
    "port is already allocated",
  );
  await ok("rm", "-f", "web");
  await expectNothingLeft();
});

test("names, created containers and what they wrote are kept", async () => {
  await ok("create", "--name", "fresh", "busybox", "echo", "started");
  await ok("run", "--name", "wrote", "busybox", "sh", "-c", "echo x >> /f; cat /f");
  await restartKilled();
  expect((await berth("create", "--name", "fresh", "busybox")).stderr).toContain("is already in use");
  expect(await ok("start", "-a", "fresh")).toBe("started\n");
  expect(await ok("start", "-a", "wrote")).toBe("x\nx\n");
});

test("a pull that was cut off leaves no image and can be done again", async () => {
  const reference = `${registry?.address}/large`;
  for (const afterMs of [50, 400, 900]) {
    const pull = background([...berthCommand(), "pull", reference], env());
    await Bun.sleep(afterMs);
    await restartKilled();
    await pull.end();
    const listed = await ok("images", "-q", reference);
    if (listed === "") expect((await berth("inspect", reference)).code).toBe(1);
    else expect(await ok("run", "--rm", reference, "true")).toBe("");
  }
  await ok("pull", "-q", reference);
  expect(await ok("run", "--rm", reference, "sh", "-c", "test -x /bin/bash && echo whole")).toBe("whole\n");
  await ok("rmi", reference);
});

test("killed again and again while containers start, nothing stays half made", async () => {
  for (let round = 0; round < 8; round++) {
    const runs = [0, 1, 2].map((index) =>
      background([...berthCommand(), "run", "-d", "--name", `r${round}-${index}`, "busybox", "sleep", "1000"], env()),
    );
    await Bun.sleep(10 + round * 15);
    await killEngine();
    await Promise.all(runs.map((run) => run.end()));
    await startEngine();
    const states = (await ok("ps", "-a", "--format", "{{.Names}} {{.State}}"))
      .split("\n")
      .filter((line) => line !== "");
    for (const line of states) expect(line).toMatch(/ (created|running|exited)$/);
    const ids = (await ok("ps", "-aq")).split("\n").filter((id) => id !== "");
    if (ids.length > 0) await ok("rm", "-f", ...ids);
  }
  await expectNothingLeft();
});

test("killed while it plans a start, it leaves no shim and no network namespace that was made meanwhile", async () => {
  const stuck = stuckPlugin();
  const own = networkOf(process.pid);
  try {
    await ok("volume", "create", "-d", "stuck", "stays");
    const run = background([...berthCommand(), "run", "-d", "--name", "planned", "-v", "stays:/m", "busybox"], env());
    await stuck.mounting;
    const shim = await eventually("a shim in a network namespace of its own", () =>
      descendants(engine?.daemon.pid ?? 0).find((pid) => ![own, ""].includes(networkOf(pid))),
    );
    await killEngine();
    await run.end();
    await eventually("its end", () => (existsSync(`/proc/${shim}/exe`) ? undefined : true));
    await startEngine();
    expect(await ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "planned")).toBe("created 128\n");
    await ok("rm", "planned");
    await ok("volume", "rm", "stays");
    await expectNothingLeft();
  } finally {
    await stuck.end();
  }
});

test("killed while it makes control groups, it leaves none to stay", async () => {
  const parent = "/berth-test-killed";
  const cgroups = openCgroups();
  // So that the usual case is met: the parent is there.
  await ok("run", "--rm", "--cgroup-parent", parent, "busybox", "true");
  for (let round = 0; round < 8; round++) {
    const id = (await ok("create", "--cgroup-parent", parent, "busybox", "sleep", "1000")).trim();
    const path = `${parent}/${id}`;
    const start = background([...berthCommand(), "start", id], env());
    const before = performance.now();
    // Looked for without a pause: they are all there within a millisecond.
    while (!cgroups.children(parent).includes(path) && performance.now() - before < 60_000)
      if (round % 2 === 1) await Bun.sleep(0);
    await killEngine();
    await start.end();
    await startEngine();
    expect(await ok("inspect", "-f", "{{.State.Status}}", id)).toMatch(/^(created|running|exited)\n$/);
    await ok("rm", "-f", id);
    expect(cgroups.children(parent)).toEqual([]);
  }
  cgroups.removeEmpty(parent);
  await expectNothingLeft();
});

test("a killed supervisor is noticed, its processes are ended, the container can be removed", async () => {
  await ok("run", "-d", "--name", "orphan", "busybox", "sleep", "1000");
  const pid = Number(await ok("inspect", "-f", "{{.State.Pid}}", "orphan"));
  const monitor = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  expect(monitor).toBeGreaterThan(1);
  process.kill(monitor, "SIGKILL");
  await eventually("noticed", async () =>
    (await ok("inspect", "-f", "{{.State.Running}}", "orphan")) === "false\n" ? true : undefined,
  );
  await ok("rm", "-f", "orphan");
  await expectNothingLeft();
});
