import { beforeEach, describe, expect, test } from "bun:test";
import { BerthError } from "#base/errors.ts";
import { execConfig } from "#spec/docker/exec.ts";
import { decode } from "#spec/docker/schema.ts";
import { EngineBench, refusal } from "./testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const never = new AbortController().signal;

describe("a run", () => {
  test("starts, ends with its code and leaves nothing behind", async () => {
    const id = await bench.create({ Cmd: ["exit", "7"] });
    const exit = bench.engine.containers.wait(id, "next-exit", never);
    await bench.engine.containers.start(id);
    expect((await exit.result).StatusCode).toBe(7);
    expect((await bench.inspect(id)).State).toMatchObject({
      Status: "exited",
      ExitCode: 7,
      Running: false,
    });
    await bench.cleared();
    expect(bench.world.published.map(({ action }) => action)).toEqual([
      "create",
      "connect",
      "start",
      "die",
      "disconnect",
    ]);
    expect(bench.world.published.at(-2)?.attributes).toMatchObject({
      exitCode: "7",
      image: "busybox",
      execDuration: expect.any(String),
    });
  });

  test("an attach before the start sees the output from its first byte", async () => {
    const id = await bench.create({ Cmd: ["echo", "early"], Tty: true });
    const { stream } = await bench.engine.containers.attach(id, {
      stream: true,
      stdin: false,
      stdout: true,
      stderr: true,
      logs: false,
    });
    await bench.engine.containers.start(id);
    const chunks: string[] = [];
    for await (const chunk of stream.readable) chunks.push(Buffer.from(chunk).toString());
    expect(chunks.join("")).toBe("early\n");
  });

  test("--rm removes it, and who waits for that gets its code", async () => {
    const id = await bench.create({ Cmd: ["exit", "4"], HostConfig: { AutoRemove: true } });
    const gone = bench.engine.containers.wait(id, "removed", never);
    await bench.engine.containers.start(id);
    expect((await gone.result).StatusCode).toBe(4);
    expect((await refusal(bench.inspect(id))).kind).toBe("not-found");
    await bench.cleared();
    expect(bench.world.rows.size).toBe(0);
    expect(bench.world.snapshots.size).toBe(0);
    expect(bench.world.directories.size).toBe(0);
    expect(bench.world.launcher.begun).toBe(0);
  });

  test("a command that is not there: 127, Docker's sentence, the container still `created`", async () => {
    const id = await bench.create({ Cmd: ["nope"] });
    const error = await refusal(bench.engine.containers.start(id));
    expect(error.kind).toBe("invalid-parameter");
    expect(error.message).toBe(
      'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    );
    expect((await bench.inspect(id)).State).toMatchObject({
      Status: "created",
      ExitCode: 127,
      Error: error.message,
    });
    expect(bench.world.leftovers).toEqual([]);
  });

  test("a taken port: told as Docker does, exit code 128, nothing kept", async () => {
    bench.world.networkFailure = new BerthError(
      "internal",
      "driver failed programming external connectivity on endpoint web (eee): Bind for 0.0.0.0:80 failed: port is already allocated",
    );
    const id = await bench.create();
    expect((await refusal(bench.engine.containers.start(id))).message).toBe(
      "failed to set up container networking: driver failed programming external connectivity on endpoint web (eee): Bind for 0.0.0.0:80 failed: port is already allocated",
    );
    expect((await bench.inspect(id)).State.ExitCode).toBe(128);
    expect(bench.world.leftovers).toEqual([]);
  });

  test("a forced removal that meets a start under way ends what was started", async () => {
    const id = await bench.create({ Cmd: ["sleep"] });
    const starting = bench.engine.containers.start(id);
    await bench.engine.containers.remove(id, { force: true, volumes: false });
    await starting;
    expect(bench.world.rows.size).toBe(0);
    expect(bench.world.leftovers).toEqual([]);
  });

  test("a network that is not there is told at the start", async () => {
    const id = await bench.create({ HostConfig: { NetworkMode: "blue" } });
    const error = await refusal(bench.engine.containers.start(id));
    expect(error.kind).toBe("not-found");
    expect(error.message).toBe("failed to set up container networking: network blue not found");
  });

  test("what was killed is not frozen on its way out", async () => {
    const id = await bench.create({ Cmd: ["sleep"] });
    await bench.engine.containers.start(id);
    const process = [...bench.world.launcher.processes.values()].at(-1);
    if (process === undefined) throw new Error("nothing was launched");
    const signal = process.signal.bind(process);
    Object.assign(process, { signal: async () => {} });
    const killed = bench.engine.containers.kill(id, "");
    expect((await refusal(bench.engine.containers.pause(id))).message).toBe(`container ${id} is not running`);
    expect((await bench.inspect(id)).State).toMatchObject({ Status: "running", Paused: false });
    Object.assign(process, { signal });
    await process.signal(9);
    await killed;
  });

  test("what a running or stopped container refuses", async () => {
    const id = await bench.create({ Cmd: ["sleep"] }, "web");
    expect((await refusal(bench.engine.containers.stop(id, { signal: "", timeoutSeconds: 1 }))).kind).toBe(
      "not-modified",
    );
    expect((await refusal(bench.engine.containers.kill(id, ""))).message).toBe(
      `cannot kill container: ${id}: container ${id} is not running`,
    );
    expect((await refusal(bench.engine.containers.unpause(id))).message).toBe(`Container ${id} is not paused`);
    expect((await refusal(bench.engine.containers.top(id, ""))).message).toBe(`container ${id} is not running`);
    await bench.engine.containers.start(id);
    expect((await refusal(bench.engine.containers.start(id))).kind).toBe("not-modified");
    const still = await refusal(bench.engine.containers.remove("web", { force: false, volumes: false }));
    expect(still.kind).toBe("conflict");
    expect(still.message).toBe(
      'cannot remove container "/web": container is running: stop the container before removing or force remove',
    );
    await bench.engine.containers.pause(id);
    expect((await refusal(bench.engine.containers.remove("web", { force: false, volumes: false }))).message).toBe(
      'cannot remove container "/web": container is paused and must be unpaused first',
    );
    expect((await refusal(bench.engine.containers.start(id))).message).toBe(
      "cannot start a paused container, try unpause instead",
    );
    await bench.engine.containers.remove("web", { force: true, volumes: false });
    expect(bench.world.leftovers).toEqual([]);
    expect((await refusal(bench.engine.containers.start("web"))).message).toBe("No such container: web");
  });

  test("stop sends the stop signal and tells kill, die, stop in this order", async () => {
    const id = await bench.create({ Cmd: ["sleep"], StopSignal: "SIGINT" });
    await bench.engine.containers.start(id);
    await bench.engine.containers.stop(id, { signal: "", timeoutSeconds: 5 });
    expect(await bench.exitOf(id)).toBe(130);
    expect(bench.world.published.map(({ action }) => action)).toEqual([
      "create",
      "connect",
      "start",
      "kill",
      "die",
      "disconnect",
      "stop",
    ]);
  });

  test("a process that ignores its stop signal is killed after the timeout", async () => {
    const id = await bench.create({ Cmd: ["cat"], OpenStdin: true });
    await bench.engine.containers.start(id);
    await bench.engine.containers.stop(id, { signal: "", timeoutSeconds: 0 });
    expect(await bench.exitOf(id)).toBe(137);
  });

  test("what does not end when it is killed is told, and settled when it ends", async () => {
    const id = await bench.create({ Cmd: ["sleep"] }, "held");
    await bench.engine.containers.start(id);
    const process = [...bench.world.launcher.processes.values()].at(-1);
    if (process === undefined) throw new Error("nothing was launched");
    const signal = process.signal.bind(process);
    Object.assign(process, { signal: () => new Promise<void>(() => {}) });
    bench.world.secondMs = 1;
    const late = "tried to kill container, but did not receive an exit event";
    const { stop, kill, remove } = bench.engine.containers;
    for (const [work, message] of [
      [() => stop("held", { signal: "", timeoutSeconds: 3 }), `cannot stop container: held: ${late}`],
      [() => kill("held", ""), `cannot kill container: held: ${late}`],
      [
        () => remove("held", { force: true, volumes: false }),
        `cannot remove container "/held": could not kill: ${late}`,
      ],
    ] as const)
      expect(await refusal(work())).toMatchObject({ kind: "internal", message });
    expect((await bench.inspect(id)).State.Status).toBe("running");
    Object.assign(process, { signal });
    await process.signal(9);
    expect(await bench.exitOf(id)).toBe(137);
  });

  test("a timeout of more than what a timer takes is not over at once", async () => {
    const id = await bench.create({ Cmd: ["cat"], OpenStdin: true });
    await bench.engine.containers.start(id);
    const stopping = bench.engine.containers.stop(id, { signal: "", timeoutSeconds: 3_000_000 });
    await Bun.sleep(20);
    expect((await bench.inspect(id)).State.Running).toBe(true);
    await bench.engine.containers.kill(id, "");
    await stopping;
  });

  test("on-failure starts again until the count is used up", async () => {
    const id = await bench.create({
      Cmd: ["exit", "1"],
      HostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } },
    });
    await bench.engine.containers.start(id);
    while ((await bench.inspect(id)).RestartCount < 2) await Bun.sleep(20);
    expect(await bench.exitOf(id)).toBe(1);
    expect((await bench.inspect(id)).RestartCount).toBe(2);
  });

  test("the end of a container that removed itself can be waited for a moment longer, by its id", async () => {
    const id = await bench.create({ Cmd: ["exit", "4"], HostConfig: { AutoRemove: true } }, "brief");
    const removed = bench.engine.containers.wait(id, "removed", AbortSignal.timeout(5_000)).result;
    await bench.engine.containers.start(id);
    expect(await removed).toEqual({ StatusCode: 4 });
    expect(await bench.engine.containers.wait(id, "not-running", AbortSignal.timeout(5_000)).result).toEqual({
      StatusCode: 4,
    });
    expect(() => bench.engine.containers.wait("brief", "not-running", AbortSignal.timeout(5_000))).toThrow(
      "No such container: brief",
    );
  });

  test("restart by a person under --rm does not remove it", async () => {
    const id = await bench.create({ Cmd: ["sleep"], HostConfig: { AutoRemove: true } });
    await bench.engine.containers.start(id);
    await bench.engine.containers.restart(id, { signal: "", timeoutSeconds: 5 });
    expect((await bench.inspect(id)).State.Running).toBe(true);
    await bench.engine.containers.kill(id, "KILL");
  });
});

