/** `x-schedule`: services that the engine starts by itself, over its restarts too. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../../tools/lab/command.ts";
import type { ScheduledRun } from "../../../src/spec/berth/schedule.ts";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;
let beganMs = 0;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bsched0", bip: "172.31.231.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
beforeEach(() => {
  beganMs = Date.now();
});
afterEach(() => side.clear());

const text = (schedule: string, command = "sh -c 'echo ran; exit 3'"): string =>
  `services: {job: {image: busybox, command: ${command}, stop_grace_period: 0s, x-schedule: ${schedule}}, web: {image: busybox, command: sleep 1000, stop_grace_period: 0s}}`;
const never = '"CRON_TZ=UTC 0 0 29 2 *"';
/** Of this test: those of the tests before are kept too. */
const history = async (): Promise<readonly ScheduledRun[]> =>
  (JSON.parse(await side.ok("schedule", "history", "--format", "json")) as readonly ScheduledRun[]).filter(
    ({ Due }) => Date.parse(Due) >= beganMs,
  );
const isUp = (): Promise<true> =>
  eventually("the container runs", async () =>
    (await side.engine.ok("ps", "-q", "--filter", "name=shop-job-1")) === "" ? undefined : true,
  );
const outcomes = (wanted: (runs: readonly ScheduledRun[]) => boolean): Promise<readonly ScheduledRun[]> =>
  eventually("the runs", async () => {
    const runs = await history();
    return wanted(runs) ? runs : undefined;
  });

test("started again and again, with its history; drift is shown and mended", async () => {
  side.project(text('"* * * * * *"'));
  const up = await side.compose("up", "-d", "--wait");
  expect(up).toMatchObject({ code: 0, stderr: expect.stringContaining("Container shop-job-1  Scheduled") });
  const runs = await outcomes((all) => all.filter(({ Outcome }) => Outcome === "ended").length >= 2);
  expect(runs.find(({ Outcome }) => Outcome === "ended")).toMatchObject({ ExitCode: 3, Message: "" });
  expect(await side.ok("schedule", "ls")).toMatch(
    /job +shop-job-1 +\* \* \* \* \* \* +in .*ago +(?:exit code 3|running)/u,
  );
  expect((await side.ok("schedule", "history")).split("\n")[0]).toMatch(/^SERVICE +CONTAINER +DUE +DURATION +RESULT$/u);
  expect(await side.ok("plan")).toBe("Nothing would change.\n");
  side.project(text('{cron: "0 0 29 2 *", timezone: UTC}'));
  expect(await side.ok("plan")).toBe("~ container shop-job-1: recreate, because its schedule changed\n");
  await side.ok("up", "-d");
  expect(await side.ok("schedule", "ls")).toContain("CRON_TZ=UTC 0 0 29 2 *");
  // What its predecessor did is kept.
  expect((await history()).length).toBeGreaterThanOrEqual(2);
});

test("what still runs is not started a second time", async () => {
  side.project(text('"* * * * * *"', "sleep 1000"));
  await side.ok("up", "-d");
  const runs = await outcomes((all) => all.some(({ Outcome }) => Outcome === "skipped"));
  expect(runs.at(-1)?.Outcome).toBe("running");
  await isUp();
});

test("over restarts of the engine: what was under way, missed, and made up for", async () => {
  side.project(text('"* * * * * *"', "sleep 1000"));
  await side.ok("up", "-d");
  await isUp();
  await side.engine.kill();
  await side.engine.start();
  // It ran on all the while.
  expect((await history()).filter(({ Outcome }) => Outcome === "running")).toHaveLength(1);
  await outcomes((all) => all.some(({ Outcome }) => Outcome === "missed" || Outcome === "skipped"));
  await side.engine.ok("kill", "shop-job-1");
  await outcomes((all) => all.some(({ Outcome, ExitCode }) => Outcome === "ended" && ExitCode === 137));
});

test("by hand, and only there where it is asked for", async () => {
  side.project(text(never));
  await side.ok("up", "-d");
  expect(await side.ok("schedule", "run", "job")).toBe("shop-job-1\n");
  await side.compose("wait", "job");
  const runs = await outcomes((all) => all[0]?.Outcome === "ended");
  expect(runs).toMatchObject([{ ExitCode: 3, Message: "", Started: expect.stringContaining("Z") }]);
  expect(await side.ok("logs", "--no-log-prefix", "job")).toBe("ran\n");
  expect((await side.compose("schedule", "run", "web")).stderr).toContain(
    'no container of service "web" has a schedule',
  );
  side.project(text(never, "sleep 1000"));
  await side.ok("up", "-d");
  await side.ok("schedule", "run", "job");
  const again = await side.compose("schedule", "run", "job");
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("container shop-job-1 still runs") });
  const web = await side.engine.api("POST", "/berth/schedules/shop-web-1/start");
  expect([web.status, web.text]).toEqual([404, expect.stringContaining("container shop-web-1 has no schedule")]);
  expect((await side.engine.api("POST", "/berth/schedules/nobody/start")).status).toBe(404);
  expect(await side.ok("run", "--rm", "-T", "job", "echo", "once")).toBe("once\n");
  expect(JSON.parse(await side.ok("schedule", "ls", "--format", "json"))).toHaveLength(1);
});

test.each([
  [text("often"), /compose.yaml:1: services.job.x-schedule.cron must be a line of cron/u],
  [text('"61 * * * *"'), /invalid schedule "61 \* \* \* \*"/u],
  [text(`{cron: ${never}, missed: later}`), /services.job.x-schedule.missed must be one of 'skip', 'run'/u],
  [text(never).replace("stop_grace", "restart: always, stop_grace"), /is started by schedule and by restart: always/u],
  [
    text(never).replace("sleep 1000", "sleep 1000, depends_on: {job: {condition: service_healthy}}"),
    /waits for service "job", which is started by schedule/u,
  ],
])("%s is refused", async (written, message) => {
  side.project(written);
  const up = await side.compose("up", "-d");
  expect(up.code).toBe(1);
  expect(up.stderr).toMatch(message);
});
