/** What an ended container leaves goes after its end was told; nobody may meet what is left. */
import { beforeEach, describe, expect, test } from "bun:test";
import { EngineBench, refusal } from "../../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const never = new AbortController().signal;
const removed = { HostConfig: { AutoRemove: true } };

/** Every cgroup that is to go from now on stays until it is let go. */
function holdCleanUp(): { readonly begun: Promise<void>; letGo(): void } {
  const [begun, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  bench.world.removingCgroup = async () => {
    begun.resolve();
    await gone.promise;
  };
  return { begun: begun.promise, letGo: gone.resolve };
}

const told = (id: string): readonly string[] =>
  bench.world.published.filter((event) => event.id === id).map(({ action }) => action);

/** Run to the end, and be told. */
async function ended(body: Readonly<Record<string, unknown>>, condition: "next-exit" | "removed", name = "") {
  const id = await bench.create(body, name);
  const { result } = bench.engine.containers.wait(id, condition, never);
  await bench.engine.containers.start(id);
  await result;
  return id;
}

test("an end is told before what is left of it is cleared, and the next start waits for that", async () => {
  const cleanUp = holdCleanUp();
  const id = await ended({ Cmd: ["exit", "3"] }, "next-exit");
  expect((await bench.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 3 });
  expect(bench.world.endpoints.size).toBe(0);
  await cleanUp.begun;
  let started = false;
  const start = bench.engine.containers.start(id).then(() => (started = true));
  await Bun.sleep(0);
  expect(started).toBe(false);
  cleanUp.letGo();
  await start;
  expect(told(id).filter((action) => action === "start")).toHaveLength(2);
});

test("why is answered when the end that was told has its report", async () => {
  const id = await ended({ Cmd: ["exit", "3"] }, "next-exit");
  expect((await bench.engine.containers.why(id)).Exits.map(({ ExitCode }) => ExitCode)).toEqual([3]);
  const gone = await ended({ Cmd: ["exit", "4"], ...removed }, "removed", "web");
  const answer = await bench.engine.containers.why("web");
  expect(answer).toMatchObject({ Id: gone, Name: "web" });
  expect(answer.Exits.map(({ ExitCode }) => ExitCode)).toEqual([4]);
});

describe("--rm", () => {
  test("the name is free when it is told to be gone, again and again, and reports keep it", async () => {
    const cleanUp = holdCleanUp();
    const ids: string[] = [];
    for (const code of [1, 2, 3]) {
      const id = await ended({ Cmd: ["exit", String(code)], ...removed }, "removed", "web");
      ids.push(id);
      expect((await refusal(bench.inspect(id))).kind).toBe("not-found");
      expect(told(id).slice(-2)).toEqual(["die", "destroy"]);
    }
    expect(bench.world.rows.size).toBe(3);
    cleanUp.letGo();
    await bench.cleared();
    expect(bench.world.rows.size).toBe(0);
    expect(
      bench.world.exits.map(({ containerId, containerName }) => [containerId, containerName]).toReversed(),
    ).toEqual(ids.map((id) => [id, "web"]));
  });

  test("what an engine leaves that is killed then is cleared by the next one, and not told again", async () => {
    holdCleanUp();
    const id = await ended({ Cmd: ["exit", "6"], ...removed }, "removed", "web");
    bench.world.removingCgroup = undefined;
    const next = await bench.another();
    expect(bench.world.rows.size).toBe(0);
    expect(bench.world.snapshots.size).toBe(0);
    expect(bench.world.leftovers).toEqual([]);
    expect(told(id).filter((action) => action === "destroy")).toHaveLength(1);
    expect((await next.containers.why(id)).Exits.map(({ ExitCode }) => ExitCode)).toContain(6);
  });

  test("an engine killed before it told of it has the next one tell", async () => {
    holdCleanUp();
    const id = await ended({ Cmd: ["exit", "6"], ...removed }, "removed");
    bench.world.published.length = bench.world.history.length = 0;
    bench.world.removingCgroup = undefined;
    await bench.another();
    expect(told(id)).toEqual(["destroy"]);
  });

  test("what cannot be removed comes back, under its id when its name is another's by then", async () => {
    const { snapshots } = bench.world;
    const remove = snapshots.delete.bind(snapshots);
    snapshots.delete = () => {
      throw new Error("device or resource busy");
    };
    const id = await ended({ ...removed }, "removed", "web");
    const other = await bench.create({}, "web");
    while (bench.world.rows.get(id)?.status.status.state !== "dead") await Bun.sleep(0);
    expect((await bench.inspect("web")).Id).toBe(other);
    expect(await bench.inspect(id)).toMatchObject({ Name: `/${id}`, State: { Status: "dead" } });
    snapshots.delete = remove;
    await bench.engine.containers.remove(id, { force: false, volumes: false });
    expect([...bench.world.rows.keys()]).toEqual([other]);
  });

  test("an engine that goes down in order clears everything first", async () => {
    const cleanUp = holdCleanUp();
    await ended({ ...removed }, "removed");
    await cleanUp.begun;
    const down = bench.engine.shutdown();
    cleanUp.letGo();
    await down;
    expect(bench.world.rows.size).toBe(0);
    expect(bench.world.leftovers).toEqual([]);
  });
});

test("of a process that shares others' PID namespace all goes before its end is told", async () => {
  const id = await ended({ HostConfig: { PidMode: "host" } }, "next-exit");
  expect(bench.world.leftovers).toEqual([]);
  await bench.engine.containers.remove(id, { force: false, volumes: false });
});
