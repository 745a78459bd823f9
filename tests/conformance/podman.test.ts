/**
 * Debian's podman runs containers with `berth-runtime`. `BERTH_PODMAN_RUNTIMES` names the runtimes, of `runc,berth`; Debian's
 * runc proves the cases. Needs root.
 */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../tools/lab/command.ts";
import { berthCommand, referenceDir } from "../../tools/lab/engines.ts";
import { createNetworkNamespace, type NetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { openPodman, type Podman } from "../../tools/lab/podman.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxLayer } from "../../tools/lab/test-images.ts";

setDefaultTimeout(180_000);

const names = (process.env["BERTH_PODMAN_RUNTIMES"] ?? "berth").split(",");

async function runtimePath(name: string, scratch: string): Promise<string> {
  if (name === "runc") return join(await referenceDir(), "usr/sbin/runc");
  const path = join(scratch, "berth-runtime");
  const [program = ""] = berthCommand();
  symlinkSync(program, path);
  return path;
}

for (const name of names) {
  describe(`podman with ${name}`, () => {
    let scratch = "";
    let podman: Podman;
    let network: NetworkNamespace;

    beforeAll(async () => {
      scratch = makeScratch(`podman-${name}`);
      const dir = join(scratch, "podman");
      mkdirSync(dir);
      network = await createNetworkNamespace();
      podman = await openPodman(dir, await runtimePath(name, scratch), network);
      await podman.ok(["import", "-", "box"], { stdin: await busyboxLayer(), timeoutMs: 120_000 });
    }, 300_000);

    afterEach(async () => {
      await podman.ok(["rm", "-af", "-t", "0"]);
    });

    afterAll(async () => {
      await podman.close();
      await network.close();
      removeScratch(scratch);
    }, 180_000);

    const once = (...args: readonly string[]) => podman.run(["run", "--rm", "--network", "none", ...args]);

    test("output, exit code, stdin", async () => {
      expect(await once("box", "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
        code: 7,
        stdout: "out\n",
        stderr: "err\n",
      });
      const fed = await podman.run(["run", "--rm", "-i", "--network", "none", "box", "cat"], { stdin: "typed" });
      expect(fed).toMatchObject({ code: 0, stdout: "typed" });
    });

    test("what is no program gives 127 and 126", async () => {
      const missing = await once("box", "nothing");
      expect(missing.code).toBe(127);
      expect(missing.stderr).toContain("OCI runtime attempted to invoke a command that was not found");
      expect((await once("box", "/etc/passwd")).code).toBe(126);
    });

    test("a terminal, its size, and resizing", async () => {
      const session = podman.terminal(["run", "--rm", "-it", "--network", "none", "box", "sh"], 33, 99);
      await session.waitFor(/#/);
      session.write("stty size\n");
      await session.waitFor(/33 99/);
      session.resize(40, 120);
      await eventually("the new size", async () => {
        session.write("stty size\n");
        await Bun.sleep(200);
        return session.output().includes("40 120") ? true : undefined;
      });
      session.write("exit 5\n");
      expect(await session.end()).toBe(5);
    });

    test("exec: output, code, user, directory, environment, terminal", async () => {
      await podman.ok(["run", "-d", "--name", "c", "--network", "none", "box", "sleep", "100"]);
      const run = (...args: readonly string[]) => podman.run(["exec", ...args]);
      expect(await run("c", "sh", "-c", "echo in; exit 5")).toMatchObject({ code: 5, stdout: "in\n" });
      expect(
        (await run("--user", "5:6", "-w", "/tmp", "-e", "A=b", "c", "sh", "-c", "id -u; id -g; pwd; echo $A")).stdout,
      ).toBe("5\n6\n/tmp\nb\n");
      expect((await run("c", "nothing")).code).toBe(127);
      const session = podman.terminal(["exec", "-it", "c", "sh", "-c", "test -t 0 && echo terminal"]);
      await session.waitFor(/terminal/);
      expect(await session.end()).toBe(0);
    });

    test("stop lets the program end, kill and wait tell the code, start again", async () => {
      const program = "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done";
      await podman.ok(["run", "-d", "--name", "c", "--network", "none", "box", "sh", "-c", program]);
      await eventually("the trap", async () => ((await podman.ok(["logs", "c"])) === "up\n" ? true : undefined));
      await podman.ok(["stop", "c"]);
      expect(await podman.ok(["inspect", "c", "--format", "{{.State.Status}} {{.State.ExitCode}}"])).toBe("exited 3\n");
      await podman.ok(["start", "c"]);
      await podman.ok(["kill", "c"]);
      expect(await podman.ok(["wait", "c"])).toBe("137\n");
    });

    test("pause, top, stats and update", async () => {
      await podman.ok(["run", "-d", "--name", "c", "--network", "none", "box", "sleep", "100"]);
      await podman.ok(["pause", "c"]);
      expect(await podman.ok(["inspect", "c", "--format", "{{.State.Status}}"])).toBe("paused\n");
      expect((await podman.run(["exec", "c", "true"])).code).not.toBe(0);
      await podman.ok(["unpause", "c"]);
      expect(await podman.ok(["top", "c", "args"])).toContain("sleep 100");
      expect(await podman.ok(["stats", "--no-stream", "--format", "{{.PIDs}}", "c"])).toBe("1\n");
      await podman.ok(["update", "--memory", "64m", "c"]);
      const limit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null";
      expect((await podman.run(["exec", "c", "sh", "-c", limit])).stdout).toBe(`${String(64 << 20)}\n`);
    });

    test("too much memory ends it", async () => {
      const greedy = ["box", "dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"];
      expect((await once("--memory", "20m", "--memory-swap", "20m", ...greedy)).code).toBe(137);
    });

    test("health checks", async () => {
      const health = ["--health-cmd", "test -e /tmp/ok", "--health-interval", "disable"];
      await podman.ok(["run", "-d", "--name", "c", "--network", "none", ...health, "box", "sleep", "100"]);
      expect((await podman.run(["healthcheck", "run", "c"])).code).toBe(1);
      await podman.ok(["exec", "c", "touch", "/tmp/ok"]);
      expect((await podman.run(["healthcheck", "run", "c"])).code).toBe(0);
    });

    test("isolation as asked for", async () => {
      const script =
        "grep -c CapBnd:.0000000000000000 /proc/self/status; grep NoNewPrivs /proc/self/status; ulimit -n; cat /proc/sys/net/ipv4/ip_forward; touch /x 2>/dev/null || echo sealed; touch /run/x && echo open; cat /given/file; id -u";
      writeFileSync(join(scratch, "file"), "given\n");
      const flags = [
        ...[
          "--cap-drop",
          "all",
          "--security-opt",
          "no-new-privileges",
          "--ulimit",
          "nofile=99:99",
          "--ulimit",
          "nproc=99:99",
        ],
        ...["--sysctl", "net.ipv4.ip_forward=1", "--read-only", "--tmpfs", "/run", "-v", `${scratch}:/given:ro`],
      ];
      expect(await once(...flags, "box", "sh", "-c", script)).toMatchObject({
        code: 0,
        stdout: "1\nNoNewPrivs:\t1\n99\n1\nsealed\nopen\ngiven\n0\n",
      });
      expect((await once("--user", "12:34", "box", "id")).stdout).toMatch(/^uid=12.* gid=34/);
    });

    test("a network of its own, and another container's namespaces", async () => {
      await podman.ok(["run", "-d", "--name", "c", "box", "sleep", "100"]);
      expect(await podman.ok(["exec", "c", "cat", "/proc/net/dev"])).toContain("eth0:");
      const shared = ["--network", "container:c", "--pid", "container:c", "--ipc", "container:c"];
      const seen = await podman.run(["run", "--rm", ...shared, "box", "sh", "-c", "cat /proc/net/dev; ps"]);
      expect(seen.stdout).toContain("eth0:");
      expect(seen.stdout).toContain("sleep 100");
    });

    test("user namespaces and hooks directories", async () => {
      const mapped = await once(
        "--uidmap",
        "0:100000:1000",
        "--gidmap",
        "0:100000:1000",
        "box",
        "cat",
        "/proc/self/uid_map",
      );
      expect(mapped.stdout.trim().split(/\s+/)).toEqual(["0", "100000", "1000"]);
      const hooks = join(scratch, "hooks");
      mkdirSync(hooks);
      const record = join(scratch, "record");
      const hook = { path: "/bin/sh", args: ["sh", "-c", `cat >> ${record}; echo >> ${record}`] };
      const stages = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
      writeFileSync(join(hooks, "a.json"), JSON.stringify({ version: "1.0.0", hook, when: { always: true }, stages }));
      await podman.ok(["--hooks-dir", hooks, "run", "--rm", "--network", "none", "box", "true"]);
      const said = (await Bun.file(record).text()).trim().split("\n");
      expect(said.map((line) => (JSON.parse(line) as { status: string }).status)).toHaveLength(stages.length);
    });
  });
}
