/**
 * Debian's dockerd and containerd with `berth-runtime` in runc's place. All cases can be run that way:
 * `BERTH_DOCKERD_RUNTIME=$PWD/dist/berth-runtime BERTH_TARGETS=dockerd:docker bun test tests/conformance/run.test.ts`.
 */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../tools/lab/command.ts";
import { berthCommand } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { eventsSince } from "./cases/events.ts";
import { lifecycleCases } from "./cases/lifecycle.ts";
import { terminalCases } from "./cases/terminal.ts";
import { openLab, removeAll, type Lab, type Target } from "./target.ts";

setDefaultTimeout(180_000);

const name = "dockerd:docker";
const scratch = makeScratch("dockerd-runtime");
let lab: Lab | undefined;

const target = (): Target => {
  const [only] = lab?.targets ?? [];
  if (only === undefined) throw new Error("dockerd did not start");
  return only;
};

beforeAll(async () => {
  const path = join(scratch, "berth-runtime");
  const [program = ""] = berthCommand();
  symlinkSync(program, path);
  lab = await openLab({ names: [name], runtimes: { BERTH_DOCKERD_RUNTIME: path } });
}, 300_000);

afterAll(async () => {
  await lab?.close();
  removeScratch(scratch);
}, 180_000);

afterEach(async () => {
  await removeAll(target());
});

describe("dockerd with berth-runtime", () => {
  test("it is the runtime", async () => {
    const { text } = await target().api("GET", "/info");
    expect(JSON.parse(text)).toMatchObject({ DefaultRuntime: "lab" });
    await target().ok(["run", "-d", "--name", "box", "busybox", "sleep", "60"]);
    expect(await target().ok(["inspect", "box", "--format", "{{.HostConfig.Runtime}}"])).toBe("lab\n");
  });

  lifecycleCases(target);
  terminalCases(target);

  test("stats, update, top", async () => {
    await target().ok(["run", "-d", "--name", "box", "--memory", "64m", "busybox", "sleep", "60"]);
    const stats = ["stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", "box"];
    expect(await target().ok(stats)).toMatch(/^1 .* \/ 64MiB\n$/);
    await target().ok(["update", "--memory", "80m", "--memory-swap", "80m", "--pids-limit", "9", "box"]);
    expect(await target().ok(stats)).toMatch(/^1 .* \/ 80MiB\n$/);
    expect(await target().ok(["top", "box"])).toContain("sleep 60");
  });

  test("too much memory ends it, and inspect tells", async () => {
    // The program outlives its victims until dockerd has heard of one: containerd listens only some time after the start.
    const greedy = "trap 'exit 3' TERM; while :; do dd if=/dev/zero of=/dev/null bs=200M count=1; sleep 0.1; done";
    const limits = ["--memory", "20m", "--memory-swap", "20m"];
    const from = String(Math.floor(Date.now() / 1000) - 1);
    await target().ok(["run", "-d", "--name", "box", ...limits, "busybox", "sh", "-c", greedy]);
    await eventually("dockerd has heard of it", async () =>
      (await eventsSince(target(), from, "container=box", "event=oom")).length > 0 ? true : undefined,
    );
    await target().ok(["stop", "box"]);
    expect(await target().ok(["inspect", "box", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}"])).toBe(
      "3 true\n",
    );
  });

  test("health checks", async () => {
    const health = ["--health-cmd", "test -e /tmp/ok", "--health-interval", "200ms", "--health-retries", "1"];
    await target().ok(["run", "-d", "--name", "box", ...health, "busybox", "sleep", "60"]);
    const status = (): Promise<string> => target().ok(["inspect", "box", "--format", "{{.State.Health.Status}}"]);
    while ((await status()) !== "unhealthy\n") await Bun.sleep(100);
    await target().ok(["exec", "box", "touch", "/tmp/ok"]);
    while ((await status()) !== "healthy\n") await Bun.sleep(100);
  });
});
