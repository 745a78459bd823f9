/**
 * The built program once through a container's life on the guest's kernel with cgroup v2 alone; on another machine these
 * tests fail. The details are the conformance tests', on the machine itself.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";

let dir = "";
let registry: TinyRegistry | undefined;
let engine: RunningEngine | undefined;
let image = "";

const env = (): Record<string, string | undefined> => cliEnvironment(engine?.host ?? "");
const berth = (...args: string[]): Promise<CommandResult> => command([...berthCommand(), ...args], { env: env() });
const ok = (...args: string[]): Promise<string> => mustRun([...berthCommand(), ...args], { env: env() });

beforeAll(async () => {
  dir = makeScratch("guest");
  registry = await startTinyRegistry();
  registry.add("busybox", "latest", await busyboxImage());
  image = `${registry.address}/busybox:latest`;
  engine = await startBerth({ dir, bridge: "bguest0", bip: "172.31.250.1/24" });
}, 600_000);

afterAll(async () => {
  await engine?.stop();
  await registry?.close();
  if (dir !== "") removeScratch(dir);
}, 600_000);

test("an image is pulled and run", async () => {
  await ok("pull", "-q", image);
  expect(await ok("run", "--rm", "--hostname", "boxed", image, "sh", "-c", "echo $$ $(hostname)")).toBe("1 boxed\n");
  expect((await berth("run", "--rm", image, "sh", "-c", "exit 7")).code).toBe(7);
});

test("limits are the kernel's; too much memory ends in 137 and OOMKilled", async () => {
  const files = "cd /sys/fs/cgroup && cat memory.max memory.swap.max cpu.max pids.max";
  const limits = ["-m", "64m", "--cpus", "0.5", "--pids-limit", "50"];
  expect(await ok("run", "--rm", ...limits, image, "sh", "-c", files)).toBe("67108864\n67108864\n50000 100000\n50\n");
  const eaten = await berth("run", "--name", "eater", "-m", "16m", "--memory-swap", "16m", image, "tail", "/dev/zero");
  expect(eaten.code).toBe(137);
  expect(await ok("inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", "eater")).toBe("true 137\n");
});

test("a command of another platform needs handlers of the whole machine before Linux 6.7, and says so", async () => {
  const folder = join(dir, "foreign");
  mkdirSync(folder);
  writeFileSync(join(folder, "x"), "no program");
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch AS base\nCOPY x /bin/sh\nFROM base\nRUN true\n");
  const refused = await berth("build", "--platform", "linux/arm64", folder);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    "cannot run a command for linux/arm64 here: no handler for its programs is registered",
  );
  expect(refused.stderr).toContain("Install qemu-user-static and binfmt-support on the engine's machine");
});

test("a published port answers, exec enters, stop and remove leave nothing", async () => {
  const serve = "mkdir /www && echo served > /www/index.html && exec httpd -f -p 80 -h /www";
  const id = (await ok("run", "-d", "--name", "web", "-p", "127.0.0.1:8080:80", image, "sh", "-c", serve)).trim();
  expect(await ok("exec", "web", "sh", "-c", "until wget -qO- 127.0.0.1; do sleep 0.1; done")).toBe("served\n");
  expect(await (await fetch("http://127.0.0.1:8080/")).text()).toBe("served\n");
  const pid = (await ok("inspect", "-f", "{{.State.Pid}}", "web")).trim();
  const [, group] = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? [];
  expect(existsSync(`/sys/fs/cgroup${group}/cgroup.procs`)).toBe(true);
  await ok("stop", "-t", "1", "web");
  await ok("rm", "-f", "web", "eater");
  expect(existsSync(`/sys/fs/cgroup${group}`)).toBe(false);
  expect(readFileSync("/proc/mounts", "utf8")).not.toContain(id);
  expect(await ok("ps", "-aq")).toBe("");
});
