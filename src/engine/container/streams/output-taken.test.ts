import { expect, test } from "bun:test";
import { EngineBench } from "../../testing/engine-bench.ts";

const never = new AbortController().signal;

test("docker-compat: an end is told once attached clients have the last of the output, whoever asks when", async () => {
  const bench = await EngineBench.open();
  const id = await bench.create({ Cmd: ["sleep"] });
  await bench.engine.containers.start(id);
  const [process] = [...bench.world.launcher.processes.values()].slice(-1);
  if (process === undefined) throw new Error("no process");
  const taking = Promise.withResolvers<undefined>();
  process.taking = taking.promise;
  const told: string[] = [];
  const note = (what: string, wait: { readonly result: Promise<unknown> }): Promise<unknown> =>
    wait.result.then(() => told.push(what));
  const before = note("before", bench.engine.containers.wait(id, "next-exit", never));
  const killed = bench.engine.containers.kill(id, "KILL");
  await process.exited();
  const after = note("after", bench.engine.containers.wait(id, "not-running", never));
  await Bun.sleep(0);
  expect(told).toEqual([]);
  expect((await bench.inspect(id)).State.Status).toBe("running");
  taking.resolve(undefined);
  await Promise.all([before, after, killed]);
  expect((await bench.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
});
