/** Containers made by runc and crun of Debian, and by our own runtime's command line as a program like any other. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../tools/lab/command.ts";
import { foreignRuntimes } from "../../tools/lab/foreign-runtimes.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

const names = ["debian-runc", "crun", "own"] as const;
const scratch = makeScratch("foreign");
const config = join(scratch, "daemon.json");
let runtimes: Readonly<Record<string, { readonly path: string; readonly runtimeArgs?: readonly string[] }>>;
let engine: BusyboxEngine;

beforeAll(async () => {
  const paths = await foreignRuntimes(scratch);
  runtimes = {
    "debian-runc": { path: paths["debian-runc"], runtimeArgs: ["--debug"] },
    crun: { path: paths.crun },
    own: { path: paths.own },
    nowhere: { path: "/no/such/runtime" },
  };
  writeFileSync(config, JSON.stringify({ runtimes }));
  const extraArgs = ["--config-file", config];
  engine = await BusyboxEngine.open({ bridge: "bforeign0", bip: "172.31.245.1/24", extraArgs });
}, 180_000);
afterAll(async () => {
  await engine.close();
  removeScratch(scratch);
});
afterEach(() => engine.removeAll());

/** The runtime's notes of containers. */
const notes = (name: string): readonly string[] => readdirSync(join(engine.dir, "exec/runtimes", name));
const inspect = async (format: string): Promise<string> => (await engine.ok("inspect", "-f", format, "box")).trim();

