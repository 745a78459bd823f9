import { describe, expect, test } from "bun:test";
import { eventually } from "../../../tools/lab/command.ts";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import type { Target } from "../target.ts";
import { eventsSince } from "./events.ts";

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly {
    readonly Start: string;
    readonly End: string;
    readonly ExitCode: number;
    readonly Output: string;
  }[];
}

/** Health checks as Docker has them. */
export function healthCases(target: () => Target): void {
  const healthOf = async (name: string): Promise<Health | null> =>
    JSON.parse(await target().ok(["inspect", "-f", "{{json .State.Health}}", name])) as Health | null;
  const becomes = (name: string, status: string): Promise<Health> =>
    eventually(`${name} is ${status}`, async () => {
      const health = await healthOf(name);
      return health?.Status === status ? health : undefined;
    });
  const statusOf = async (name: string): Promise<string> =>
    (await target().ok(["ps", "-a", "--filter", `name=${name}`, "--format", "{{.Status}}"])).trim();
  const namesBy = async (health: string): Promise<string> =>
    (await target().ok(["ps", "-a", "--filter", `health=${health}`, "--format", "{{.Names}}"])).trim();
  const create = async (name: string, body: Record<string, unknown>): Promise<string> => {
    const answer = await target().api("POST", `/containers/create?name=${name}`, {
      Image: "busybox",
      Cmd: ["sleep", "60"],
      ...body,
    });
    return `${answer.status} ${(JSON.parse(answer.text) as { message?: string }).message ?? ""}`;
  };
  const often = ["--health-interval", "200ms", "--health-retries", "2", "--health-timeout", "60s"];

  describe("health", () => {
    test("starting, unhealthy, healthy: inspect, ps, filter and events", async () => {
      const from = String(Date.now() / 1000);
      await target().ok(["run", "-d", "--name", "sick", "--health-cmd", "cat /ok", ...often, "busybox", "sleep", "60"]);
      await target().ok(["run", "-d", "--name", "none", "busybox", "sleep", "60"]);
      expect(await healthOf("none")).toBeNull();
      const sick = await becomes("sick", "unhealthy");
      expect(sick.FailingStreak).toBeGreaterThanOrEqual(2);
      expect(sick.Log[0]).toEqual({
        Start: expect.any(String),
        End: expect.any(String),
        ExitCode: 1,
        Output: "cat: can't open '/ok': No such file or directory\n",
      });
      expect(await statusOf("sick")).toMatch(/^Up .* \(unhealthy\)$/);
      expect([await namesBy("unhealthy"), await namesBy("none"), await namesBy("healthy")]).toEqual([
        "sick",
        "none",
        "",
      ]);
      await target().ok(["exec", "sick", "touch", "/ok"]);
      const well = await becomes("sick", "healthy");
      expect(well.FailingStreak).toBe(0);
      expect(well.Log.at(-1)).toMatchObject({ ExitCode: 0, Output: "" });
      expect(await statusOf("sick")).toMatch(/^Up .* \(healthy\)$/);
      expect(await namesBy("healthy")).toBe("sick");
      await eventually("five results", async () => ((await healthOf("sick"))?.Log.length === 5 ? true : undefined));
      const health = await eventsSince(target(), from, "event=health_status");
      expect(health.map(({ Action }) => Action)).toEqual(["health_status: unhealthy", "health_status: healthy"]);
      expect(health[0]?.Actor.Attributes).toEqual({ image: "busybox", name: "sick" });
      const exact = await eventsSince(target(), from, "event=health_status: healthy");
      expect(exact.map(({ Action }) => Action)).toEqual(["health_status: healthy"]);
    });

    test("every probe is told as an exec", async () => {
      const from = String(Date.now() / 1000);
      await target().ok(["run", "-d", "--name", "told", "--health-cmd", "exit 3", ...often, "busybox", "sleep", "60"]);
      await becomes("told", "unhealthy");
      const execs = (await eventsSince(target(), from, "container=told")).filter(({ Action }) =>
        Action.startsWith("exec_"),
      );
      expect(execs.slice(0, 3).map(({ Action }) => Action)).toEqual([
        "exec_create: /bin/sh -c exit 3",
        "exec_start: /bin/sh -c exit 3",
        "exec_die",
      ]);
      const execID = execs[0]?.Actor.Attributes["execID"] ?? "";
      expect(execID).toMatch(/^[0-9a-f]{64}$/);
      expect(execs[2]?.Actor.Attributes).toEqual({ execID, exitCode: "3", image: "busybox", name: "told" });
    });

    test("output of both streams is kept up to 4096 bytes", async () => {
      const long = "head -c 5000 /dev/zero | tr '\\0' x; exit 2";
      await target().ok(["run", "-d", "--name", "long", "--health-cmd", long, ...often, "busybox", "sleep", "60"]);
      const [first] = (await becomes("long", "unhealthy")).Log;
      expect(first?.ExitCode).toBe(2);
      expect(first?.Output).toBe(`${"x".repeat(4096)}...`);
      const both = "echo out; echo err >&2; exit 1";
      await target().ok(["run", "-d", "--name", "both", "--health-cmd", both, ...often, "busybox", "sleep", "60"]);
      const output = (await becomes("both", "unhealthy")).Log[0]?.Output ?? "";
      expect(output.split("\n").toSorted()).toEqual(["", "err", "out"]);
    });

    test("a probe that takes too long is killed with all it started", async () => {
      const slow = ["--health-interval", "200ms", "--health-timeout", "400ms", "--health-retries", "1"];
      await target().ok([
        "run",
        "-d",
        "--name",
        "slow",
        "--health-cmd",
        "sleep 50; true",
        ...slow,
        "busybox",
        "sleep",
        "60",
      ]);
      const health = await becomes("slow", "unhealthy");
      expect(health.Log[0]).toMatchObject({ ExitCode: -1, Output: "Health check exceeded timeout (400ms)" });
      await target().ok(["pause", "slow"]);
      // The reference leaves what the shell had started.
      if (target().name.startsWith("berth")) {
        await target().ok(["unpause", "slow"]);
        await eventually("no probe is left", async () =>
          (await target().ok(["top", "slow"])).includes("sleep 50") ? undefined : true,
        );
      }
    });

    test("a command that is not there", async () => {
      await create("nope", { Healthcheck: { Test: ["CMD", "nope"], Interval: 2e8, Retries: 1 } });
      await target().ok(["start", "nope"]);
      const health = await becomes("nope", "unhealthy");
      expect(health.Log[0]).toMatchObject({
        ExitCode: -1,
        Output:
          'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
      });
    });

    test("runs as the container's user, in its directory, with its environment and shell", async () => {
      await create("mine", {
        User: "1000",
        WorkingDir: "/tmp",
        Env: ["A=b"],
        Shell: ["/bin/sh", "-uc"],
        Healthcheck: { Test: ["CMD-SHELL", "id -u; pwd; echo $A; echo $UNSET"], Interval: 2e8, Retries: 1 },
      });
      await target().ok(["start", "mine"]);
      const [first] = (await becomes("mine", "unhealthy")).Log;
      expect(first?.ExitCode).toBe(2);
      expect((first?.Output ?? "").split("\n").toSorted()).toEqual(
        ["", "/bin/sh: UNSET: parameter not set", "/tmp", "1000", "b"].toSorted(),
      );
    });

    test("paused and stopped it counts as unhealthy, a start begins anew and keeps the log", async () => {
      const check = ["--health-cmd", "[ ! -e /slow ] || sleep 50", ...often];
      await target().ok(["run", "-d", "--name", "held", ...check, "busybox", "sleep", "60"]);
      await becomes("held", "healthy");
      await target().ok(["pause", "held"]);
      expect((await healthOf("held"))?.Status).toBe("unhealthy");
      expect(await statusOf("held")).toMatch(/ \(Paused\)$/);
      await target().ok(["unpause", "held"]);
      await becomes("held", "healthy");
      await target().ok(["stop", "-t", "0", "held"]);
      const stopped = await healthOf("held");
      expect(stopped).toMatchObject({ Status: "unhealthy", FailingStreak: 0 });
      expect(await statusOf("held")).toMatch(/^Exited /);
      // When it runs for the second time, no probe ends while the last lines look.
      await target().ok(["cp", "-", "held:/"], { stdin: writeTar([{ path: "slow", content: "" }]) });
      await target().ok(["start", "held"]);
      const started = await healthOf("held");
      expect(started?.Status).toBe("starting");
      expect(started?.Log).toEqual(stopped?.Log as Health["Log"]);
      expect(await statusOf("held")).toMatch(/^Up .* \(health: starting\)$/);
    });

    test("a signal that thaws a paused container brings its probes back", async () => {
      const body = ["busybox", "sh", "-c", "trap : USR1; echo up; while :; do sleep 0.1; done"];
      await target().ok(["run", "-d", "--name", "thawed", "--health-cmd", "true", ...often, ...body]);
      await becomes("thawed", "healthy");
      await target().ok(["pause", "thawed"]);
      await target().ok(["kill", "-s", "USR1", "thawed"]);
      await becomes("thawed", "healthy");
      await target().ok(["rm", "-f", "thawed"]);
    });

    test("no check: NONE, --no-healthcheck, an unknown kind, a check without a test", async () => {
      expect(await create("h-none", { Healthcheck: { Test: ["NONE"] } })).toBe("201 ");
      expect(await create("h-wat", { Healthcheck: { Test: ["WAT", "x"] } })).toBe("201 ");
      expect(await create("h-empty", { Healthcheck: { Test: [], Interval: 5_000_000 } })).toBe("201 ");
      await target().ok(["create", "--name", "h-off", "--no-healthcheck", "busybox", "sleep", "60"]);
      await target().ok(["create", "--name", "h-int", "--health-interval", "1s", "busybox", "sleep", "60"]);
      for (const name of ["h-none", "h-wat", "h-empty", "h-off", "h-int"]) {
        await target().ok(["start", name]);
        expect(await healthOf(name)).toBeNull();
      }
      const config = await target().ok(["inspect", "-f", "{{json .Config.Healthcheck}}", "h-off"]);
      expect(JSON.parse(config)).toEqual({ Test: ["NONE"] });
      expect((await target().run(["run", "--no-healthcheck", "--health-cmd", "true", "busybox"])).stderr).toContain(
        "--no-healthcheck conflicts with --health-* options",
      );
    });

    test("times and counts that cannot be", async () => {
      const refused = (more: Record<string, unknown>): Promise<string> =>
        create("bad", { Healthcheck: { Test: ["CMD", "true"], ...more } });
      expect(await refused({ Interval: 1 })).toBe("400 Interval in Healthcheck cannot be less than 1ms");
      expect(await refused({ Timeout: 1 })).toBe("400 Timeout in Healthcheck cannot be less than 1ms");
      expect(await refused({ StartPeriod: 1 })).toBe("400 StartPeriod in Healthcheck cannot be less than 1ms");
      expect(await refused({ Interval: -5 })).toBe("400 Interval in Healthcheck cannot be less than 1ms");
      expect(await refused({ Retries: -1 })).toBe("400 Retries in Healthcheck cannot be negative");
      const filter = await target().run(["ps", "--filter", "health=bogus"]);
      expect(filter.stderr).toMatch(/unrecognised filter value for health: bogus/i);
    });

    test("failures in the start period do not count", async () => {
      const failing = (name: string, startPeriod: string): Promise<string> =>
        target().ok([
          ...["run", "-d", "--name", name, "--health-cmd", "cat /ok", "--health-interval", "200ms"],
          ...["--health-start-period", startPeriod, "--health-retries", "1", "busybox", "sleep", "600"],
        ]);
      await failing("starts", "1h");
      await failing("started", "1s");
      const tried = await eventually("a failure", async () => {
        const health = await healthOf("starts");
        return (health?.Log.length ?? 0) > 0 ? health : undefined;
      });
      expect(tried).toMatchObject({ Status: "starting", FailingStreak: 0 });
      await becomes("started", "unhealthy");
    });
  });
}
