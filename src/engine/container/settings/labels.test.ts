import { beforeEach, describe, expect, test } from "bun:test";
import { EngineBench, refusal } from "../../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = new EngineBench();
  bench.world.selinux = {
    process: "system_u:system_r:container_t:s0",
    file: "system_u:object_r:container_file_t:s0",
    readOnlyFile: "system_u:object_r:container_ro_file_t:s0",
  };
  await bench.another();
});

const labelsOf = async (id: string): Promise<{ readonly process: string; readonly mount: string }> => {
  const { ProcessLabel, MountLabel } = await bench.inspect(id);
  return { process: ProcessLabel, mount: MountLabel };
};
const optionsOf = async (id: string): Promise<unknown> => (await bench.inspect(id)).HostConfig.SecurityOpt;
const levelOf = (label: string): string => label.split(":").slice(3).join(":");

describe("SELinux labels", () => {
  test("one pair of categories a container, kept over the engine's end; none where SELinux is off", async () => {
    const first = await labelsOf(await bench.create({}, "first"));
    expect(first.process).toMatch(/^system_u:system_r:container_t:s0:c\d+,c\d+$/);
    expect(first.mount).toBe(`system_u:object_r:container_file_t:${levelOf(first.process)}`);
    const second = await labelsOf(await bench.create());
    expect(levelOf(second.process)).not.toBe(levelOf(first.process));
    bench.world.selinux = undefined;
    await bench.another();
    expect(await labelsOf("first")).toEqual(first);
    expect(await labelsOf(await bench.create())).toEqual({ process: "", mount: "" });
  });

  test("as options say, in Docker's older form too; what they do not allow is refused and leaves nothing", async () => {
    const SecurityOpt = ["label=type:other_t", "label:level:s0:c5,c9", "label=filetype:other_file_t"];
    expect(await labelsOf(await bench.create({ HostConfig: { SecurityOpt } }))).toEqual({
      process: "system_u:system_r:other_t:s0:c5,c9",
      mount: "system_u:object_r:other_file_t:s0:c5,c9",
    });
    const before = [...bench.world.directories];
    const refused = await refusal(bench.create({ HostConfig: { SecurityOpt: ["label=nested"] } }));
    expect([refused.kind, refused.message]).toEqual([
      "invalid-parameter",
      `Bad label option "nested", valid options 'disable' or \n'user, role, level, type, filetype' followed by ':' and a value`,
    ]);
    expect([...bench.world.directories]).toEqual(before);
  });

  test("none for who may do everything, or shares the host's processes or memory", async () => {
    for (const host of [{ Privileged: true }, { PidMode: "host" }, { IpcMode: "host" }]) {
      const id = await bench.create({ HostConfig: { ...host, SecurityOpt: ["seccomp=unconfined"] } });
      expect(await labelsOf(id)).toEqual({
        process: "",
        mount: "system_u:object_r:container_file_t:s0:c1022,c1023",
      });
      expect(await optionsOf(id)).toEqual(["seccomp=unconfined", "label=disable"]);
    }
    const own = await bench.create({ HostConfig: { Privileged: true, SecurityOpt: ["label=type:other_t"] } });
    expect(await optionsOf(own)).toEqual(["label=type:other_t"]);
  });

  test("another's, with its processes or memory; not those of two", async () => {
    const first = await bench.create();
    const second = await bench.create();
    const { process } = await labelsOf(first);
    const joined = await bench.create({ HostConfig: { PidMode: `container:${first}`, IpcMode: `container:${first}` } });
    expect((await labelsOf(joined)).process).toBe(process);
    expect(await optionsOf(joined)).toContain(`label=level:${levelOf(process)}`);
    const both = { PidMode: `container:${first}`, IpcMode: `container:${second}` };
    expect((await refusal(bench.create({ HostConfig: both }))).message).toBe(
      "--ipc and --pid containers SELinux labels aren't the same",
    );
  });

  test("a start labels what is mounted with z and Z, volumes as shared, and its own files in /etc", async () => {
    const Binds = ["/data/s:/s:z", "/data/p:/p:ro,Z", "/data/n:/n", "v:/v"];
    for (const path of ["/data/s", "/data/p", "/data/n"]) bench.world.directories.add(path);
    const id = await bench.create({ HostConfig: { Binds } });
    await bench.engine.containers.start(id);
    const { mount } = await labelsOf(id);
    const shared = "system_u:object_r:container_file_t:s0";
    const labels = Object.fromEntries(bench.world.fileLabels);
    const { HostsPath, HostnamePath, ResolvConfPath, Mounts } = await bench.inspect(id);
    const volume = Mounts.find(({ Destination }) => Destination === "/v")?.Source ?? "";
    expect(labels).toEqual({
      "/data/s": shared,
      "/data/p": mount,
      [volume]: shared,
      [HostsPath]: mount,
      [HostnamePath]: mount,
      [ResolvConfPath]: mount,
    });
  });
});
