/** What has happened to a container is so whether it can be written or not, and nobody waits for a disk. */
import { beforeEach, expect, test } from "bun:test";
import { BerthError } from "#base/errors.ts";
import { EngineBench, refusal } from "./testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const never = new AbortController().signal;
const broken = new BerthError("internal", "disk I/O error");
const breakDisk = (): void => void (bench.world.diskFailure = broken);
const mendDisk = (): void => void (bench.world.diskFailure = undefined);
const processOf = (id: string) => bench.world.launcher.processes.get(`/run/containers/${id}`);

test("an end is seen, told and cleaned up after; the row has it with the next change", async () => {
  const id = await bench.create({ Cmd: ["sleep"] });
  await bench.engine.containers.start(id);
  const exit = bench.engine.containers.wait(id, "next-exit", never).result;
  breakDisk();
  await processOf(id)?.signal(9);
  expect((await exit).StatusCode).toBe(137);
  expect((await bench.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
  await bench.cleared();
  mendDisk();
  await bench.engine.containers.start(id);
  expect(bench.world.rows.get(id)?.status.status.state).toBe("running");
  await bench.engine.containers.kill(id, "");
});

test("a policy acts all the same", async () => {
  const id = await bench.create({ Cmd: ["sleep"], HostConfig: { RestartPolicy: { Name: "always" } } });
  await bench.engine.containers.start(id);
  const exit = bench.engine.containers.wait(id, "next-exit", never).result;
  breakDisk();
  await processOf(id)?.signal(9);
  await exit;
  expect((await bench.inspect(id)).State.Status).toBe("restarting");
  mendDisk();
  while ((await bench.inspect(id)).State.Status !== "running") await Bun.sleep(5);
  await bench.engine.containers.remove(id, { force: true, volumes: false });
});

test("a start that cannot be written is undone, and who attached for it sees the end", async () => {
  const id = await bench.create({ Cmd: ["sleep"] });
  const request = { stream: true, stdin: false, stdout: true, stderr: true, logs: false };
  const { stream } = await bench.engine.containers.attach(id, request);
  const exit = bench.engine.containers.wait(id, "next-exit", never).result;
  const { launcher } = bench.world;
  const launch = launcher.launch.bind(launcher);
  launcher.launch = (asked) => {
    breakDisk();
    return launch(asked);
  };
  expect((await refusal(bench.engine.containers.start(id))).message).toBe("disk I/O error");
  await exit;
  expect(await Array.fromAsync(stream.readable)).toEqual([]);
  expect((await bench.inspect(id)).State).toMatchObject({ Status: "created", ExitCode: 128 });
  expect(bench.world.leftovers).toEqual([]);
  launcher.launch = launch;
  mendDisk();
  await bench.engine.containers.start(id);
  await bench.engine.containers.remove(id, { force: true, volumes: false });
});

test("what could not be paused for that goes on", async () => {
  const id = await bench.create({ Cmd: ["sleep"] });
  await bench.engine.containers.start(id);
  breakDisk();
  await refusal(bench.engine.containers.pause(id));
  expect((await bench.inspect(id)).State.Status).toBe("running");
  expect(bench.world.frozen.size).toBe(0);
  mendDisk();
  await bench.engine.containers.remove(id, { force: true, volumes: false });
});

test("a removal that fails at the last can be asked for again", async () => {
  const id = await bench.create();
  const { snapshots } = bench.world;
  const remove = snapshots.delete.bind(snapshots);
  snapshots.delete = (key) => {
    breakDisk();
    return remove(key);
  };
  const failed = await refusal(bench.engine.containers.remove(id, { force: false, volumes: false }));
  expect(failed.message).toBe(`container ${id}: failed to remove root filesystem: disk I/O error`);
  expect((await bench.inspect(id)).State.Status).toBe("dead");
  snapshots.delete = remove;
  mendDisk();
  await bench.engine.containers.remove(id, { force: false, volumes: false });
  expect(bench.world.rows.size).toBe(0);
});

test("a container that cannot be told a linked one's new address does not keep that from running and ending", async () => {
  const linked = await bench.create({ Cmd: ["sleep"] }, "linked");
  await bench.engine.containers.start(linked);
  const parent = await bench.create({ Cmd: ["sleep"], HostConfig: { Links: ["linked:db"] } }, "parent");
  await bench.engine.containers.start(parent);
  bench.world.unreadable = `/data/containers/${parent}/hosts`;
  await bench.engine.containers.restart(linked, { signal: "", timeoutSeconds: 5 });
  await bench.engine.containers.stop(linked, { signal: "", timeoutSeconds: 5 });
  expect(await bench.exitOf(linked)).toBe(143);
  await bench.engine.containers.remove(parent, { force: true, volumes: false });
  expect(bench.world.leftovers).toEqual([]);
});
