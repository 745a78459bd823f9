import { beforeEach, expect, test } from "bun:test";
import { EngineBench } from "../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const sick = (action: string, RestartPolicy: Record<string, unknown> = {}): Promise<string> =>
  bench.create({
    Cmd: ["sleep"],
    Healthcheck: { Test: ["CMD", "exit", "1"], Interval: 2_000_000, Retries: 2 },
    HostConfig: { Annotations: { "berth.on-unhealthy": action }, RestartPolicy },
  });
const told = (): readonly string[] => bench.world.published.map(({ action }) => action);

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await Bun.sleep(2);
}

test("an unhealthy container is started again, whatever its policy", async () => {
  for (const policy of [{}, { Name: "always" }]) {
    const id = await sick("restart", policy);
    await bench.engine.containers.start(id);
    await until(async () => (await bench.inspect(id)).RestartCount >= 2);
    await bench.engine.containers.remove(id, { force: true, volumes: false });
  }
  const first = told()
    .slice(told().indexOf("health_status: unhealthy"))
    .filter((action) => !action.startsWith("exec_"));
  expect(first.slice(0, 8)).toEqual([
    "health_status: unhealthy",
    "kill",
    "die",
    "disconnect",
    "stop",
    "connect",
    "start",
    "restart",
  ]);
  await until(() => bench.world.leftovers.length === 0);
});

test("an unhealthy container is stopped and stays so", async () => {
  const id = await sick("stop", { Name: "always" });
  await bench.engine.containers.start(id);
  await until(async () => (await bench.inspect(id)).State.Status === "exited");
  await Bun.sleep(150);
  expect((await bench.inspect(id)).State).toMatchObject({ Status: "exited", Health: { Status: "unhealthy" } });
  expect((await bench.inspect(id)).RestartCount).toBe(0);
  await until(() => bench.world.leftovers.length === 0);
});

test("otherwise it is only told", async () => {
  const id = await sick("none");
  await bench.engine.containers.start(id);
  await until(() => told().includes("health_status: unhealthy"));
  await Bun.sleep(20);
  expect((await bench.inspect(id)).State.Running).toBe(true);
  await bench.engine.containers.remove(id, { force: true, volumes: false });
});
