import { beforeEach, expect, test } from "bun:test";
import { Limit } from "#base/async.ts";
import { silentLog } from "#base/log.ts";
import { Container } from "../container/container.ts";
import { ContainerRegistry } from "../container/registry.ts";
import type { ContainerSpec } from "../container/spec.ts";
import { initialStatus } from "../container/status.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { FakeWorld } from "../testing/fake-world.ts";
import { runExecProbe, type ExecProbeDeps } from "./run-exec-probe.ts";

let world: FakeWorld;
let deps: ExecProbeDeps;
beforeEach(() => {
  world = new FakeWorld();
  const all = world.deps();
  deps = {
    ...all,
    clock: new FakeClock(0n),
    registry: new ContainerRegistry({ rows: all.containers, log: silentLog }),
    launches: new Limit(1),
  };
});

async function container(id: string): Promise<Container> {
  await deps.snapshots.prepare(id, [], undefined);
  const spec = { id, hostConfig: { NetworkMode: "none" }, config: {}, image: {} } as unknown as ContainerSpec;
  const life = { status: initialStatus, restartCount: 0, stoppedByUser: false };
  return new Container({ id, createdAtNs: 0n, spec, name: id, life });
}

test("a probe whose launch a paused container holds gives its turn to the others when nobody asks any more", async () => {
  const { launcher } = world;
  const launch = launcher.launch.bind(launcher);
  const thawed = Promise.withResolvers<void>();
  let held = 0;
  launcher.launch = async (request) => {
    if (held++ === 0) await thawed.promise;
    return launch(request);
  };
  const stop = new AbortController();
  const first = runExecProbe(deps, await container("a"), ["sleep"], 1000, stop.signal);
  const second = runExecProbe(deps, await container("b"), ["exit", "3"], 1000, new AbortController().signal);
  await settled();
  expect(held).toBe(1);
  stop.abort();
  expect(await second).toEqual({ exitCode: 3, output: "" });
  // It is done when nothing of it is left, as before.
  thawed.resolve();
  expect((await first).exitCode).toBe(137);
  expect([...world.directories].filter((path) => path.startsWith("/run/execs/"))).toEqual([]);
});

test("a probe that nobody asks for when its turn comes is not made", async () => {
  const { launcher } = world;
  const stop = new AbortController();
  stop.abort();
  const { exitCode } = await runExecProbe(deps, await container("a"), ["true"], 1000, stop.signal);
  expect(exitCode).toBe(-1);
  expect(launcher.processes.size).toBe(0);
});
