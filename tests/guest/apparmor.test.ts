/** AppArmor, which the guest's kernel has: the profile that the engine loads, and what it forbids. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { berthHere, mustBerthHere } from "../../tools/lab/berth-here.ts";
import { eventually, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";

setDefaultTimeout(600_000);

const scratch = makeScratch("apparmor");
let registry: TinyRegistry | undefined;
let engine: RunningEngine | undefined;
let image = "";

const berth = (...args: string[]): Promise<CommandResult> => berthHere(engine?.host ?? "", args);
const ok = (...args: string[]): Promise<string> => mustBerthHere(engine?.host ?? "", args);
const run = (options: string[], line: string): Promise<CommandResult> =>
  berth("run", "--rm", "--network", "none", ...options, image, "sh", "-c", line);

const loaded = (): boolean =>
  readFileSync("/sys/kernel/security/apparmor/profiles", "utf8").includes("docker-default (enforce)");
const unload = async (): Promise<void> => {
  await mustRun(["apparmor_parser", "--remove"], { stdin: "profile docker-default {}\n" });
};

beforeAll(async () => {
  registry = await startTinyRegistry();
  registry.add("busybox", "latest", await busyboxImage());
  image = `${registry.address}/busybox:latest`;
  engine = await startBerth({ dir: scratch, bridge: "baa0", bip: "172.31.248.1/24" });
  await ok("pull", "-q", image);
});

afterAll(async () => {
  await engine?.stop();
  await registry?.close();
  if (loaded()) await unload();
  removeScratch(scratch);
});

test("a container has the profile, its execs too, and may do what people do; inspect and info tell it", async () => {
  await ok("run", "-d", "--name", "held", "--network", "none", image, "sleep", "600");
  expect(loaded()).toBe(true);
  const usual = [
    "cat /proc/self/attr/current",
    "echo x > /root/x && mkdir /d && ln -s x /d/y && chmod 600 /root/x && echo 0 > /proc/self/oom_score_adj",
    "sleep 100 & kill -9 $!",
  ];
  expect(await ok("exec", "held", "sh", "-ec", usual.join("\n"))).toBe("docker-default (enforce)\n");
  const api = async (path: string): Promise<unknown> =>
    (await fetch(`http://engine${path}`, { unix: engine?.socket ?? "" })).json();
  expect(await api("/containers/held/json")).toMatchObject({ AppArmorProfile: "docker-default" });
  expect(await api("/info")).toMatchObject({ SecurityOptions: expect.arrayContaining(["name=apparmor"]) });
  // The engine may signal it.
  await ok("rm", "-f", "held");
});

test("what capabilities would allow and the profile does not", async () => {
  const able = ["--cap-add", "ALL", "--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined"];
  const lines = ["mount -t tmpfs none /tmp", "echo 0 > /proc/sysrq-trigger", "head -c 1 /proc/kcore"];
  const script = [...lines, "true"].join("; ");
  const denied = await run(able, script);
  expect(denied.stderr.match(/[Pp]ermission denied/g)).toHaveLength(lines.length);
  const open = await run([...able, "--security-opt", "apparmor=unconfined"], `${script}; cat /proc/self/attr/current`);
  expect(open).toMatchObject({ stdout: expect.stringMatching(/unconfined\n$/), stderr: "" });
});

test("unloaded by somebody it is loaded again; a profile that nobody has is told of", async () => {
  await unload();
  expect(loaded()).toBe(false);
  expect(await run([], "cat /proc/self/attr/current")).toMatchObject({ code: 0, stdout: "docker-default (enforce)\n" });
  const unknown = await run(["--security-opt", "apparmor=nobody-has-this"], "true");
  // docker-compat: the kernel's "no such file or directory" makes clients say 127.
  expect([unknown.code, unknown.stderr]).toEqual([127, expect.stringContaining("nobody-has-this")]);
});

test("an older profile of that name is replaced when an engine starts", async () => {
  await engine?.daemon.stop();
  // One that forbids nothing.
  const older =
    "profile docker-default flags=(attach_disconnected) { file, mount, capability, network, signal, ptrace, }\n";
  await mustRun(["apparmor_parser", "--replace", "--skip-cache"], { stdin: older });
  engine = await startBerth({ dir: scratch, bridge: "baa0", bip: "172.31.248.1/24" });
  const able = ["--cap-add", "ALL", "--security-opt", "seccomp=unconfined"];
  await eventually("its rules are those of this engine", async () =>
    /[Pp]ermission denied/.test((await run(able, "mount -t tmpfs none /tmp")).stderr) ? true : undefined,
  );
});
