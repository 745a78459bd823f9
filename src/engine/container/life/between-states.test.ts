/** What clients ask for while a container is on its way from one state to the next. */
import { beforeEach, expect, test } from "bun:test";
import { EngineBench, refusal } from "../../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const always = { RestartPolicy: { Name: "always" } };
const inTime = { signal: "", timeoutSeconds: 5 };

/** The next container's control group goes when it is let go; resolves when it is to go. */
function holdCleanUp(): { readonly begun: Promise<void>; letGo(): void } {
  const [begun, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  bench.world.removingCgroup = async () => {
    begun.resolve();
    await gone.promise;
  };
  return { begun: begun.promise, letGo: gone.resolve };
}

/** The next launch waits. */
function holdLaunch(): { readonly begun: Promise<void>; letGo(): void } {
  const { launcher } = bench.world;
  const launch = launcher.launch.bind(launcher);
  const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  launcher.launch = async (request) => {
    launcher.launch = launch;
    begun.resolve();
    await go.promise;
    return launch(request);
  };
  return { begun: begun.promise, letGo: go.resolve };
}

const stateOf = async (id: string): Promise<string> => (await bench.inspect(id)).State.Status;

test("one that has ended and is to start again is seen as restarting, never as exited", async () => {
  const cleanUp = holdCleanUp();
  const id = await bench.create({ Cmd: ["exit", "1"], HostConfig: always });
  await bench.engine.containers.start(id);
  await cleanUp.begun;
  expect(await stateOf(id)).toBe("restarting");
  const refused = await refusal(bench.engine.containers.remove(id, { force: false, volumes: false }));
  expect(refused.message).toContain("container is restarting: stop the container before removing");
  cleanUp.letGo();
  await bench.engine.containers.remove(id, { force: true, volumes: false });
});

test("a stop or a kill while its end is cleaned up after keeps it from starting again", async () => {
  for (const act of ["stop", "kill"] as const) {
    const cleanUp = holdCleanUp();
    const id = await bench.create({ Cmd: ["exit", "1"], HostConfig: always });
    await bench.engine.containers.start(id);
    await cleanUp.begun;
    const acting = act === "stop" ? bench.engine.containers.stop(id, inTime) : bench.engine.containers.kill(id, "TERM");
    cleanUp.letGo();
    await acting;
    expect(await stateOf(id)).toBe("exited");
    await Bun.sleep(150);
    expect(await stateOf(id)).toBe("exited");
    await bench.engine.containers.remove(id, { force: false, volumes: false });
  }
});

test("a stop, a kill or a restart while it starts is for the container that comes of it", async () => {
  for (const [act, ends] of [
    ["stop", "exited"],
    ["kill", "exited"],
    ["restart", "running"],
  ] as const) {
    const held = holdLaunch();
    const id = await bench.create({ Cmd: ["sleep"] });
    const starting = bench.engine.containers.start(id);
    await held.begun;
    const acting = act === "kill" ? bench.engine.containers.kill(id, "") : bench.engine.containers[act](id, inTime);
    held.letGo();
    await starting;
    await acting;
    expect(await stateOf(id)).toBe(ends);
    expect(bench.world.published.some(({ action, id: of }) => action === "kill" && of === id)).toBe(true);
    await bench.engine.containers.remove(id, { force: true, volumes: false });
  }
});

test("a removal without force that meets a start is refused", async () => {
  const id = await bench.create({ Cmd: ["exit", "1"], HostConfig: always });
  const held = holdLaunch();
  const starting = bench.engine.containers.start(id);
  // It looks before the start has begun, and gets its turn when the container has ended and is to start again.
  const removing = refusal(bench.engine.containers.remove(id, { force: false, volumes: false }));
  await held.begun;
  held.letGo();
  await starting;
  expect((await removing).message).toContain("stop the container before removing or force remove");
  await bench.engine.containers.remove(id, { force: true, volumes: false });
});
