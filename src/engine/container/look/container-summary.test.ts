import { beforeEach, expect, test } from "bun:test";
import type { ContainerSummary } from "#spec/docker/container.ts";
import { decodeNetworkCreateRequest } from "#spec/docker/network-requests.ts";
import { EngineBench } from "../../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

async function only(size = false): Promise<ContainerSummary> {
  const [first] = await bench.engine.containers.list({ all: true, limit: 0, size, filters: new Map() });
  if (first === undefined) throw new Error("there is no container");
  return first;
}

test("a summary is the same object until something that it tells changes", async () => {
  const id = await bench.create({ Cmd: ["sleep"] }, "first");
  const seen = [await only()];
  const expectAnother = async (): Promise<ContainerSummary> => {
    const now = await only();
    expect(seen).not.toContain(now);
    expect(await only()).toBe(now);
    seen.push(now);
    return now;
  };
  expect(await only()).toBe(seen[0] as ContainerSummary);
  await bench.engine.containers.rename(id, "second");
  expect((await expectAnother()).Names).toEqual(["/second"]);
  await bench.engine.containers.start(id);
  expect((await expectAnother()).State).toBe("running");
  await bench.engine.networks.create(decodeNetworkCreateRequest({ Name: "blue" }));
  await bench.engine.networks.connect("blue", { Container: id, EndpointConfig: null });
  expect(Object.keys((await expectAnother()).NetworkSettings.Networks)).toContain("blue");
  await bench.engine.containers.kill(id, "");
  expect((await expectAnother()).State).toBe("exited");
});

test("time changes the status alone", async () => {
  const id = await bench.create({ Cmd: ["sleep"] });
  await bench.engine.containers.start(id);
  const before = await only();
  bench.world.pass(4 * 366 * 86_400);
  const after = await only();
  expect(after.Status).not.toBe(before.Status);
  expect({ ...after, Status: before.Status }).toEqual(before);
  await bench.engine.containers.remove(id, { force: true, volumes: false });
});

test("a link that leads to it is one of its names", async () => {
  await bench.create({}, "linked");
  const before = await only();
  await bench.create({ HostConfig: { Links: ["linked:db"] } }, "parent");
  const list = await bench.engine.containers.list({ all: true, limit: 0, size: false, filters: new Map() });
  expect(list[1]?.Names).toEqual(["/linked", "/parent/db"]);
  expect(before.Names).toEqual(["/linked"]);
  const again = await bench.engine.containers.list({ all: true, limit: 0, size: false, filters: new Map() });
  expect(again[1]).toBe(list[1] as ContainerSummary);
});

test("sizes are looked at each time", async () => {
  await bench.create();
  const [one, other] = [await only(true), await only(true)];
  expect(one.SizeRw).toBe(5);
  expect(other).not.toBe(one);
  expect((await only()).SizeRw).toBeUndefined();
});
