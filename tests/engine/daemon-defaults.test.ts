/** Settings of the engine that stand for what a container does not say, seen from inside a container. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../tools/lab/command.ts";
import { startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { cliEnvironment, dockerCli } from "../../tools/lab/engines.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startPlainDaemon, type StartedDaemon } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

let dir = "";
let engine: StartedDaemon | undefined;
let registry: RunningRegistry | undefined;
let docker = "";

const ok = (...args: string[]): Promise<string> =>
  mustRun([docker, ...args], { env: cliEnvironment(`unix://${join(dir, "berth.sock")}`), timeoutMs: 120_000 });

beforeAll(async () => {
  dir = makeScratch("defaults");
  docker = await dockerCli();
  // A profile that refuses one harmless call, so that it can be told from the built-in one.
  const profile = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["sync"], action: "SCMP_ACT_KILL_PROCESS" }] };
  writeFileSync(join(dir, "profile.json"), JSON.stringify(profile));
  writeFileSync(
    join(dir, "daemon.json"),
    JSON.stringify({
      "default-ulimits": { nofile: { Name: "nofile", Soft: 123, Hard: 456 } },
      "no-new-privileges": true,
      "selinux-enabled": true,
      "seccomp-profile": join(dir, "profile.json"),
      "cgroup-parent": "/berth-defaults",
      "default-shm-size": "8m",
      bridge: "bdef0",
      bip: "172.31.240.1/24",
      "fixed-cidr": "172.31.240.64/28",
      "default-gateway": "172.31.240.1",
      dns: ["9.9.9.9"],
      "log-driver": "json-file",
      "log-opts": { "max-size": "1m" },
    }),
  );
  const flags = ["--config-file", join(dir, "daemon.json"), "-H", `unix://${join(dir, "berth.sock")}`];
  engine = await startPlainDaemon({ dir, args: flags, network: true });
  registry = await startDebianRegistry({ dir });
  await pushImage(registry.address, "busybox", "latest", await busyboxImage());
  await ok("pull", "-q", `${registry.address}/busybox`);
  await ok("tag", `${registry.address}/busybox`, "busybox");
}, 180_000);

afterAll(async () => {
  await engine?.process.stop();
  await registry?.stop();
  removeScratch(dir);
});

test("limits, privileges, memory for sharing and cgroup", async () => {
  const line =
    "ulimit -Sn; ulimit -Hn; grep NoNewPrivs /proc/self/status; df -k /dev/shm | tail -n 1; cat /proc/1/cgroup";
  const printed = await ok("run", "--rm", "--cgroupns", "host", "busybox", "sh", "-c", line);
  const [soft, hard, privileges, shm, ...cgroups] = printed.trim().split("\n");
  expect([soft, hard, privileges?.replace(/\s+/, " ")]).toEqual(["123", "456", "NoNewPrivs: 1"]);
  expect(shm).toMatch(/\s8192\s/);
  expect(cgroups.some((entry) => entry.includes("/berth-defaults/"))).toBe(true);
  const own = ["--ulimit", "nofile=77:88", "--security-opt", "no-new-privileges=false", "--shm-size", "1m"];
  const line2 = "ulimit -Sn; grep NoNewPrivs /proc/self/status; df -k /dev/shm | tail -n 1";
  expect(await ok("run", "--rm", ...own, "busybox", "sh", "-c", line2)).toMatch(/^77\nNoNewPrivs:\s+0\n.*\s1024\s/);
});

test("the seccomp profile of the file, unless a container names another", async () => {
  const line = "sync; echo $?";
  expect(await ok("run", "--rm", "busybox", "sh", "-c", line)).toBe("159\n");
  expect(await ok("run", "--rm", "--security-opt", "seccomp=builtin", "busybox", "sh", "-c", line)).toBe("0\n");
  expect(await ok("info", "-f", "{{.SecurityOptions}}")).toMatch(/name=seccomp,profile=custom.*name=no-new-privileges/);
});

test("SELinux, which this machine does not have: labels are taken and do nothing, and the log says so", async () => {
  // With it tests/guest/selinux shows what they do.
  expect(existsSync("/sys/fs/selinux/enforce")).toBe(false);
  expect(engine?.log()).toContain("Docker could not enable SELinux on the host system");
  const [one, two] = [join(dir, "one"), join(dir, "two")];
  for (const path of [one, two]) mkdirSync(path);
  const flags = ["-v", `${one}:/one:z`, "-v", `${two}:/two:Z`, "--security-opt", "label=type:other_t"];
  await ok("run", "--name", "labelled", ...flags, "busybox", "touch", "/one/x", "/two/x");
  expect([one, two].map((path) => existsSync(join(path, "x")))).toEqual([true, true]);
  const told = await ok(
    "inspect",
    "-f",
    "[{{.ProcessLabel}}] [{{.MountLabel}}] {{.HostConfig.SecurityOpt}}",
    "labelled",
  );
  expect(told).toBe("[] [] [label=type:other_t]\n");
  expect(await ok("info", "-f", "{{.SecurityOptions}}")).not.toContain("selinux");
  await ok("rm", "labelled");
});

test("addresses, gateway, name server and log driver", async () => {
  const printed = await ok(
    "run",
    "--name",
    "net",
    "busybox",
    "sh",
    "-c",
    "ip -4 addr show eth0; ip route; cat /etc/resolv.conf",
  );
  expect(printed).toMatch(/inet 172\.31\.240\.(6[4-9]|7\d)\/24/);
  expect(printed).toContain("default via 172.31.240.1");
  expect(printed).toContain("nameserver 9.9.9.9");
  expect(await ok("inspect", "-f", "{{.HostConfig.LogConfig}}", "net")).toBe("{json-file map[max-size:1m]}\n");
  await ok("rm", "net");
});
