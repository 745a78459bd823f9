import { beforeEach, describe, expect, test } from "bun:test";
import { BerthError } from "#base/errors.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { decodeCreateRequest } from "#spec/docker/container.ts";
import { execConfig } from "#spec/docker/exec.ts";
import { decode } from "#spec/docker/schema.ts";
import { createEngine, type Engine } from "./engine.ts";
import { FakeWorld } from "./testing/fake-world.ts";

let world: FakeWorld;
let engine: Engine;
const never = new AbortController().signal;

beforeEach(async () => {
  world = new FakeWorld();
  engine = createEngine(world.deps());
  await engine.reconcile();
});

async function create(body: Readonly<Record<string, unknown>> = {}, name = ""): Promise<string> {
  const request = { ...decodeCreateRequest({ Image: "busybox", Cmd: ["true"], ...body }), name };
  return (await engine.containers.create(request)).Id;
}

const refusal = (work: Promise<unknown>): Promise<BerthError> =>
  work.then(
    () => {
      throw new Error("it was accepted");
    },
    (error: unknown) => error as BerthError,
  );

const exitOf = async (id: string): Promise<number> =>
  (await engine.containers.wait(id, "not-running", never).result).StatusCode;

describe("create", () => {
  test("merges the image's config and fills in Docker's defaults", async () => {
    const image = world.addImage("web:1", {
      Entrypoint: ["echo"],
      Cmd: ["hi"],
      Env: ["PATH=/bin", "A=image"],
      Labels: { from: "image" },
      WorkingDir: "/srv",
    });
    const id = await create({ Image: "web:1", Cmd: null, Env: ["A=mine"], Labels: { own: "1" } });
    const { Config, HostConfig, Path, Args, Image, Name } = await engine.containers.inspect(id, { size: false });
    expect({ Path, Args, Image }).toEqual({ Path: "echo", Args: ["hi"], Image: image.id });
    expect(Name).toMatch(/^\/[a-z]+_[a-z]+$/);
    expect(Config).toMatchObject({
      Env: ["A=mine", "PATH=/bin"],
      Labels: { from: "image", own: "1" },
      WorkingDir: "/srv",
      Hostname: id.slice(0, 12),
    });
    expect(HostConfig).toMatchObject({
      NetworkMode: "bridge",
      IpcMode: "private",
      CgroupnsMode: "private",
      ShmSize: 64 << 20,
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      LogConfig: { Type: "json-file", Config: {} },
    });
  });

  const refusals: readonly (readonly [string, Readonly<Record<string, unknown>>, string, string])[] = [
    ["no such image", { Image: "nope" }, "not-found", "No such image: nope:latest"],
    ["an image by digest", { Image: "x@sha256:1" }, "not-found", "No such image: x@sha256:1"],
    [
      "working directory",
      { WorkingDir: "x" },
      "invalid-parameter",
      "the working directory 'x' is invalid, it needs to be an absolute path",
    ],
    ["environment", { Env: ["=x"] }, "invalid-parameter", "invalid environment variable: =x"],
    ["signal", { StopSignal: "SIGNOPE" }, "invalid-parameter", "invalid signal: SIGNOPE"],
    ["network", { HostConfig: { NetworkMode: "blue" } }, "not-found", "network blue not found"],
    ["memory", { HostConfig: { Memory: 4096 } }, "invalid-parameter", "Minimum memory limit allowed is 6MB"],
    [
      "swap",
      { HostConfig: { MemorySwap: 1e9 } },
      "invalid-parameter",
      "You should always set the Memory limit when using Memoryswap limit, see usage",
    ],
    [
      "cpus",
      { HostConfig: { NanoCpus: 3e9 } },
      "invalid-parameter",
      "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
    ],
    [
      "cpuset",
      { HostConfig: { CpusetCpus: "0-5" } },
      "invalid-parameter",
      "Requested CPUs are not available - requested 0-5, available: 0-1",
    ],
    [
      "restart policy",
      { HostConfig: { RestartPolicy: { Name: "maybe" } } },
      "invalid-parameter",
      "invalid restart policy: unknown policy 'maybe'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    ],
    [
      "--rm with a policy",
      { HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } },
      "invalid-parameter",
      "can't create 'AutoRemove' container with restart policy",
    ],
    ["runtime", { HostConfig: { Runtime: "zzz" } }, "invalid-parameter", "unknown or invalid runtime name: zzz"],
    [
      "port",
      { HostConfig: { PortBindings: { "99999/tcp": [{}] } } },
      "invalid-parameter",
      'invalid port specification: "99999"',
    ],
    [
      "log driver",
      { HostConfig: { LogConfig: { Type: "paper" } } },
      "invalid-parameter",
      "logger: no log driver named 'paper' is registered",
    ],
    [
      "bind",
      { HostConfig: { Binds: ["/a:b"] } },
      "invalid-parameter",
      "invalid volume specification: '/a:b': invalid mount config for type \"bind\": invalid mount path: 'b' mount path must be absolute",
    ],
    [
      "bind source",
      { HostConfig: { Mounts: [{ Type: "bind", Source: "/none", Target: "/x" }] } },
      "invalid-parameter",
      'invalid mount config for type "bind": bind source path does not exist: /none',
    ],
    [
      "two mounts at one place",
      { HostConfig: { Binds: ["/a:/x", "/b:/x"] } },
      "invalid-parameter",
      "Duplicate mount point: /x",
    ],
    [
      "a setting not supported",
      { HostConfig: { Init: true, StorageOpt: { size: "1G" } } },
      "not-implemented",
      "not supported by this engine yet: HostConfig.StorageOpt, HostConfig.Init",
    ],
  ];
  for (const [what, body, kind, message] of refusals) {
    test(`refuses a bad or unsupported request: ${what}`, async () => {
      const error = await refusal(create(body));
      expect({ kind: error.kind, message: error.message }).toEqual({ kind: kind as BerthError["kind"], message });
      expect(world.rows.size).toBe(0);
      expect(world.volumes.size).toBe(0);
    });
  }

  test("refuses bad and taken names in Docker's words", async () => {
    expect((await refusal(create({}, "a b"))).message).toBe(
      "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    );
    const id = await create({}, "/web");
    const error = await refusal(create({}, "web"));
    expect(error.kind).toBe("conflict");
    expect(error.message).toBe(
      `Conflict. The container name "/web" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  });

  test("without any command", async () => {
    world.addImage("empty:latest", {});
    expect((await refusal(create({ Image: "empty", Cmd: null }))).message).toBe("no command specified");
  });

  test("a known property that is null or empty is no request for it", async () => {
    await create({
      HostConfig: { Links: [], Init: false, StorageOpt: {}, VolumesFrom: null },
      Healthcheck: { Test: ["NONE"] },
    });
  });

  test("an image's VOLUME becomes an anonymous volume that goes with rm -v", async () => {
    world.addImage("db:latest", { Cmd: ["true"], Volumes: { "/data": {} } });
    const id = await create({ Image: "db", Cmd: null });
    const [mount] = (await engine.containers.inspect(id, { size: false })).Mounts;
    expect(mount).toMatchObject({ Type: "volume", Destination: "/data", Driver: "local", RW: true });
    expect(world.volumes.size).toBe(1);
    await engine.containers.remove(id, { force: false, volumes: true });
    expect(world.volumes.size).toBe(0);
  });
});

describe("a run", () => {
  test("starts, ends with its code and leaves nothing behind", async () => {
    const id = await create({ Cmd: ["exit", "7"] });
    const exit = engine.containers.wait(id, "next-exit", never);
    await engine.containers.start(id);
    expect((await exit.result).StatusCode).toBe(7);
    expect((await engine.containers.inspect(id, { size: false })).State).toMatchObject({
      Status: "exited",
      ExitCode: 7,
      Running: false,
    });
    expect(world.leftovers).toEqual([]);
    expect(world.published.map(({ action }) => action)).toEqual(["create", "start", "die"]);
    expect(world.published.at(-1)?.attributes).toMatchObject({
      exitCode: "7",
      image: "busybox",
      execDuration: expect.any(String),
    });
  });

  test("an attach before the start sees the output from its first byte", async () => {
    const id = await create({ Cmd: ["echo", "early"], Tty: true });
    const { stream } = await engine.containers.attach(id, {
      stream: true,
      stdin: false,
      stdout: true,
      stderr: true,
      logs: false,
    });
    await engine.containers.start(id);
    const chunks: string[] = [];
    for await (const chunk of stream.readable) chunks.push(Buffer.from(chunk).toString());
    expect(chunks.join("")).toBe("early\n");
  });

  test("--rm removes it, and who waits for that gets its code", async () => {
    const id = await create({ Cmd: ["exit", "4"], HostConfig: { AutoRemove: true } });
    const gone = engine.containers.wait(id, "removed", never);
    await engine.containers.start(id);
    expect((await gone.result).StatusCode).toBe(4);
    expect(world.rows.size).toBe(0);
    expect(world.snapshots.size).toBe(0);
    expect(world.directories.size).toBe(0);
  });

  test("a command that is not there: 127, Docker's sentence, the container still `created`", async () => {
    const id = await create({ Cmd: ["nope"] });
    const error = await refusal(engine.containers.start(id));
    expect(error.kind).toBe("invalid-parameter");
    expect(error.message).toBe(
      'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    );
    expect((await engine.containers.inspect(id, { size: false })).State).toMatchObject({
      Status: "created",
      ExitCode: 127,
      Error: error.message,
    });
    expect(world.leftovers).toEqual([]);
  });

  test("a taken port: told as Docker does, exit code 128, nothing kept", async () => {
    world.networkFailure = new BerthError(
      "internal",
      "driver failed programming external connectivity on endpoint web (eee): Bind for 0.0.0.0:80 failed: port is already allocated",
    );
    const id = await create();
    expect((await refusal(engine.containers.start(id))).message).toBe(
      "failed to set up container networking: driver failed programming external connectivity on endpoint web (eee): Bind for 0.0.0.0:80 failed: port is already allocated",
    );
    expect((await engine.containers.inspect(id, { size: false })).State.ExitCode).toBe(128);
    expect(world.leftovers).toEqual([]);
  });

  test("what a running or stopped container refuses", async () => {
    const id = await create({ Cmd: ["sleep"] }, "web");
    expect((await refusal(engine.containers.stop(id, { signal: "", timeoutSeconds: 1 }))).kind).toBe("not-modified");
    expect((await refusal(engine.containers.kill(id, ""))).message).toBe(
      `cannot kill container: ${id}: container ${id} is not running`,
    );
    expect((await refusal(engine.containers.unpause(id))).message).toBe(`Container ${id} is not paused`);
    expect((await refusal(engine.containers.top(id, ""))).message).toBe(`container ${id} is not running`);
    await engine.containers.start(id);
    expect((await refusal(engine.containers.start(id))).kind).toBe("not-modified");
    const still = await refusal(engine.containers.remove("web", { force: false, volumes: false }));
    expect(still.kind).toBe("conflict");
    expect(still.message).toBe(
      'cannot remove container "/web": container is running: stop the container before removing or force remove',
    );
    await engine.containers.pause(id);
    expect((await refusal(engine.containers.remove("web", { force: false, volumes: false }))).message).toBe(
      'cannot remove container "/web": container is paused and must be unpaused first',
    );
    expect((await refusal(engine.containers.start(id))).message).toBe(
      "cannot start a paused container, try unpause instead",
    );
    await engine.containers.remove("web", { force: true, volumes: false });
    expect(world.leftovers).toEqual([]);
    expect((await refusal(engine.containers.start("web"))).message).toBe("No such container: web");
  });

  test("stop sends the stop signal and tells kill, die, stop in this order", async () => {
    const id = await create({ Cmd: ["sleep"], StopSignal: "SIGINT" });
    await engine.containers.start(id);
    await engine.containers.stop(id, { signal: "", timeoutSeconds: 5 });
    expect(await exitOf(id)).toBe(130);
    expect(world.published.map(({ action }) => action)).toEqual(["create", "start", "kill", "die", "stop"]);
  });

  test("a process that ignores its stop signal is killed after the timeout", async () => {
    const id = await create({ Cmd: ["cat"], OpenStdin: true });
    await engine.containers.start(id);
    await engine.containers.stop(id, { signal: "", timeoutSeconds: 0 });
    expect(await exitOf(id)).toBe(137);
  });

  test("on-failure starts again until the count is used up", async () => {
    const id = await create({
      Cmd: ["exit", "1"],
      HostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } },
    });
    await engine.containers.start(id);
    while ((await engine.containers.inspect(id, { size: false })).RestartCount < 2) await Bun.sleep(20);
    expect(await exitOf(id)).toBe(1);
    expect((await engine.containers.inspect(id, { size: false })).RestartCount).toBe(2);
  });

  test("restart by a person under --rm does not remove it", async () => {
    const id = await create({ Cmd: ["sleep"], HostConfig: { AutoRemove: true } });
    await engine.containers.start(id);
    await engine.containers.restart(id, { signal: "", timeoutSeconds: 5 });
    expect((await engine.containers.inspect(id, { size: false })).State.Running).toBe(true);
    await engine.containers.kill(id, "KILL");
  });
});

describe("exec", () => {
  const execOf = (id: string, cmd: readonly string[]) =>
    engine.execs.create(id, decode(execConfig, { Cmd: cmd, AttachStdout: true })).Id;

  test("runs beside the container's process and keeps its code", async () => {
    const id = await create({ Cmd: ["sleep"] });
    await engine.containers.start(id);
    const exec = execOf(id, ["exit", "5"]);
    const stream = await engine.execs.start(exec, { detach: false, consoleSize: undefined }).run();
    for await (const _ of stream?.readable ?? []) continue;
    await Bun.sleep(0);
    expect(engine.execs.inspect(exec)).toMatchObject({ Running: false, ExitCode: 5, ContainerID: id });
    await engine.containers.kill(id, "");
    expect(world.leftovers).toEqual([]);
  });

  test("a command that is not there leaves 127", async () => {
    const id = await create({ Cmd: ["sleep"] });
    await engine.containers.start(id);
    const exec = execOf(id, ["nope"]);
    const error = await refusal(engine.execs.start(exec, { detach: false, consoleSize: undefined }).run());
    expect(error.message).toBe(
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    );
    expect(engine.execs.inspect(exec).ExitCode).toBe(127);
    await engine.containers.kill(id, "");
  });

  test("needs a running container", async () => {
    const id = await create({ Cmd: ["sleep"] });
    expect(() => execOf(id, ["true"])).toThrow(`container ${id} is not running`);
    await engine.containers.start(id);
    await engine.containers.pause(id);
    expect(() => execOf(id, ["true"])).toThrow(`Container ${id} is paused, unpause the container before exec`);
    await engine.containers.kill(id, "");
  });
});

describe("reconcile after the engine was killed", () => {
  const another = async (): Promise<Engine> => {
    engine = createEngine(world.deps());
    await engine.reconcile();
    return engine;
  };

  test("a running container goes on, and its end is seen", async () => {
    const id = await create({ Cmd: ["sleep"] });
    await engine.containers.start(id);
    const next = await another();
    expect((await next.containers.inspect(id, { size: false })).State.Running).toBe(true);
    await next.containers.stop(id, { signal: "", timeoutSeconds: 5 });
    expect(await exitOf(id)).toBe(143);
    expect(world.leftovers).toEqual([]);
  });

  test("an end that nobody saw is settled with its code", async () => {
    const id = await create({ Cmd: ["sleep"] });
    await engine.containers.start(id);
    const row = world.rows.get(id);
    await engine.containers.kill(id, "");
    // As it was when the engine died: the row says running, the shim's status file has the end.
    if (row !== undefined) world.rows.set(id, row);
    await another();
    expect(await exitOf(id)).toBe(137);
  });

  test("a half-made one is undone, a half-removed one removed, one lost with the machine says 255", async () => {
    const half = await create({ Cmd: ["sleep"] });
    const removing = await create({ Cmd: ["sleep"] });
    const lost = await create({ Cmd: ["sleep"] });
    const created = { state: "created", exitCode: 0, error: "" } as const;
    const put = (id: string, status: NonNullable<ReturnType<typeof world.rows.get>>["status"]["status"]): void => {
      const row = world.rows.get(id);
      if (row !== undefined) world.rows.set(id, { ...row, status: { ...row.status, status } });
    };
    put(half, { state: "starting", before: created });
    put(removing, { state: "removing", before: created });
    put(lost, { state: "running", pid: 5, startedAtNs: "1" });
    world.cgroups.add(`/berth/${half}`);
    world.snapshots.add("9".repeat(64));
    const next = await another();
    expect((await next.containers.inspect(half, { size: false })).State).toMatchObject({
      Status: "created",
      ExitCode: 128,
    });
    expect((await refusal(next.containers.inspect(removing, { size: false }))).kind).toBe("not-found");
    expect(await exitOf(lost)).toBe(255);
    expect(world.snapshots.has("9".repeat(64))).toBe(false);
    expect(world.leftovers).toEqual([]);
  });

  test("policies act: always is started again, unless-stopped stays stopped by a person", async () => {
    const always = await create({ Cmd: ["sleep"], HostConfig: { RestartPolicy: { Name: "always" } } });
    const unless = await create({ Cmd: ["sleep"], HostConfig: { RestartPolicy: { Name: "unless-stopped" } } });
    for (const id of [always, unless]) {
      await engine.containers.start(id);
      await engine.containers.stop(id, { signal: "", timeoutSeconds: 5 });
    }
    const next = await another();
    await Bun.sleep(20);
    expect((await next.containers.inspect(always, { size: false })).State.Running).toBe(true);
    expect((await next.containers.inspect(unless, { size: false })).State.Running).toBe(false);
    await next.containers.remove(always, { force: true, volumes: false });
  });
});

test("an engine that goes down in order stops its containers, and their policies act next time", async () => {
  const id = await create({ Cmd: ["sleep"], HostConfig: { RestartPolicy: { Name: "unless-stopped" } } });
  await engine.containers.start(id);
  await engine.shutdown();
  expect(world.leftovers).toEqual([]);
  engine = createEngine(world.deps());
  await engine.reconcile();
  await Bun.sleep(20);
  expect((await engine.containers.inspect(id, { size: false })).State.Running).toBe(true);
  await engine.containers.remove(id, { force: true, volumes: false });
});

test("the config that inspect prints leaves out what Docker leaves out", async () => {
  const id = await create();
  const { Config } = await engine.containers.inspect(id, { size: false });
  expect(Object.keys(Config)).toEqual(Object.keys(containerConfig.print(containerConfig.zero) as object));
});
