import { beforeEach, describe, expect, test } from "bun:test";
import { EngineBench, refusal } from "./testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

describe("reconcile after the engine was killed", () => {
  test("a running container goes on, and its end is seen", async () => {
    const id = await bench.create({ Cmd: ["sleep"] });
    await bench.engine.containers.start(id);
    const next = await bench.another();
    expect((await next.containers.inspect(id, { size: false })).State.Running).toBe(true);
    await next.containers.stop(id, { signal: "", timeoutSeconds: 5 });
    expect(await bench.exitOf(id)).toBe(143);
    await bench.cleared();
  });

  test("an end that nobody saw is settled with its code", async () => {
    const id = await bench.create({ Cmd: ["sleep"] });
    await bench.engine.containers.start(id);
    const row = bench.world.rows.get(id);
    await bench.engine.containers.kill(id, "");
    // As it was when the engine died: the row says running, the shim's status file has the end.
    if (row !== undefined) bench.world.rows.set(id, row);
    await bench.another();
    expect(await bench.exitOf(id)).toBe(137);
  });

  test("a half-made one is undone, a half-removed one removed, one lost with the machine says 255", async () => {
    const half = await bench.create({ Cmd: ["sleep"] });
    const removing = await bench.create({ Cmd: ["sleep"] });
    const lost = await bench.create({ Cmd: ["sleep"] });
    const created = { state: "created", exitCode: 0, error: "" } as const;
    const put = (
      id: string,
      status: NonNullable<ReturnType<typeof bench.world.rows.get>>["status"]["status"],
    ): void => {
      const row = bench.world.rows.get(id);
      if (row !== undefined) bench.world.rows.set(id, { ...row, status: { ...row.status, status } });
    };
    const halfWithRm = await bench.create({ Cmd: ["sleep"], HostConfig: { AutoRemove: true } });
    put(halfWithRm, { state: "starting", before: created });
    put(half, { state: "starting", before: created });
    put(removing, { state: "removing", before: created });
    put(lost, { state: "running", pid: 5, startedAtNs: "1" });
    bench.world.cgroups.add(`/berth/${half}`);
    bench.world.snapshots.add("9".repeat(64));
    const next = await bench.another();
    expect((await next.containers.inspect(half, { size: false })).State).toMatchObject({
      Status: "created",
      ExitCode: 128,
    });
    expect((await refusal(next.containers.inspect(removing, { size: false }))).kind).toBe("not-found");
    expect(bench.world.rows.has(halfWithRm)).toBe(false);
    expect(await bench.exitOf(lost)).toBe(255);
    expect(bench.world.snapshots.has("9".repeat(64))).toBe(false);
    expect(bench.world.leftovers).toEqual([]);
  });

  test("policies act: always is started again, unless-stopped stays stopped by a person", async () => {
    const always = await bench.create({ Cmd: ["sleep"], HostConfig: { RestartPolicy: { Name: "always" } } });
    const unless = await bench.create({ Cmd: ["sleep"], HostConfig: { RestartPolicy: { Name: "unless-stopped" } } });
    for (const id of [always, unless]) {
      await bench.engine.containers.start(id);
      await bench.engine.containers.stop(id, { signal: "", timeoutSeconds: 5 });
    }
    const next = await bench.another();
    await Bun.sleep(20);
    expect((await next.containers.inspect(always, { size: false })).State.Running).toBe(true);
    expect((await next.containers.inspect(unless, { size: false })).State.Running).toBe(false);
    await next.containers.remove(always, { force: true, volumes: false });
  });
});

test("what belongs to no container and cannot be removed does not keep the engine from coming up", async () => {
  const [stuck, other] = ["8".repeat(64), "9".repeat(64)];
  bench.world.snapshots.add(stuck);
  bench.world.snapshots.add(other);
  const remove = bench.world.snapshots.delete.bind(bench.world.snapshots);
  bench.world.snapshots.delete = (key) => {
    if (key === stuck) throw new Error("device or resource busy");
    return remove(key);
  };
  await bench.another();
  expect([...bench.world.snapshots]).toEqual([stuck]);
});

test("an engine that goes down in order stops its containers, and their policies act next time", async () => {
  const id = await bench.create({ Cmd: ["sleep"], HostConfig: { RestartPolicy: { Name: "unless-stopped" } } });
  await bench.engine.containers.start(id);
  await bench.engine.shutdown();
  expect(bench.world.leftovers).toEqual([]);
  await bench.another();
  await Bun.sleep(20);
  expect((await bench.inspect(id)).State.Running).toBe(true);
  await bench.engine.containers.remove(id, { force: true, volumes: false });
});
