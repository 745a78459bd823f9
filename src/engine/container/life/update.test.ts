import { beforeEach, describe, expect, test } from "bun:test";
import { BerthError } from "#base/errors.ts";
import { decodeUpdateRequest } from "#spec/docker/update.ts";
import { createEngine } from "../../engine.ts";
import type { ContainerSpec } from "../spec.ts";
import { EngineBench, refusal } from "../../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const MIB = 1 << 20;
const update = (id: string, body: unknown) => bench.engine.containers.update(id, decodeUpdateRequest(body));
const failure = async (id: string, body: unknown): Promise<string> => {
  const { kind, message } = await refusal(update(id, body));
  return `${kind}: ${message.replace(id, "ID")}`;
};

describe("update", () => {
  test("keeps what is not named, and is seen by inspect and by the next engine", async () => {
    const id = await bench.create({ HostConfig: { Memory: 64 * MIB, CpuShares: 100 } });
    const body = { Memory: 32 * MIB, PidsLimit: 7, RestartPolicy: { Name: "always" } };
    expect(await update(id, body)).toEqual({ Warnings: null });
    const expected = {
      Memory: 32 * MIB,
      MemorySwap: 128 * MIB,
      CpuShares: 100,
      PidsLimit: 7,
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
    };
    expect((await bench.inspect(id)).HostConfig).toMatchObject(expected);
    const [first, second] = [[{ Path: "/dev/a", Rate: 1 }], [{ Path: "/dev/b", Rate: 2 }]];
    await update(id, { PidsLimit: -1, BlkioDeviceReadBps: first, BlkioDeviceWriteIOps: first });
    await update(id, { BlkioDeviceReadBps: second, BlkioDeviceWriteIOps: [] });
    await bench.another();
    expect((await bench.inspect(id)).HostConfig).toMatchObject({
      ...expected,
      PidsLimit: 0,
      BlkioDeviceReadBps: second,
      BlkioDeviceWriteIOps: [],
    });
    expect(bench.world.published.filter(({ action }) => action === "update")).toHaveLength(3);
  });

  test("refuses values that cannot be", async () => {
    const id = await bench.create();
    expect(await failure(id, { Memory: 1 })).toBe("invalid-parameter: Minimum memory limit allowed is 6MB");
    expect(await failure(id, { CpuQuota: 500 })).toBe(
      "invalid-parameter: CPU cfs quota can not be less than 1ms (i.e. 1000)",
    );
    expect(await failure(id, { RestartPolicy: { Name: "no", MaximumRetryCount: 1 } })).toContain(
      "invalid-parameter: invalid restart policy: maximum retry count can only be used with 'on-failure'",
    );
    expect(await failure("nope", {})).toBe("not-found: No such container: ID");
    expect(() => decodeUpdateRequest({ Memory: "x" })).toThrow(
      "json: cannot unmarshal string into Go struct field UpdateConfig.Memory of type int64",
    );
  });

  test("refuses values that do not go with what is set", async () => {
    const nano = await bench.create({ HostConfig: { NanoCpus: 1e9 } });
    const quota = await bench.create({ HostConfig: { CpuQuota: 50_000, CpuPeriod: 100_000, Memory: 64 * MIB } });
    const once = await bench.create({ HostConfig: { AutoRemove: true } });
    const conflict = "conflict: Cannot update container ID: ";
    expect(await failure(nano, { CpuPeriod: 5000 })).toBe(
      `${conflict}Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set`,
    );
    expect(await failure(nano, { CpuQuota: 5000 })).toContain("CPU Quota cannot be updated as NanoCPUs");
    expect(await failure(quota, { NanoCpus: 1e9 })).toContain("Nano CPUs cannot be updated as CPU Period");
    expect(await failure(quota, { Memory: 256 * MIB })).toBe(
      `${conflict}Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
    );
    expect(await failure(quota, { MemorySwap: 10 })).toBe(
      "invalid-parameter: Cannot update container ID: Minimum memoryswap limit should be larger than memory limit, see usage",
    );
    expect(await failure(once, { RestartPolicy: { Name: "always" } })).toBe(
      `${conflict}Restart policy cannot be updated because AutoRemove is enabled for the container`,
    );
    expect(await update(once, { RestartPolicy: { Name: "no" } })).toEqual({ Warnings: null });
  });

  test("changes the limits of a container that runs, and keeps nothing of what the kernel refuses", async () => {
    const changes: (readonly [number, number])[] = [];
    let refuse = false;
    let undone = 0;
    const deps = bench.world.deps();
    const changeLimits = (before: ContainerSpec, after: ContainerSpec) => {
      if (refuse) throw new BerthError("invalid-parameter", "cannot set the memory limit");
      changes.push([before.hostConfig.Memory, after.hostConfig.Memory]);
      return { warnings: ["no swap here"], undo: () => void (undone += 1) };
    };
    let full = false;
    bench.engine = createEngine({
      ...deps,
      planner: { ...deps.planner, changeLimits },
      containers: {
        ...deps.containers,
        update(id, change) {
          if (full && change.spec !== undefined) throw new BerthError("resource-exhausted", "disk full");
          deps.containers.update(id, change);
        },
      },
    });
    const id = await bench.create({ Cmd: ["sleep"], HostConfig: { Memory: 64 * MIB } });
    await update(id, { Memory: 60 * MIB });
    expect(changes).toEqual([]);
    await bench.engine.containers.start(id);
    expect(await update(id, { Memory: 50 * MIB })).toEqual({ Warnings: ["no swap here"] });
    expect(changes).toEqual([[60 * MIB, 50 * MIB]]);
    full = true;
    expect(await failure(id, { Memory: 20 * MIB })).toBe("resource-exhausted: Cannot update container ID: disk full");
    expect(undone).toBe(1);
    full = false;
    refuse = true;
    expect(await failure(id, { Memory: 20 * MIB })).toBe(
      "invalid-parameter: Cannot update container ID: cannot set the memory limit",
    );
    expect((await bench.inspect(id)).HostConfig.Memory).toBe(50 * MIB);
    await bench.engine.containers.remove(id, { force: true, volumes: false });
  });
});
