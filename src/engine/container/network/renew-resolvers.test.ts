import { beforeEach, expect, test } from "bun:test";
import { EngineBench } from "../../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const conf = (id: string): string => bench.world.texts.get(`/data/containers/${id}/resolv.conf`) ?? "";
const run = async (hostConfig: object = {}): Promise<string> => {
  const id = await bench.create({ Cmd: ["sleep"], HostConfig: hostConfig });
  await bench.engine.containers.start(id);
  return id;
};
const hostAsks = async (server: string): Promise<void> => {
  bench.world.texts.set("/etc/resolv.conf", `nameserver ${server}\n`);
  await bench.engine.containers.renewResolvers();
};

test("a running container asks whom the host asks from now on, by its file and by the name service", async () => {
  const id = await run();
  expect(conf(id)).toContain("nameserver 192.0.2.53\n");
  await hostAsks("192.0.2.54");
  expect(conf(id)).toContain("nameserver 192.0.2.54\n");
  expect(conf(id)).not.toContain("192.0.2.53");
  expect(bench.world.upstreams.get(id)).toEqual([{ address: "192.0.2.54", from: "host" }]);
});

test("what somebody else wrote into the file stays", async () => {
  const id = await run();
  const path = `/data/containers/${id}/resolv.conf`;
  bench.world.texts.set(path, `${conf(id)}options attempts:4\n`);
  const changed = conf(id);
  await hostAsks("192.0.2.54");
  expect(conf(id)).toBe(changed);
  expect(bench.world.upstreams.get(id)).toEqual([{ address: "192.0.2.54", from: "host" }]);
});

test("servers of the container's own stay, and a change of the host's search list comes", async () => {
  const id = await run({ Dns: ["192.0.2.1"] });
  bench.world.texts.set("/etc/resolv.conf", "nameserver 192.0.2.54\nsearch new.example\n");
  await bench.engine.containers.renewResolvers();
  expect(conf(id)).toContain("nameserver 192.0.2.1\nsearch new.example\n");
  expect(conf(id)).not.toContain("192.0.2.54");
  expect(bench.world.upstreams.get(id)).toEqual([{ address: "192.0.2.1", from: "host" }]);
});

test("containers in the host's network follow too; those that rest do at their start", async () => {
  const [inHost, resting] = [await run({ NetworkMode: "host" }), await bench.create()];
  await hostAsks("127.0.0.1");
  expect(conf(inHost)).toContain("nameserver 127.0.0.1\n");
  expect(bench.world.upstreams.has(resting)).toBe(false);
  expect(conf(resting)).toBe("");
});
