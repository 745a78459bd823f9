import { beforeEach, expect, test } from "bun:test";
import { silentLog } from "#base/log.ts";
import type { SupervisedProcess } from "#runtime/types.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { decode } from "#spec/docker/schema.ts";
import { Container } from "../container/container.ts";
import { ContainerRegistry } from "../container/registry.ts";
import type { ContainerSpec } from "../container/spec.ts";
import type { EventInput } from "../ports.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { FakeWorld } from "../testing/fake-world.ts";
import { HealthMonitor, type RunProbe } from "./health-monitor.ts";

const startNs = 1_700_000_000_000_000_000n;
const id = "c".repeat(64);

let clock: FakeClock;
let world: FakeWorld;
let monitor: HealthMonitor;
let registry: ContainerRegistry;
let container: Container;
let told: string[];
let unhealthy: number;
/** What probes answer, first to last; then 0. A function is a probe that takes time. */
let answers: (number | Promise<number>)[];
let probes: { startMs: number; aborted: boolean }[];
let running: number;
/** The container's process has ended, and nobody told of it yet. */
let ending: boolean;

const runProbe: RunProbe = async (_container, _probe, _timeout, signal) => {
  const probe = { startMs: Number(clock.nowNs() - startNs) / 1e6, aborted: false };
  probes.push(probe);
  running += 1;
  expect(running).toBe(1);
  const exitCode = await (answers.shift() ?? 0);
  running -= 1;
  probe.aborted = signal.aborted;
  return { exitCode, output: "" };
};

/** A monitor over the same world, as the next engine has it. */
function engine(): void {
  const events = { publish: (event: EventInput) => void told.push(event.action) };
  const deps = world.deps();
  registry = new ContainerRegistry({ rows: deps.containers, log: silentLog });
  monitor = new HealthMonitor({
    registry,
    clock,
    events: { ...deps.events, ...events },
    files: deps.files,
    paths: deps.paths,
    processes: { isEnding: () => ending },
    log: silentLog,
    runProbe,
    onUnhealthy: () => (unhealthy += 1),
  });
}

function create(Healthcheck: Record<string, unknown>): void {
  const spec = {
    id,
    image: { id: "", reference: "busybox", diffIds: [] },
    config: decode(containerConfig, { Healthcheck }),
  } as unknown as ContainerSpec;
  const status = { state: "running", pid: 7, startedAtNs: String(startNs) } as const;
  container = new Container({
    id,
    createdAtNs: startNs,
    spec,
    name: "web",
    life: { status, restartCount: 0, stoppedByUser: false },
  });
  container.life = { ...container.life, ...monitor.atStart(container) };
  registry.insert(container);
  monitor.watch(container);
}

const health = () => container.life.health;
const begun = (): number[] => probes.map(({ startMs }) => startMs);

beforeEach(() => {
  clock = new FakeClock(startNs);
  world = new FakeWorld();
  told = [];
  answers = [];
  probes = [];
  running = 0;
  unhealthy = 0;
  ending = false;
  engine();
});

const everySecond = { Test: ["CMD", "true"], Interval: 1e9, Retries: 2 };

test("the first probe comes after one interval, the next an interval after its end", async () => {
  create(everySecond);
  expect(health()).toEqual({ status: "starting", failingStreak: 0, log: [] });
  const slow = Promise.withResolvers<number>();
  answers = [slow.promise];
  await clock.advance(999);
  expect(begun()).toEqual([]);
  await clock.advance(4_000);
  expect(begun()).toEqual([1000]);
  slow.resolve(0);
  await settled();
  expect(told).toEqual(["health_status: healthy"]);
  await clock.advance(2_000);
  expect(begun()).toEqual([1000, 5999, 6999]);
});

test("a change is told once, and once it is unhealthy somebody is called", async () => {
  create(everySecond);
  answers = [0, 0, 1, 1, 1, 0];
  await clock.advance(6_000);
  expect(told).toEqual(["health_status: healthy", "health_status: unhealthy", "health_status: healthy"]);
  expect(unhealthy).toBe(1);
  expect(health()?.log.map(({ exitCode }) => exitCode)).toEqual([0, 1, 1, 1, 0]);
});

