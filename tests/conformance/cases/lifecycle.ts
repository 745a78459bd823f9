import { expect, test } from "bun:test";
import { eventually } from "../../../tools/lab/command.ts";
import type { Target } from "../target.ts";

/** Containers over time: detached runs, logs, exec, stop, kill, wait, remove, listing. */
export function lifecycleCases(target: () => Target): void {
  const sleeper = (name: string, ...flags: string[]): Promise<string> =>
    target().ok(["run", "-d", "--name", name, ...flags, "busybox", "sleep", "60"]);

  /** A signal sent before the trap is set would find the default, which pid 1 ignores. */
  const untilUp = async (name: string): Promise<void> => {
    const logs = target().start(["logs", "-f", name]);
    await logs.waitFor(/up/);
    logs.signal("SIGTERM");
    await logs.end();
  };

  test("run -d prints the full id", async () => {
    expect(await sleeper("box")).toMatch(/^[0-9a-f]{64}\n$/);
  });

  test("logs gives both streams apart, -f follows to the end", async () => {
    const line = "echo one; echo two >&2; sleep 1; echo three";
    await target().ok(["run", "-d", "--name", "box", "busybox", "sh", "-c", line]);
    const followed = await target().run(["logs", "-f", "box"]);
    expect(followed).toEqual({ code: 0, stdout: "one\nthree\n", stderr: "two\n" });
    expect(await target().run(["logs", "box"])).toEqual(followed);
    expect(await target().ok(["logs", "--tail", "1", "box"])).toBe("three\n");
    expect(await target().ok(["logs", "-t", "--tail", "1", "box"])).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z three\n$/,
    );
    expect(await target().ok(["logs", "--since", "1h", "--until", "30m", "box"])).toBe("");
  });

  test("logs of nothing", async () => {
    const result = await target().run(["logs", "no-such"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^Error( response from daemon)?: No such container: no-such\n$/);
  });

  test("a partial last line is kept as it is", async () => {
    await target().ok(["run", "--name", "box", "busybox", "printf", "no newline"]);
    expect(await target().ok(["logs", "box"])).toBe("no newline");
  });

  test("exec runs beside the main process", async () => {
    await sleeper("box", "-e", "A=b", "-w", "/tmp");
    expect(await target().ok(["exec", "box", "sh", "-c", "echo $A; pwd; ps -o args | grep -c '^sleep 60'"])).toBe(
      "b\n/tmp\n1\n",
    );
    expect(
      await target().ok(["exec", "-e", "A=c", "-w", "/etc", "-u", "daemon", "box", "sh", "-c", "echo $A; pwd; id -un"]),
    ).toBe("c\n/etc\ndaemon\n");
    expect(await target().ok(["exec", "-i", "box", "cat"], { stdin: "in\n" })).toBe("in\n");
    expect(await target().run(["exec", "box", "sh", "-c", "echo e >&2; exit 9"])).toEqual({
      code: 9,
      stdout: "",
      stderr: "e\n",
    });
    expect(await target().ok(["exec", "-d", "box", "sh", "-c", "touch /from-exec"])).toBe("");
    // 20.10 says 126 for both.
    const absent = (await target().run(["exec", "box", "no-such"])).code;
    expect(absent).toBe(target().engine.kind === "dockerd" ? 126 : 127);
    expect((await target().run(["exec", "box", "/etc/passwd"])).code).toBe(126);
  });

  test("exec has the container's capabilities, filter and cgroup", async () => {
    await sleeper("box", "--cap-drop", "ALL", "--cap-add", "CHOWN", "--security-opt", "no-new-privileges");
    const line =
      "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | cut -f2 | tr '\\n' ' '; cmp /proc/1/cgroup /proc/self/cgroup && echo same";
    expect(await target().ok(["exec", "box", "sh", "-c", line])).toBe("0000000000000001 1 2 same\n");
  });

  test("exec needs a running container", async () => {
    await target().ok(["run", "--name", "box", "busybox", "true"]);
    const result = await target().run(["exec", "box", "true"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/[Cc]ontainer [0-9a-f]{64} is not running/);
  });

  test("stop sends TERM and waits", async () => {
    await target().ok([
      "run",
      "-d",
      "--name",
      "box",
      "busybox",
      "sh",
      "-c",
      "trap 'echo term; exit 5' TERM; echo up; while :; do sleep 0.1; done",
    ]);
    await untilUp("box");
    expect(await target().ok(["stop", "box"])).toBe("box\n");
    expect(await target().ok(["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "box"])).toBe("exited 5\n");
    expect(await target().ok(["logs", "box"])).toBe("up\nterm\n");
    expect(await target().ok(["stop", "box"])).toBe("box\n");
  });

  test("stop kills after the timeout", async () => {
    await sleeper("box");
    expect(await target().ok(["stop", "-t", "1", "box"])).toBe("box\n");
    expect(await target().ok(["inspect", "-f", "{{.State.ExitCode}}", "box"])).toBe("137\n");
  });

  test("--stop-signal", async () => {
    await target().ok([
      "run",
      "-d",
      "--name",
      "box",
      "--stop-signal",
      "USR1",
      "busybox",
      "sh",
      "-c",
      "trap 'exit 6' USR1; echo up; while :; do sleep 0.1; done",
    ]);
    await untilUp("box");
    await target().ok(["stop", "box"]);
    expect(await target().ok(["wait", "box"])).toBe("6\n");
  });

  test("kill sends any signal and refuses a stopped container", async () => {
    await target().ok([
      "run",
      "-d",
      "--name",
      "box",
      "busybox",
      "sh",
      "-c",
      "trap 'echo usr1' USR1; echo up; while :; do sleep 0.1; done",
    ]);
    const logs = target().start(["logs", "-f", "box"]);
    await logs.waitFor(/up/);
    expect(await target().ok(["kill", "-s", "USR1", "box"])).toBe("box\n");
    await logs.waitFor(/usr1/);
    await target().ok(["kill", "box"]);
    await logs.end();
    expect(await target().ok(["wait", "box"])).toBe("137\n");
    const again = await target().run(["kill", "box"]);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/is not running/);
  });

  test("wait gives the code, also of a container that has ended", async () => {
    await target().ok(["run", "-d", "--name", "box", "busybox", "sh", "-c", "sleep 1; exit 4"]);
    expect(await target().ok(["wait", "box"])).toBe("4\n");
    expect(await target().ok(["wait", "box"])).toBe("4\n");
  });

  test("create, start -a, start again", async () => {
    expect(await target().ok(["create", "--name", "box", "busybox", "sh", "-c", "echo run; exit 3"])).toMatch(
      /^[0-9a-f]{64}\n$/,
    );
    expect(await target().ok(["ps", "-a", "--format", "{{.Names}} {{.Status}}"])).toBe("box Created\n");
    expect(await target().run(["start", "-a", "box"])).toEqual({ code: 3, stdout: "run\n", stderr: "" });
    expect(await target().ok(["start", "box"])).toBe("box\n");
    await target().ok(["wait", "box"]);
    expect(await target().ok(["logs", "box"])).toBe("run\nrun\n");
  });

  test("what a container wrote is there when it starts again", async () => {
    await target().ok(["run", "--name", "box", "busybox", "sh", "-c", "echo x >> /f; cat /f"]);
    expect(await target().ok(["start", "-a", "box"])).toBe("x\nx\n");
  });

  test("a name is taken once", async () => {
    await sleeper("taken");
    const result = await target().run(["run", "--name", "taken", "busybox", "true"]);
    expect(result.code).toBe(125);
    expect(result.stderr).toMatch(
      /Conflict\. The container name "\/taken" is already in use by container "?[0-9a-f]{64}"?\. You have to remove \(or rename\) that container to be able to reuse that name\./,
    );
  });

  test("a bad name is refused", async () => {
    const result = await target().run(["create", "--name", "-bad!", "busybox"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("Invalid container name (-bad!), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
  });

  test("a running container is removed only by force", async () => {
    await sleeper("box");
    const result = await target().run(["rm", "box"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/container is running|cannot remove a running container/);
    expect(await target().ok(["rm", "-f", "box"])).toBe("box\n");
    expect((await target().run(["inspect", "box"])).code).toBe(1);
    expect((await target().run(["rm", "box"])).stderr).toMatch(/No such container: box/);
  });

  test("--rm leaves nothing", async () => {
    await target().ok(["run", "--rm", "--name", "box", "busybox", "true"]);
    const left = await target().ok(["ps", "-aq"]);
    expect(left).toBe("");
  });

  test("ids can be shortened", async () => {
    const id = (await sleeper("box")).trim();
    expect(await target().ok(["inspect", "-f", "{{.Name}}", id.slice(0, 6)])).toBe("/box\n");
    expect(await target().ok(["ps", "-q", "--filter", `id=${id.slice(0, 12)}`])).toBe(`${id.slice(0, 12)}\n`);
  });

  test("ps lists and filters", async () => {
    await sleeper("up", "--label", "kind=x");
    await target()
      .ok(["run", "--name", "down", "busybox", "sh", "-c", "exit 2"])
      .catch(() => "");
    expect(await target().ok(["ps", "--format", "{{.Names}} {{.Image}} {{.Command}}"])).toBe('up busybox "sleep 60"\n');
    expect(await target().ok(["ps", "-a", "--format", "{{.Names}}"])).toBe("down\nup\n");
    expect(await target().ok(["ps", "-a", "--filter", "exited=2", "--format", "{{.Names}}"])).toBe("down\n");
    expect(await target().ok(["ps", "-a", "--filter", "label=kind=x", "--format", "{{.Names}}"])).toBe("up\n");
    expect(await target().ok(["ps", "-a", "--filter", "status=running", "--format", "{{.Names}}"])).toBe("up\n");
    expect(await target().ok(["ps", "-a", "--filter", "name=ow", "--format", "{{.Status}}"])).toMatch(
      /^Exited \(2\) .* ago\n$/,
    );
    expect((await target().ok(["ps", "-a"])).split("\n")[0]).toMatch(
      /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/,
    );
  });

  test("inspect tells the configuration back", async () => {
    await sleeper(
      "box",
      "-m",
      "64m",
      "--cpus",
      "1.5",
      "-e",
      "A=b",
      "--label",
      "l=v",
      "--hostname",
      "h",
      "-v",
      "/tmp:/host:ro",
    );
    const [container] = JSON.parse(await target().ok(["inspect", "box"])) as [Record<string, any>];
    expect(container).toMatchObject({
      Name: "/box",
      Path: "sleep",
      Args: ["60"],
      Driver: expect.stringMatching(/^overlay/),
      State: { Status: "running", Running: true, Paused: false, OOMKilled: false, Dead: false, ExitCode: 0 },
      Config: { Hostname: "h", Cmd: ["sleep", "60"], Image: "busybox", Labels: { l: "v" }, Tty: false },
      HostConfig: { Memory: 64 << 20, MemorySwap: 128 << 20, NanoCpus: 1_500_000_000, Binds: ["/tmp:/host:ro"] },
      Mounts: [{ Type: "bind", Source: "/tmp", Destination: "/host", Mode: "ro", RW: false }],
    });
    expect(container["Id"]).toMatch(/^[0-9a-f]{64}$/);
    expect(container["State"].Pid).toBeGreaterThan(0);
    expect(container["Config"].Env).toContain("A=b");
    expect(Object.keys(container["NetworkSettings"].Networks)).toEqual(["bridge"]);
  });

  test("top lists the processes of the container", async () => {
    await sleeper("box");
    const printed = await target().ok(["top", "box"]);
    expect(printed.split("\n")[0]).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD/);
    expect(printed).toContain("sleep 60");
  });

  test("events tell the life of a container in order", async () => {
    const since = String(Math.floor(Date.now() / 1000) - 1);
    await target()
      .ok(["run", "--name", "watched", "--rm", "busybox", "sh", "-c", "exit 3"])
      .catch(() => "");
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const args = [
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "type=container",
      "--filter",
      "container=watched",
    ];
    const printed = await target().ok([...args, "--format", "{{.Action}}"]);
    expect(printed.split("\n").filter((line) => line !== "")).toEqual(["create", "attach", "start", "die", "destroy"]);
  });

  test("events come live", async () => {
    const events = target().start([
      "events",
      "--filter",
      "type=container",
      "--format",
      "{{.Actor.Attributes.name}} {{.Action}}",
    ]);
    try {
      await eventually("events are followed", async () => {
        await target().ok(["create", "--name", "before", "busybox"]);
        await target().ok(["rm", "before"]);
        return events.output().includes("before destroy") ? true : undefined;
      });
      await target().ok(["run", "--rm", "--name", "live", "busybox", "true"]);
      await events.waitFor(/live create[\s\S]*live start[\s\S]*live die[\s\S]*live destroy/);
    } finally {
      events.signal("SIGKILL");
      await events.end();
    }
  });

  test("attach sees the output and gives input", async () => {
    await target().ok([
      "run",
      "-d",
      "-i",
      "--name",
      "box",
      "busybox",
      "sh",
      "-c",
      "while read x; do echo got $x; [ $x = end ] && exit 8; done",
    ]);
    const attached = target().start(["attach", "box"]);
    attached.write("one\n");
    await attached.waitFor(/got one/);
    attached.write("end\n");
    await attached.waitFor(/got end/);
    expect(await attached.end()).toBe(8);
  });

  test("two attached clients both see the output", async () => {
    const script = "while read x; do echo both $x; test $x = end && exit; done";
    await target().ok(["run", "-d", "-i", "--name", "box", "busybox", "sh", "-c", script]);
    const first = target().start(["attach", "--sig-proxy=false", "box"]);
    const second = target().start(["attach", "--sig-proxy=false", "box"]);
    await eventually("both are attached", async () => {
      first.write("see\n");
      await Bun.sleep(50);
      return [first, second].every((client) => client.output().includes("both see")) ? true : undefined;
    });
    first.write("end\n");
    await Promise.all([first.waitFor(/both end/), second.waitFor(/both end/)]);
    await Promise.all([first.end(), second.end()]);
  });

  test("eight runs at once", async () => {
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, index) => target().run(["run", "--rm", "busybox", "echo", String(index)])),
    );
    expect(runs.map((run) => run.stdout.trim())).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    expect(runs.map((run) => run.stderr).join("")).toBe("");
  });
}
