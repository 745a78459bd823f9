/** The engine is killed with probes under way and restarts waiting: the next one goes on where it was. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import type { ExitReport } from "#spec/berth/exit-report.ts";
import type { ContainerHealth } from "#spec/docker/container.ts";
import { eventually } from "../../tools/lab/command.ts";
import { untilNow } from "../../tools/lab/until-now.ts";
import { BusyboxEngine } from "./busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bhealth0", bip: "172.31.245.1/24" });
});
afterAll(() => engine.close());
afterEach(() => engine.removeAll());

const inspect = async (name: string, format: string): Promise<string> =>
  (await engine.ok("inspect", "-f", format, name)).trim();
const healthOf = async (name: string): Promise<ContainerHealth> =>
  JSON.parse(await inspect(name, "{{json .State.Health}}")) as ContainerHealth;
const exitsOf = async (name: string): Promise<readonly ExitReport[]> => {
  const { text } = await engine.api("GET", `/v1.51/berth/containers/${name}/why`);
  return (JSON.parse(text) as { Exits: ExitReport[] }).Exits;
};
/** How many there are; a probe's shell has the command in its own line. */
const slowProbes = async (name: string): Promise<number> =>
  (await engine.ok("top", name)).match(/ sleep 500$/gm)?.length ?? 0;

test("a probe under way does not outlive its engine, and probing goes on with the log it had", async () => {
  const script = "test -e /slow && sleep 500; exit 1";
  const flags = [
    "--health-cmd",
    script,
    "--health-interval",
    "300ms",
    "--health-timeout",
    "1h",
    "--health-retries",
    "1",
  ];
  await engine.ok("run", "-d", "--name", "probed", ...flags, "busybox", "sleep", "1000");
  const before = await eventually("unhealthy", async () => {
    const health = await healthOf("probed");
    return health.Status === "unhealthy" ? health : undefined;
  });
  await engine.ok("exec", "probed", "touch", "/slow");
  await eventually("a slow probe", async () => ((await slowProbes("probed")) > 0 ? true : undefined));
  const streak = (await healthOf("probed")).FailingStreak;
  await engine.kill();
  await engine.start();
  const after = await healthOf("probed");
  expect(after).toMatchObject({ Status: "unhealthy", FailingStreak: streak });
  expect(after.Log.map(({ Start }) => Start)).toContain(before.Log.at(-1)?.Start ?? "");
  // The old probe is gone; the one there may be now is the new engine's, and it is one.
  await engine.ok("exec", "probed", "rm", "/slow");
  await eventually("at most one slow probe", async () => ((await slowProbes("probed")) <= 1 ? true : undefined));
  await engine.kill();
  await engine.start();
  await eventually("probing goes on", async () =>
    (await healthOf("probed")).FailingStreak > streak ? true : undefined,
  );
  await eventually("no slow probe", async () => ((await slowProbes("probed")) === 0 ? true : undefined));
});

test("a container that ended meanwhile is unhealthy, explained, and its last words are kept", async () => {
  const flags = ["--health-cmd", "test -e /up", "--health-interval", "200ms", "--health-retries", "1000"];
  const script = "trap 'echo last words; exit 3' USR1; touch /up; while :; do sleep 0.1; done";
  await engine.ok("run", "-d", "--name", "short", ...flags, "busybox", "sh", "-c", script);
  await eventually("healthy", async () => ((await healthOf("short")).Status === "healthy" ? true : undefined));
  const pid = await inspect("short", "{{.State.Pid}}");
  await engine.kill();
  process.kill(Number(pid), "SIGUSR1");
  await eventually("its end", () => (existsSync(`/proc/${pid}`) ? undefined : true));
  await engine.start();
  // Its monitor may still be writing down how it ended.
  expect(await engine.ok("wait", "short")).toBe("3\n");
  expect(await healthOf("short")).toMatchObject({ Status: "unhealthy", FailingStreak: 0 });
  const [exit] = await exitsOf("short");
  expect(exit).toMatchObject({ Cause: "self", ExitCode: 3, Reason: "it exited with code 3" });
  expect(exit?.LastOutput.at(-1)).toEndWith(" last words");
});

test("a restart that waits is resumed, with its count and its pause", async () => {
  await engine.ok("run", "-d", "--name", "again", "--restart", "on-failure:7", "busybox", "sh", "-c", "exit 4");
  // One of those of 1.6 s and more.
  const paused = await eventually("a long pause", async () => {
    const [, count] = /^([4-6]) restarting$/.exec(await inspect("again", "{{.RestartCount}} {{.State.Status}}")) ?? [];
    return count === undefined ? undefined : Number(count);
  });
  await engine.kill();
  await engine.start();
  expect(Number(await inspect("again", "{{.RestartCount}}"))).toBeGreaterThanOrEqual(paused);
  await eventually("the last restart", async () =>
    (await inspect("again", "{{.RestartCount}} {{.State.Status}}")) === "7 exited" ? true : undefined,
  );
  const exits = await exitsOf("again");
  expect(exits.map(({ ExitCode, RestartCount }) => `${ExitCode} ${RestartCount}`)).toEqual(
    [7, 6, 5, 4, 3, 2, 1, 0].map((count) => `4 ${count}`),
  );
  const pauseMs = (index: number): number =>
    Date.parse(exits[index]?.StartedAt ?? "") - Date.parse(exits[index + 1]?.FinishedAt ?? "");
  // The pause went on doubling over the engine's end: 100 ms, 200 … 6.4 s.
  expect(pauseMs(0)).toBeGreaterThanOrEqual(6400);
  expect(pauseMs(1)).toBeGreaterThanOrEqual(3200);
});

test("what a person stopped: always comes up with the engine, unless-stopped does not", async () => {
  for (const policy of ["always", "unless-stopped"]) {
    await engine.ok("run", "-d", "--name", policy, "--restart", policy, "busybox", "sleep", "1000");
    await engine.ok("stop", "-t", "0", policy);
  }
  await engine.ok("run", "-d", "--name", "up", "--restart", "unless-stopped", "busybox", "sleep", "1000");
  await engine.kill();
  await engine.start();
  await eventually("always is up", async () =>
    (await inspect("always", "{{.State.Status}}")) === "running" ? true : undefined,
  );
  expect(await inspect("unless-stopped", "{{.State.Status}}")).toBe("exited");
  expect(await inspect("up", "{{.State.Status}} {{.RestartCount}}")).toBe("running 0");
  // Started by the engine, it is under its policy again.
  const pid = Number(await inspect("always", "{{.State.Pid}}"));
  process.kill(pid, "SIGKILL");
  await eventually("started again", async () =>
    (await inspect("always", "{{.State.Status}} {{.RestartCount}}")) === "running 1" ? true : undefined,
  );
});

test("events that were shown are kept, over a killed engine, and times go on", async () => {
  const from = String(Date.now() / 1000);
  await engine.ok("run", "--rm", "--name", "kept", "busybox", "true");
  const shown = await engine.ok("events", "--since", from, "--until", untilNow(), "--format", "{{json .}}");
  expect(shown.split("\n").length).toBeGreaterThan(5);
  await engine.kill();
  await engine.start();
  await engine.ok("create", "--name", "later", "busybox");
  const replayed = await engine.ok("events", "--since", from, "--until", untilNow(), "--format", "{{json .}}");
  expect(replayed.startsWith(shown)).toBe(true);
  expect(replayed.slice(shown.length)).toContain('"later"');
  const times = replayed
    .split("\n")
    .map((line) => /"timeNano":(\d+)/.exec(line)?.[1])
    .filter((time) => time !== undefined);
  expect(times).toEqual(times.toSorted());
});
