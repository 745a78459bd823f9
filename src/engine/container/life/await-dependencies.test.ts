import { beforeEach, describe, expect, test } from "bun:test";
import { EngineBench, refusal } from "../../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const dependent = (dependsOn: string, more: Record<string, string> = {}): Promise<string> =>
  bench.create({ Cmd: ["sleep"], Labels: { "berth.depends-on": dependsOn, ...more } }, "web");
const runs = async (id: string): Promise<boolean> => (await bench.inspect(id)).State.Running;
const healthy = { Healthcheck: { Test: ["CMD", "true"], Interval: 1_000_000 } };

describe("a start waits", () => {
  test("for a container to be started", async () => {
    const db = await bench.create({ Cmd: ["sleep"] }, "db");
    const web = await dependent("db");
    const start = bench.engine.containers.start(web);
    await Bun.sleep(5);
    expect(await runs(web)).toBe(false);
    await bench.engine.containers.start(db);
    await start;
    expect(await runs(web)).toBe(true);
  });

  test("for it to be healthy", async () => {
    const db = await bench.create({ Cmd: ["sleep"], ...healthy }, "db");
    const web = await dependent("db:healthy");
    const start = bench.engine.containers.start(web);
    await bench.engine.containers.start(db);
    expect(await runs(web)).toBe(false);
    await start;
    expect((await bench.inspect(db)).State.Health?.Status).toBe("healthy");
    expect(await runs(web)).toBe(true);
  });

  test("for it to have done its work", async () => {
    const job = await bench.create({ Cmd: ["exit", "0"] }, "job");
    const web = await dependent("job:completed");
    await bench.engine.containers.start(job);
    await bench.engine.containers.start(web);
    expect(await runs(web)).toBe(true);
  });
});

describe("a start is refused", () => {
  const start = async (id: string): Promise<string> => {
    const error = await refusal(bench.engine.containers.start(id));
    expect(error.kind).toBe("conflict");
    return error.message;
  };

  test("when the time is over", async () => {
    const db = await bench.create({ Cmd: ["sleep"], Healthcheck: { Test: ["CMD", "exit", "1"], Interval: 1e6 } }, "db");
    await bench.engine.containers.start(db);
    const web = await dependent("db:healthy", { "berth.depends-on.timeout": "40ms" });
    expect(await start(web)).toMatch(
      /^cannot start container web: it depends on db, which is not healthy after 40ms: it is running, (starting|unhealthy)$/,
    );
    expect(await runs(web)).toBe(false);
  });

  test("at once when waiting is no use", async () => {
    const web = await dependent("db:completed");
    expect(await start(web)).toBe(
      "cannot start container web: it depends on db, which is not completed: it does not exist",
    );
    const db = await bench.create({ Cmd: ["exit", "3"] }, "db");
    await bench.engine.containers.start(db);
    await bench.exitOf(db);
    expect(await start(web)).toBe(
      "cannot start container web: it depends on db, which is not completed: it has exited (3)",
    );
  });

  test("when there is no health to wait for", async () => {
    const db = await bench.create({ Cmd: ["sleep"] }, "db");
    await bench.engine.containers.start(db);
    const web = await dependent("db:healthy");
    expect(await start(web)).toContain("db, which is not healthy: it is running, without a health check");
  });
});

test("settings that cannot be are told when the container is made", async () => {
  const message = async (Labels: Record<string, string>): Promise<string> =>
    (await refusal(bench.create({ Labels }))).message;
  expect(await message({ "berth.depends-on": "db:soon" })).toContain("want NAME[:started|healthy|completed]");
  expect(await message({ "berth.depends-on": ":healthy" })).toContain('invalid berth.depends-on ":healthy"');
  expect(await message({ "berth.depends-on.timeout": "soon" })).toContain("invalid berth.depends-on.timeout");
  expect(await message({ "berth.depends-on.timeout": "-1s" })).toContain("invalid berth.depends-on.timeout");
  expect(await message({ "berth.on-unhealthy": "panic" })).toContain("want restart, stop or none");
  expect(await message({ "berth.health": "ftp://:1/" })).toContain("want http://…, https://… or tcp://…");
});

test("a restart by policy waits as well, until it is stopped", async () => {
  const db = await bench.create({ Cmd: ["sleep"] }, "db");
  await bench.engine.containers.start(db);
  const web = await bench.create(
    {
      Cmd: ["sleep"],
      HostConfig: { RestartPolicy: { Name: "always" }, Annotations: { "berth.depends-on": "db" } },
    },
    "web",
  );
  await bench.engine.containers.start(web);
  await bench.engine.containers.stop("db", { signal: "", timeoutSeconds: 1 });
  await bench.world.launcher.processes.get(`/run/containers/${web}`)?.signal(9);
  await Bun.sleep(150);
  expect((await bench.inspect(web)).State).toMatchObject({ Status: "restarting", ExitCode: 137 });
  await bench.engine.containers.stop(web, { signal: "", timeoutSeconds: 1 });
  expect((await bench.inspect(web)).State.Status).toBe("exited");
});

test("what is to be restarted after another waits only at restarts by policy", async () => {
  const again = { RestartPolicy: { Name: "always" } };
  const slow = { Healthcheck: { Test: ["CMD", "true"], Interval: 100_000_000 } };
  const db = await bench.create({ Cmd: ["sleep"], ...slow, HostConfig: again }, "db");
  const web = await bench.create(
    { Cmd: ["sleep"], HostConfig: { ...again, Annotations: { "berth.restart-after": "db:healthy,gone" } } },
    "web",
  );
  await bench.engine.containers.start(web);
  expect(await runs(web)).toBe(true);
  await bench.engine.containers.start(db);
  bench.world.launcher.processes.clear();
  await bench.another();
  while ((await bench.inspect(web)).State.Status !== "running") await Bun.sleep(1);
  expect((await bench.inspect(db)).State).toMatchObject({ Status: "running", Health: { Status: "healthy" } });
});
