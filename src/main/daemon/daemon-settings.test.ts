import { describe, expect, test } from "bun:test";
import { readSettings, refusal } from "./testing/read-settings.ts";

describe("TLS by dockerd's rules", () => {
  const tls = (argv: readonly string[], file?: object, env?: Record<string, string>) =>
    readSettings(argv, file, env).tls;

  test("--tls alone verifies clients too; --tlsverify in any form turns TLS on", () => {
    const paths = {
      caFile: "/root/.docker/ca.pem",
      certFile: "/root/.docker/cert.pem",
      keyFile: "/root/.docker/key.pem",
    };
    expect(tls([])).toBeUndefined();
    expect(tls(["--tls"])).toEqual({ ...paths, verifyClients: true });
    expect(tls(["--tlsverify"])).toEqual({ ...paths, verifyClients: true });
    expect(tls(["--tlsverify=false"])).toEqual({ ...paths, verifyClients: false });
    expect(tls(["--tls", "--tlsverify=false"])?.verifyClients).toBe(false);
    expect(tls([], { tlsverify: true, tlscert: "/c" })?.certFile).toBe("/c");
  });

  test("the environment of docker's clients counts", () => {
    expect(tls([], {}, { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" })).toEqual({
      caFile: "/certs/ca.pem",
      certFile: "/certs/cert.pem",
      keyFile: "/certs/key.pem",
      verifyClients: true,
    });
  });

  test("open TCP needs a word", () => {
    expect(readSettings([]).openTcp).toBe(false);
    for (const flag of ["--tls=false", "--tlsverify=false", "--insecure-tcp"])
      expect(readSettings([flag]).openTcp).toBe(true);
    expect(readSettings([], { tls: false }).openTcp).toBe(true);
  });
});

describe("hosts", () => {
  test.each([
    ["unix:///a", "unix:///a"],
    ["/a", "unix:///a"],
    ["tcp://", "tcp://127.0.0.1:2375"],
    ["tcp://:5", "tcp://127.0.0.1:5"],
    ["tcp://0.0.0.0", "tcp://0.0.0.0:2375"],
    ["localhost:7", "tcp://localhost:7"],
    ["tcp://[::1]:7", "tcp://[::1]:7"],
    ["fd://", "fd://"],
    ["fd://3", "fd://3"],
  ])("%s", (given, host) => {
    expect(readSettings(["-H", given]).hosts).toEqual([host]);
  });

  test("the port follows TLS, and each address counts once", () => {
    expect(readSettings(["-H", "tcp://", "--tlsverify", "-H", "tcp://:2376"]).hosts).toEqual(["tcp://127.0.0.1:2376"]);
  });

  test.each(["npipe:////./pipe/x", "tcp://a:b", "tcp://a:99999", "tcp://a/b", "unix://a", "http://a"])(
    "%s is none",
    (host) => {
      expect(refusal(["-H", host])).toMatch(/invalid (bind address format|--host)/);
    },
  );
});

describe("single settings", () => {
  test("API versions", () => {
    expect(readSettings([], {}, { DOCKER_MIN_API_VERSION: "1.30" }).minimumApiVersion).toBe("1.30");
    expect(refusal(["--min-api-version", "1.10"])).toBe(
      "invalid min-api-version: minimum supported API version is 1.24: 1.10",
    );
    expect(refusal([], {}, { DOCKER_MIN_API_VERSION: "v1.30" })).toBe(
      'invalid DOCKER_MIN_API_VERSION: API version must be provided without "v" prefix',
    );
    expect(refusal(["--min-api-version", "1.999"])).toContain("maximum supported API version is");
  });

  test("other runtimes are programs with arguments, however they are described", () => {
    const shim = { runtimeType: "io.containerd.runc.v2", options: { BinaryName: "/usr/sbin/runc" } };
    const file = { runtimes: { old: { path: "runc", runtimeArgs: ["--debug"] }, shim }, "default-runtime": "crun" };
    expect(readSettings(["--add-runtime", "crun=/usr/bin/crun"], file)).toMatchObject({
      runtimes: {
        crun: { path: "/usr/bin/crun", runtimeArgs: [] },
        old: { path: "runc", runtimeArgs: ["--debug"] },
        shim: { path: "/usr/sbin/runc", runtimeArgs: [] },
      },
      defaultRuntime: "crun",
    });
    expect(readSettings(["--default-runtime=runc"]).defaultRuntime).toBe("berth");
  });

  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{}, "runtime x: either a runtimeType or a path must be configured"],
    [{ path: "a", runtimeType: "b" }, "runtime x: cannot configure both path and runtimeType for the same runtime"],
    [{ path: "a", options: { b: 1 } }, "runtime x: options cannot be used with a path runtime"],
    [{ runtimeType: "io.containerd.kata.v2" }, "runtimeType io.containerd.kata.v2 is a shim of containerd"],
    [{ runtimeType: "io.containerd.runc.v2", runtimeArgs: ["-a"] }, "args cannot be used with a runtimeType runtime"],
    [{ runtimeType: "io.containerd.runc.v2", options: { Root: "/a" } }, "the option Root is not supported"],
    [{ runtimeType: "io.containerd.runc.v2" }, "options.BinaryName must name the runtime's program"],
  ])("a runtime %j is refused", (entry, why) => {
    expect(refusal([], { runtimes: { x: entry } })).toContain(why);
  });

  test("emulators are paths by architecture, whatever name it goes by", () => {
    expect(readSettings(["--emulator", "aarch64=/q"], {}).emulators).toEqual({ arm64: "/q" });
    expect(refusal(["--emulator", "pdp11=/q"])).toContain("emulator pdp11: no such architecture");
    expect(refusal(["--emulator", "arm64=q"])).toContain("must be an absolute path: q");
    expect(refusal(["--emulator", "arm64=/a:b"])).toContain("the kernel takes no path with a colon");
  });

  test("runtimes are refused by their names", () => {
    expect(refusal(["--add-runtime", "runc=/usr/sbin/runc"])).toContain("runtime name 'runc' is reserved");
    expect(refusal(["--default-runtime", "zz"])).toContain("specified default runtime 'zz' does not exist");
  });

  test("cgroups are managed by the engine itself", () => {
    expect(refusal(["--exec-opt", "native.cgroupdriver=systemd"])).toContain("use native.cgroupdriver=cgroupfs");
    expect(refusal([], { "exec-opts": ["native.cgroupdriver=systemd"] })).toContain("use native.cgroupdriver=cgroupfs");
    expect(refusal(["--exec-opt", "other=1"])).toBe("invalid exec-opt (other=1): unknown option");
  });

  test("what the engine does anyway is not refused", () => {
    const argv = ["--storage-driver=overlay2", "--iptables", "--firewall-backend=nftables", "--ipv6=false"];
    expect(refusal([...argv, "--exec-opt", "native.cgroupdriver=cgroupfs", "--rootless=false"])).toBe("accepted");
  });

  test("all that is refused is told at once, by its key when the file says it", () => {
    expect(refusal(["--rootless", "--storage-driver=zfs"])).toBe(
      "--storage-driver is not supported: images and containers are kept on overlayfs (overlay2) only; --rootless is not supported: the engine needs root",
    );
    expect(refusal([], { "authorization-plugins": ["opa"] })).toMatch(
      /^file: authorization-plugins is not supported: /,
    );
  });

  test("what has no effect is told with the reason", () => {
    expect(
      readSettings(["--userland-proxy=false"], { containerd: "/run/c.sock" }).idle.map(({ name }) => name),
    ).toEqual(["containerd", "userland-proxy"]);
  });

  test("addresses of the default bridge fit each other", () => {
    expect(refusal(["--bip=10.0.0.1/24", "--fixed-cidr=10.0.1.0/25"])).toContain("is not within the bridge's network");
    expect(refusal(["--bip=10.0.0.1/24", "--default-gateway=10.0.1.9"])).toContain(
      "is not within the bridge's network",
    );
    expect(refusal(["--bip=10.0.0.1/24", "--fixed-cidr=10.0.0.128/25"])).toBe("accepted");
  });

  test("log levels, sizes, counts", () => {
    expect([readSettings(["-l", "WARNING"]).logLevel, readSettings(["-l", "fatal", "-D"]).logLevel]).toEqual([
      "warn",
      "debug",
    ]);
    expect(readSettings([], { "default-shm-size": 1024, "max-concurrent-downloads": 0 })).toMatchObject({
      shmSizeBytes: 1024,
      concurrentDownloads: 3,
    });
  });

  test("cgroup parent and CDI", () => {
    expect(readSettings(["--cgroup-parent", "a//b/"]).cgroupParent).toBe("/a/b");
    expect(refusal(["--cgroup-parent", "x.slice"])).toContain("slice of systemd");
    expect(readSettings([]).cdiSpecDirs).toEqual(["/etc/cdi", "/var/run/cdi"]);
    expect(readSettings(["--cdi-spec-dir="]).cdiSpecDirs).toEqual([]);
    expect(readSettings(["--feature", "cdi=false"]).cdiSpecDirs).toEqual([]);
  });

  test("proxies stand over the environment", () => {
    expect(readSettings(["--https-proxy=http://p:1"], {}, { HTTPS_PROXY: "x", no_proxy: "a,b" }).proxies).toEqual({
      HTTPS_PROXY: "http://p:1",
      NO_PROXY: "a,b",
    });
  });
});
