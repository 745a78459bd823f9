import { beforeEach, describe, expect, test } from "bun:test";
import type { BerthError } from "#base/errors.ts";
import { decodeCreateRequest } from "#spec/docker/container.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { EngineBench, refusal } from "../../testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

describe("create", () => {
  test("merges the image's config and fills in Docker's defaults", async () => {
    const image = bench.world.addImage("web:1", {
      Entrypoint: ["echo"],
      Cmd: ["hi"],
      Env: ["PATH=/bin", "A=image"],
      Labels: { from: "image" },
      WorkingDir: "/srv",
    });
    const id = await bench.create({ Image: "web:1", Cmd: null, Env: ["A=mine"], Labels: { own: "1" } });
    const { Config, HostConfig, Path, Args, Image, Name } = await bench.inspect(id);
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
    [
      "network of a missing container",
      { HostConfig: { NetworkMode: "container:blue" } },
      "invalid-parameter",
      "No such container: blue",
    ],
    ["volumes from", { HostConfig: { VolumesFrom: ["blue:ro"] } }, "invalid-parameter", "No such container: blue"],
    [
      "relative tmpfs",
      { HostConfig: { Tmpfs: { x: "" } } },
      "invalid-parameter",
      "invalid mount path: 'x' mount path must be absolute",
    ],
    [
      "isolation",
      { HostConfig: { Isolation: "hyperv" } },
      "invalid-parameter",
      "invalid isolation: \"hyperv\" - linux only supports 'default'",
    ],
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
      'error looking up logging plugin paper: plugin "paper" not found',
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
      "a size without quotas",
      { HostConfig: { StorageOpt: { size: "1G" } } },
      "invalid-parameter",
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    ],
    [
      "a driver's option of Docker's that is not supported",
      { NetworkingConfig: { EndpointsConfig: { bridge: { DriverOpts: { "com.docker.network.nosuch": "1" } } } } },
      "not-implemented",
      "not supported by this engine yet: DriverOpts com.docker.network.nosuch",
    ],
    ...[
      { settings: { Links: ["a:b"] }, why: "links are only supported for user-defined networks" },
      { settings: { IPAMConfig: { LinkLocalIPs: ["10.0.0.1"] } }, why: "invalid link-local IP address: 10.0.0.1" },
    ].map(({ settings, why }): readonly [string, Readonly<Record<string, unknown>>, string, string] => [
      why,
      { NetworkingConfig: { EndpointsConfig: { bridge: settings } } },
      "invalid-parameter",
      `invalid config for network bridge: invalid endpoint settings:\n${why}`,
    ]),
  ];
  for (const [what, body, kind, message] of refusals) {
    test(`refuses a bad or unsupported request: ${what}`, async () => {
      const error = await refusal(bench.create(body));
      expect({ kind: error.kind, message: error.message }).toEqual({ kind: kind as BerthError["kind"], message });
      expect(bench.world.rows.size).toBe(0);
      expect(bench.world.volumes.size).toBe(0);
    });
  }

  test("refuses bad and taken names in Docker's words", async () => {
    expect((await refusal(bench.create({}, "a b"))).message).toBe(
      "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    );
    const id = await bench.create({}, "/web");
    const error = await refusal(bench.create({}, "web"));
    expect(error.kind).toBe("conflict");
    expect(error.message).toBe(
      `Conflict. The container name "/web" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  });

  test("an image of another platform than asked for, in words that make clients pull", async () => {
    const request = decodeCreateRequest({ Image: "busybox", Cmd: ["true"] });
    const create = (platform: string) => bench.engine.containers.create({ ...request, name: "", platform });
    const error = await refusal(create("linux/s390x"));
    expect(error.kind).toBe("not-found");
    expect(error.message).toBe(
      "image with reference busybox:latest was found but its platform (linux/amd64) does not match the specified platform (linux/s390x)",
    );
    await create("linux/x86_64");
  });

  test("without any command", async () => {
    bench.world.addImage("empty:latest", {});
    expect((await refusal(bench.create({ Image: "empty", Cmd: null }))).message).toBe("no command specified");
  });

  test("a known property that is null or empty is no request for it", async () => {
    await bench.create({
      HostConfig: { Links: [], Init: false, StorageOpt: {}, VolumesFrom: null },
      Healthcheck: { Test: ["NONE"] },
    });
  });

  test("a creation that fails takes back what it made for itself alone, not what has a name", async () => {
    const source = { Type: "bind", Source: "/none", Target: "/y" };
    const HostConfig = { Binds: ["data:/x"], Mounts: [{ Type: "volume", Target: "/q" }, source] };
    await refusal(bench.create({ HostConfig }));
    expect([...bench.world.volumes]).toEqual(["data"]);
    const told = bench.world.published.map(({ action, id }) => (id === "data" ? `${action} data` : action));
    expect(told).toEqual(["create data", "create", "destroy"]);
  });

  test("an image's VOLUME becomes an anonymous volume that goes with rm -v", async () => {
    bench.world.addImage("db:latest", { Cmd: ["true"], Volumes: { "/data": {} } });
    const id = await bench.create({ Image: "db", Cmd: null });
    const [mount] = (await bench.inspect(id)).Mounts;
    expect(mount).toMatchObject({ Type: "volume", Destination: "/data", Driver: "local", RW: true });
    expect(bench.world.volumes.size).toBe(1);
    await bench.engine.containers.remove(id, { force: false, volumes: true });
    expect(bench.world.volumes.size).toBe(0);
  });
});

test("the config that inspect prints leaves out what Docker leaves out", async () => {
  const id = await bench.create();
  const { Config } = await bench.inspect(id);
  expect(Object.keys(Config)).toEqual(Object.keys(containerConfig.print(containerConfig.zero) as object));
});