for (const name of names) {
  describe(name, () => {
    const run = (...args: readonly string[]) => engine.run("run", "--runtime", name, ...args);
    const sleeper = (...flags: readonly string[]) =>
      engine.ok("run", "-d", "--runtime", name, "--name", "box", ...flags, "busybox", "sh", "-c", trap);
    const trap = "trap 'exit 9' TERM; touch /ready; while :; do sleep 0.1; done";
    const exec = (...args: readonly string[]) => engine.run("exec", ...args);

    test("streams, exit code, limits, user, network, volumes, init", async () => {
      const line =
        "cat; id -u; hostname; ls /data; ip -o addr show eth0 | wc -l; cat /proc/1/comm; echo bad >&2; exit 7";
      const flags = ["-i", "--rm", "--init", "-u", "1000", "-h", "name", "-v", "/etc/passwd:/data/passwd:ro"];
      const told = await engine.run("run", "--runtime", name, ...flags, "-m", "64m", "busybox", "sh", "-c", line);
      expect(told).toMatchObject({ code: 7, stdout: "1000\nname\npasswd\n1\ndocker-init\n", stderr: "bad\n" });
      expect(notes(name)).toEqual([]);
    });

    test("a terminal, its size, and another size", async () => {
      const body = {
        Image: "busybox",
        Cmd: ["sh", "-c", "tty; stty size; sleep 60"],
        Tty: true,
        HostConfig: { Runtime: name, ConsoleSize: [33, 44] },
      };
      expect((await engine.api("POST", "/containers/create?name=box", body)).status).toBe(201);
      expect((await engine.api("POST", "/containers/box/start")).status).toBe(204);
      const shown = await eventually("the size", async () => {
        const text = await engine.ok("logs", "box");
        return text.includes(" ") ? text : undefined;
      });
      expect(shown).toMatch(/^\/dev\/(pts\/0|console)\r\n33 44\r\n$/);
      expect((await engine.api("POST", "/containers/box/resize?h=10&w=20")).status).toBe(200);
      expect((await exec("box", "stty", "-F", "/dev/console", "size")).stdout).toBe("10 20\n");
    });

    test("a command that is not there", async () => {
      const missing = await run("--name", "box", "busybox", "nope");
      expect(missing.code).toBe(127);
      expect(missing.stderr).toMatch(/OCI runtime create failed: .*nope.* not found in \$PATH/);
      expect(await inspect("{{.State.Status}} {{.HostConfig.Runtime}}")).toBe(`created ${name}`);
      expect(notes(name)).toEqual([]);
    });

    test("exec: streams, codes, user, terminal, a command that is not there", async () => {
      await sleeper();
      expect(await exec("-u", "3:4", "-e", "A=b", "box", "sh", "-c", "id -g; echo $A; exit 5")).toMatchObject({
        code: 5,
        stdout: "4\nb\n",
      });
      expect((await exec("-t", "box", "tty")).stdout).toMatch(/^\/dev\/pts\/\d+\r\n$/);
      const missing = await exec("box", "nope");
      expect(missing.code).toBe(127);
      expect(missing.stdout).toMatch(/^OCI runtime exec failed: .*nope.* not found in \$PATH/);
      const quick = await Promise.all(Array.from({ length: 5 }, () => exec("box", "true")));
      expect(quick.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    });

    test("stop, restart, pause, update, stats, top, kill", async () => {
      await sleeper("-m", "64m");
      await eventually("it is ready", async () => (await exec("box", "ls", "/ready")).code === 0 || undefined);
      await engine.ok("pause", "box");
      expect(await inspect("{{.State.Status}}")).toBe("paused");
      await engine.ok("unpause", "box");
      await engine.ok("update", "-m", "80m", "--memory-swap", "80m", "box");
      expect(await engine.ok("stats", "--no-stream", "--format", "{{.MemUsage}}", "box")).toContain("/ 80MiB");
      expect(await engine.ok("top", "box")).toContain("sleep 0.1");
      await engine.ok("stop", "box");
      expect(await inspect("{{.State.ExitCode}}")).toBe("9");
      await engine.ok("restart", "box");
      await engine.ok("kill", "box");
      expect(await inspect("{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 137");
      expect(notes(name)).toEqual([]);
    });

    test("an engine killed meanwhile finds it, its execs and its end", async () => {
      await sleeper("--rm");
      await engine.ok("exec", "-d", "box", "sleep", "60");
      await engine.kill();
      await engine.start();
      expect(await inspect("{{.State.Status}}")).toBe("running");
      expect((await exec("box", "sh", "-c", "exit 3")).code).toBe(3);
      expect(await engine.ok("top", "box")).toContain("sleep 60");
      await engine.ok("stop", "box");
      expect(notes(name)).toEqual([]);
    });
  });
}

test("info tells them; one that is not there and one that nobody registered are refused", async () => {
  const { Runtimes, DefaultRuntime } = JSON.parse((await engine.api("GET", "/info")).text) as {
    readonly Runtimes: Readonly<
      Record<string, { readonly path: string; readonly status: Readonly<Record<string, string>> }>
    >;
    readonly DefaultRuntime: unknown;
  };
  const shown = { berth: { path: "berth-runtime" }, ...runtimes };
  expect(Object.keys(Runtimes).toSorted()).toEqual(Object.keys(shown).toSorted());
  expect(Runtimes).toMatchObject(shown);
  const says = (name: string): unknown =>
    JSON.parse(Runtimes[name]?.status["org.opencontainers.runtime-spec.features"] ?? "null");
  const itself = { ociVersionMin: expect.stringMatching(/^1\.0/) };
  expect([says("berth"), says("debian-runc")]).toMatchObject([itself, itself]);
  expect(Runtimes["nowhere"]?.status).toEqual({});
  expect(DefaultRuntime).toBe("berth");
  const gone = await engine.run("run", "--name", "box", "--runtime", "nowhere", "busybox", "true");
  expect(gone).toMatchObject({
    code: 127,
    stderr: expect.stringContaining("the runtime could not be run: execve /no/such/runtime: no such file"),
  });
  const unknown = await engine.run("create", "--runtime", "zz", "busybox");
  expect(unknown.stderr).toContain("unknown or invalid runtime name: zz");
});

test("SIGHUP takes the default anew", async () => {
  writeFileSync(config, JSON.stringify({ runtimes, "default-runtime": "crun" }));
  engine.reload();
  await eventually("crun is the default", async () =>
    (await engine.ok("info", "-f", "{{.DefaultRuntime}}")).trim() === "crun" ? true : undefined,
  );
  await engine.ok("run", "--name", "box", "busybox", "true");
  expect(await inspect("{{.HostConfig.Runtime}}")).toBe("crun");
});