describe("exec", () => {
  const execOf = (id: string, cmd: readonly string[]) =>
    bench.engine.execs.create(id, decode(execConfig, { Cmd: cmd, AttachStdout: true })).Id;

  test("runs beside the container's process and keeps its code", async () => {
    const id = await bench.create({ Cmd: ["sleep"] });
    await bench.engine.containers.start(id);
    const exec = execOf(id, ["exit", "5"]);
    const { stream } = await bench.engine.execs.start(exec, { detach: false, consoleSize: undefined }).run();
    for await (const _ of stream?.readable ?? []) continue;
    await Bun.sleep(0);
    expect(bench.engine.execs.inspect(exec)).toMatchObject({ Running: false, ExitCode: 5, ContainerID: id });
    await bench.engine.containers.kill(id, "");
    await bench.cleared();
  });

  test("a command that is not there leaves 127", async () => {
    const id = await bench.create({ Cmd: ["sleep"] });
    await bench.engine.containers.start(id);
    const exec = execOf(id, ["nope"]);
    const error = await refusal(bench.engine.execs.start(exec, { detach: false, consoleSize: undefined }).run());
    expect(error.message).toBe(
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    );
    expect(bench.engine.execs.inspect(exec).ExitCode).toBe(127);
    await bench.engine.containers.kill(id, "");
  });

  test("needs a running container", async () => {
    const id = await bench.create({ Cmd: ["sleep"] });
    expect(() => execOf(id, ["true"])).toThrow(`container ${id} is not running`);
    await bench.engine.containers.start(id);
    await bench.engine.containers.pause(id);
    expect(() => execOf(id, ["true"])).toThrow(`Container ${id} is paused, unpause the container before exec`);
    await bench.engine.containers.kill(id, "");
  });
});