test("a start period has a rhythm of its own and failures in it do not count", async () => {
  create({ ...everySecond, StartPeriod: 3e9, StartInterval: 4e8 });
  answers = Array.from({ length: 20 }, () => 1);
  await clock.advance(2_900);
  expect(begun()).toEqual([400, 800, 1200, 1600, 2000, 2400, 2800]);
  expect(health()).toMatchObject({ status: "starting", failingStreak: 0 });
  await clock.advance(2_400);
  expect(begun().slice(7)).toEqual([3200, 4200, 5200]);
  expect(health()).toMatchObject({ status: "unhealthy", failingStreak: 3 });
});

test("who is not watched any more is not probed, and a probe under way counts for nothing", async () => {
  create(everySecond);
  const slow = Promise.withResolvers<number>();
  answers = [slow.promise];
  await clock.advance(1_000);
  monitor.unwatch(container);
  monitor.watch(container);
  await clock.advance(10_000);
  expect(begun()).toEqual([1000]);
  slow.resolve(1);
  await settled();
  expect(probes[0]?.aborted).toBe(true);
  // The new watch's probe waited for the old one's end: they never overlap.
  expect(begun()).toEqual([1000, 11_000]);
  expect(health()?.log.map(({ exitCode }) => exitCode)).toEqual([0]);
  monitor.unwatch(container);
  await clock.advance(10_000);
  expect(probes.length).toBe(2);
  expect(clock.waiting).toBe(0);
});

test("a probe that meets the container's end counts for nothing", async () => {
  create(everySecond);
  container.process = { pid: 7, startTicks: 1n } as SupervisedProcess;
  await clock.advance(1_000);
  const before = health();
  expect(before?.status).toBe("healthy");
  answers = [1];
  ending = true;
  await clock.advance(10_000);
  expect(probes.length).toBe(2);
  expect(health()).toEqual(before);
});

test("without a check, or with one of a kind nobody knows, there is nothing to do", () => {
  create({ Test: ["WAT", "x"] });
  expect(health()).toBeUndefined();
  expect(clock.waiting).toBe(0);
});

test("the next engine goes on where the killed one was", async () => {
  create(everySecond);
  answers = [1, 1, 1];
  await clock.advance(3_300);
  const before = health();
  expect(before).toMatchObject({ status: "unhealthy", failingStreak: 3 });
  // Killed; its timers are gone with it.
  clock = new FakeClock(clock.nowNs() + 200_000_000n);
  engine();
  container = registry.find("web");
  expect(health()?.failingStreak).toBe(2);
  await monitor.recall(container);
  expect(health()).toEqual(before);
  monitor.watch(container);
  probes = [];
  await clock.advance(600);
  expect(begun()).toEqual([4000]);
  expect(told.at(-1)).toBe("health_status: healthy");
});

test("five hundred checks wait on as many timers and nothing else", async () => {
  create({ ...everySecond, Interval: 30e9 });
  for (let index = 0; index < 499; index += 1) {
    const { spec, life } = container;
    const other = new Container({ id: `${index}`, createdAtNs: startNs, spec, name: `n${index}`, life });
    registry.insert(other);
    monitor.watch(other);
  }
  expect(clock.waiting).toBe(500);
  await clock.advance(29_999);
  expect(probes.length).toBe(0);
  await monitor.close();
  expect(clock.waiting).toBe(0);
});

test("an engine that goes down does not wait for a probe that a paused container holds", async () => {
  create(everySecond);
  answers = [new Promise<number>(() => {})];
  await clock.advance(1_000);
  let closed = false;
  const closing = monitor.close().then(() => (closed = true));
  await clock.advance(4_000);
  expect(closed).toBe(false);
  await clock.advance(1_000);
  await closing;
  expect(clock.waiting).toBe(0);
});
