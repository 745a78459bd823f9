import { expect, test } from "bun:test";
import { EngineBench } from "../../testing/engine-bench.ts";

const now = { signal: "", timeoutSeconds: 5 };

test("of two restarts at once the one that is done first does not let --rm act in the middle of the other", async () => {
  const bench = await EngineBench.open();
  const { published } = bench.world;
  const id = await bench.create({ Cmd: ["sleep"], HostConfig: { AutoRemove: true } });
  await bench.engine.containers.start(id);
  // The second comes as soon as the first has started it again, and stops it when the first is done.
  let second: Promise<void> | undefined;
  const push = published.push.bind(published);
  published.push = (event) => {
    if (event.action === "start") second ??= bench.engine.containers.restart(id, now);
    return push(event);
  };
  await bench.engine.containers.restart(id, now);
  await second;
  expect((await bench.inspect(id)).State.Running).toBe(true);
  await bench.engine.containers.remove(id, { force: true, volumes: false });
  expect(bench.world.leftovers).toEqual([]);
});
