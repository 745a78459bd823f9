import { beforeEach, expect, test } from "bun:test";
import { execConfig } from "#spec/docker/exec.ts";
import { decode } from "#spec/docker/schema.ts";
import { EngineBench, refusal } from "../testing/engine-bench.ts";

let bench: EngineBench;
let id: string;
beforeEach(async () => {
  bench = await EngineBench.open();
  id = await bench.create({ Cmd: ["sleep"] });
  await bench.engine.containers.start(id);
});

const create = (...Cmd: readonly string[]): string =>
  bench.engine.execs.create(id, decode(execConfig, { Cmd, AttachStdout: true })).Id;
const prepare = (exec: string) => bench.engine.execs.start(exec, { detach: true, consoleSize: undefined });
const processOf = (exec: string) => bench.world.launcher.processes.get(`/run/execs/${exec}`);

test("one that is being started cannot be started by another client", async () => {
  const exec = create("sleep");
  const first = prepare(exec);
  expect(() => prepare(exec)).toThrow(`exec command ${exec} is already running`);
  const running = await first.run();
  expect(() => prepare(exec)).toThrow(`exec command ${exec} is already running`);
  await processOf(exec)?.signal(9);
  await running.ended;
  expect(() => prepare(exec)).toThrow(`exec command ${exec} has already run`);
});

test("one that could not be started has already run", async () => {
  const exec = create("nope");
  await refusal(prepare(exec).run());
  expect(() => prepare(exec)).toThrow(`exec command ${exec} has already run`);
});

test("one whose monitor is lost has ended, with the code of an end that nobody saw", async () => {
  const exec = create("sleep");
  const { ended } = await prepare(exec).run();
  processOf(exec)?.lose();
  expect((await refusal(ended)).message).toContain("left no status");
  expect(bench.engine.execs.inspect(exec)).toMatchObject({ Running: false, ExitCode: 255 });
  expect(bench.world.published.at(-1)).toMatchObject({ action: "exec_die", attributes: { exitCode: "255" } });
});

test("one whose monitor is lost together with its container's end was killed with it", async () => {
  const exec = create("sleep");
  const { ended } = await prepare(exec).run();
  ended.catch(() => undefined);
  const process = processOf(exec);
  const stopped = bench.engine.containers.kill(id, "");
  process?.lose();
  await stopped;
  expect(bench.engine.execs.inspect(exec).Running).toBe(false);
});

test("clients that only create them fill nothing: the oldest that nobody has started make room", () => {
  const [first, second] = [create("true"), create("true")];
  const begun = prepare(first);
  for (let count = 0; count < 1000; count += 1) create("true");
  expect(bench.world.execRows.size).toBe(1001);
  expect(() => bench.engine.execs.inspect(second)).toThrow(`No such exec instance: ${second}`);
  expect(begun.exitCode()).toBeUndefined();
  expect(bench.engine.execs.inspect(first).Running).toBe(false);
});
