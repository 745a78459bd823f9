import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";

import { namesOf } from "#runtime/compile/capabilities.ts";
import { defaultCapabilities } from "#runtime/docker/capabilities.ts";
import { RuntimeFixture } from "./runtime-fixture.ts";

/** Needs root. Docker's defaults, compiled and launched for real; works on cgroup v1, hybrid and v2. */
let fixture: RuntimeFixture;

beforeAll(() => {
  fixture = new RuntimeFixture();
});
afterEach(async () => {
  expect(await fixture.endAll()).toBe(true);
});
afterAll(async () => {
  await fixture.close();
});

describe("a container with Docker's defaults", () => {
  test("is process 1 of its own world", async () => {
    const { stdout, stderr, exitCode } = await fixture.run(
      'echo "$$ $(hostname) $(id -u):$(id -g) $(pwd)"; ls /proc | grep -c "^[0-9]"; ls /sys/class/net; env',
      { Env: ["A=b"] },
    );
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    const [first, processes, ...rest] = stdout.trimEnd().split("\n");
    expect(first).toBe("1 box 0:0 /");
    expect(Number(processes)).toBeLessThanOrEqual(4);
    expect(rest).toContain("lo");
    expect(rest.filter((line) => line.includes("="))).toEqual(
      expect.arrayContaining([
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME=box",
        "A=b",
        "HOME=/root",
      ]),
    );
  });

  test("has namespaces of its own", async () => {
    const kinds = [
      "mnt",
      "pid",
      "net",
      "ipc",
      "uts",
      ...(fixture.facts.namespaces.time ? ["time"] : []),
      ...(fixture.facts.cgroupVersion === 2 ? ["cgroup"] : []),
    ];
    const { stdout } = await fixture.run(kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join(";"));
    const inside = stdout.trimEnd().split("\n");
    expect(inside.length).toBe(kinds.length);
    kinds.forEach((kind, index) => expect(inside[index]).not.toBe(readlinkSync(`/proc/self/ns/${kind}`)));
  });

  test("has exactly Docker's capabilities, a seccomp filter and no inheritable ones", async () => {
    const { stdout } = await fixture.run("cat /proc/self/status");
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "mu").exec(stdout)?.[1] ?? "";
    for (const name of ["CapEff", "CapPrm", "CapBnd"]) {
      expect(namesOf(BigInt(`0x${field(name)}`)).toSorted()).toEqual([...defaultCapabilities].toSorted());
    }
    expect([field("CapInh"), field("CapAmb")].map((set) => BigInt(`0x${set}`))).toEqual([0n, 0n]);
    expect(field("Seccomp")).toBe("2");
    expect(field("NoNewPrivs")).toBe("0");
  });

  test("sees masked and read-only paths", async () => {
    const { stdout, stderr } = await fixture.run(
      "exec 2>/dev/null; for f in kcore keys timer_list interrupts; do test -e /proc/$f && wc -c < /proc/$f; done; ls /sys/firmware | wc -l; " +
        "touch /sys/x || echo sys-ro; (echo 1 > /proc/sys/kernel/shmmni) || echo procsys-ro; (echo x > /proc/irq/default_smp_affinity) || echo irq-ro; mkdir /sys/fs/cgroup/x || echo cgroup-ro; touch /written && echo root-rw",
    );
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    expect(lines.slice(-5)).toEqual(["sys-ro", "procsys-ro", "irq-ro", "cgroup-ro", "root-rw"]);
    expect(lines.length).toBeGreaterThan(6);
    expect(new Set(lines.slice(0, -5))).toEqual(new Set(["0"]));
  });

  test("cannot change the host's device node that hides files in /proc", async () => {
    const before = statSync("/dev/null");
    const { stdout, stderr } = await fixture.run(
      "chmod 0600 /proc/keys || echo mode; chown 1:1 /proc/keys || echo owner; echo x > /proc/keys && cat /proc/keys",
    );
    const { mode, uid, gid } = statSync("/dev/null");
    chmodSync("/dev/null", before.mode & 0o7777);
    chownSync("/dev/null", before.uid, before.gid);
    expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
    expect(stdout).toBe("mode\nowner\n");
    expect(stderr).toMatch(/Read-only file system/);
  });

  test("has the default devices and no others", async () => {
    const { stdout } = await fixture.run(
      'for d in null zero full random urandom tty; do test -c /dev/$d || echo "no $d"; done; for l in ptmx fd stdout; do readlink /dev/$l; done; ' +
        "head -c2 /dev/zero | wc -c; mknod /tmp/disk b 8 0 && ! cat /tmp/disk 2>/dev/null && echo disk-refused; mknod /tmp/mem c 1 1 && ! cat /tmp/mem 2>/dev/null && echo mem-refused; " +
        "mknod /tmp/null c 1 3 && echo x > /tmp/null && echo null-works",
    );
    expect(stdout.trimEnd().split("\n")).toEqual([
      "pts/ptmx",
      "/proc/self/fd",
      "/proc/self/fd/1",
      "2",
      "disk-refused",
      "mem-refused",
      "null-works",
    ]);
  });

  test("cannot mount, join namespaces or use the host's sysctls", async () => {
    const { stdout } = await fixture.run(
      "mount -t tmpfs t /tmp 2>/dev/null || echo mount; unshare -m true 2>/dev/null || echo unshare; unshare -U true 2>/dev/null || echo userns; mount -o remount,rw /sys 2>/dev/null || echo remount",
    );
    expect(stdout.trimEnd().split("\n")).toEqual(["mount", "unshare", "userns", "remount"]);
  });

  test("may bind low ports and ping: sysctls of its own network namespace", async () => {
    const { stdout } = await fixture.run(
      "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /proc/sys/net/ipv4/ping_group_range | tr '\\t' ' '",
    );
    expect(stdout).toBe("0\n0 2147483647\n");
  });

  test("leaks no descriptors and no host mounts", async () => {
    const { stdout } = await fixture.run("ls /proc/self/fd | wc -l; cut -d' ' -f5 /proc/self/mountinfo");
    const [fds, ...mounts] = stdout.trimEnd().split("\n");
    // 0, 1, 2 and the directory itself.
    expect(Number(fds)).toBe(4);
    expect(mounts).not.toContain(fixture.directory);
    expect(mounts.filter((path) => !/^\/(?:$|proc|dev|sys)/u.test(path))).toEqual([]);
  });
});

describe("docker run's options", () => {
  test("-m kills and the exit tells so", async () => {
    const { exitCode, oomKilled } = await fixture.run(
      "exec tail /dev/zero",
      {},
      { Memory: 16 << 20, MemorySwap: 16 << 20 },
    );
    expect({ exitCode, oomKilled }).toEqual({ exitCode: 137, oomKilled: true });
  });

  test("--pids-limit", async () => {
    const { stderr, exitCode } = await fixture.run(
      "for i in 1 2 3 4 5 6 7 8; do sleep 100 & done",
      {},
      { PidsLimit: 5 },
    );
    expect(stderr).toContain("fork");
    expect(exitCode).not.toBe(0);
  });

  test("--cpus and --cpu-shares reach the cgroup", async () => {
    const running = await fixture.prepare(["sleep", "60"], {}, { NanoCpus: 5e8, CpuShares: 512 });
    const v2 = fixture.facts.cgroupVersion === 2;
    const dir = v2
      ? running.cgroup.entry.directory
      : running.cgroup.entry.procs.find((file) => file.includes("/cpu"))?.replace(/\/tasks$/u, "");
    const quota = v2
      ? readFileSync(`${dir}/cpu.max`, "utf8")
      : `${readFileSync(`${dir}/cpu.cfs_quota_us`, "utf8").trim()} ${readFileSync(`${dir}/cpu.cfs_period_us`, "utf8")}`;
    expect(quota).toBe("50000 100000\n");
  });

  test("--read-only with --tmpfs", async () => {
    const { stdout } = await fixture.run(
      "touch /x 2>/dev/null || echo ro; touch /t/x && echo rw; touch /dev/shm/x && echo shm; grep ' /t ' /proc/self/mounts",
      {},
      { ReadonlyRootfs: true, Tmpfs: { "/t": "size=1m,exec" } },
    );
    const [root, tmpfs, shm, line] = stdout.trimEnd().split("\n");
    expect([root, tmpfs, shm]).toEqual(["ro", "rw", "shm"]);
    expect(line).toContain("size=1024k");
    expect(line).not.toContain("noexec");
    expect(line).toContain("nosuid");
  });

  test("-v with ro, and the file form", async () => {
    const source = `${fixture.directory}/shared`;
    mkdirSync(source, { recursive: true });
    writeFileSync(`${source}/file`, "hello\n");
    const bind = (from: string, destination: string, readOnly: boolean) => ({
      type: "bind" as const,
      source: from,
      destination,
      readOnly,
      propagation: "",
      recursive: true,
      recursiveReadOnly: "if-possible" as const,
    });
    const { stdout } = await fixture.run(
      "cat /in/dir/file /etc/one; touch /in/dir/x 2>/dev/null || echo ro; echo w > /rw/out",
      {},
      {},
      {
        mounts: [bind(source, "/in/dir", true), bind(`${source}/file`, "/etc/one", true), bind(source, "/rw", false)],
      },
    );
    expect(stdout).toBe("hello\nhello\nro\n");
    expect(readFileSync(`${source}/out`, "utf8")).toBe("w\n");
  });

  test("--user with groups, -w, --ulimit, --cap-drop ALL --cap-add, no-new-privileges", async () => {
    const { stdout } = await fixture.run(
      "id -u; id -G; pwd; cat /proc/self/limits | grep 'open files'; grep -E 'CapBnd|CapEff|NoNewPrivs|^Seccomp:' /proc/self/status",
      { WorkingDir: "/made/here" },
      {
        Ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }],
        CapDrop: ["all"],
        CapAdd: ["net_bind_service"],
        SecurityOpt: ["no-new-privileges"],
      },
      { user: { uid: 1000, gid: 1000, additionalGids: [2000], home: "/home/app" } },
    );
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replaceAll(/\s+/gu, " "));
    expect(lines.slice(0, 3)).toEqual(["1000", "1000 2000", "/made/here"]);
    expect(lines[3]).toContain("100 200");
    expect(lines.slice(4)).toEqual([
      "CapEff: 0000000000000000",
      "CapBnd: 0000000000000400",
      "NoNewPrivs: 1",
      "Seccomp: 2",
    ]);
  });

  test("--privileged gives what the engine has and warns about the rest", async () => {
    const { stdout, warnings, exitCode } = await fixture.run(
      "grep -E 'CapEff|^Seccomp:' /proc/self/status; mount -t tmpfs t /tmp && echo mounted; test -c /dev/kmsg && echo devices; touch /sys/fs/cgroup/. && echo cg",
      {},
      { Privileged: true },
    );
    const effective = BigInt(`0x${/CapEff:\s*(\S+)/u.exec(stdout)?.[1] ?? "0"}`);
    expect(effective).toBe(fixture.facts.capabilities);
    expect(stdout).toMatch(/Seccomp:\s*0/u);
    expect(stdout).toContain("mounted");
    expect(exitCode).toBe(0);
    const complete = fixture.facts.capabilities === (1n << BigInt(fixture.facts.lastCapability + 1)) - 1n;
    expect(warnings.length).toBe(complete ? 0 : 1);
  });

  test("seccomp: unconfined, and an own profile", async () => {
    const open = await fixture.run("grep ^Seccomp: /proc/self/status", {}, { SecurityOpt: ["seccomp=unconfined"] });
    expect(open.stdout).toMatch(/Seccomp:\s*0/u);
    const profile = JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
    });
    const own = await fixture.run("mkdir /x", {}, { SecurityOpt: [`seccomp=${profile}`] });
    expect(own.stderr).toContain("No space left on device");
  });

  test("seccomp: a profile that refuses what a start itself needs", async () => {
    const refused = { names: ["close_range", "getcwd", "umask"], action: "SCMP_ACT_ERRNO" };
    const profile = JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [refused] });
    for (const more of [[], ["no-new-privileges"]]) {
      const { stdout, exitCode } = await fixture.run(
        "ls /proc/self/fd | wc -l; grep Umask /proc/self/status",
        {},
        { SecurityOpt: [`seccomp=${profile}`, ...more] },
      );
      expect({ stdout, exitCode }).toEqual({ stdout: "4\nUmask:\t0022\n", exitCode: 0 });
    }
  });

  test("--sysctl, --shm-size, --cgroupns private, --oom-score-adj", async () => {
    const { stdout } = await fixture.run(
      "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/self/oom_score_adj; grep ' /dev/shm ' /proc/self/mounts; cat /proc/self/cgroup | head -1",
      {},
      {
        Sysctls: { "net.ipv4.ip_forward": "1", "kernel.msgmax": "4096" },
        ShmSize: 1 << 20,
        CgroupnsMode: "private",
        OomScoreAdj: 500,
      },
    );
    const [forward, msgmax, oom, shm, cgroup] = stdout.trimEnd().split("\n");
    expect([forward, msgmax, oom]).toEqual(["1", "4096", "500"]);
    expect(shm).toContain("size=1024k");
    expect(cgroup).toMatch(/:\/$/u);
  });

  test("--pid host, --ipc none and --uts host", async () => {
    const { stdout } = await fixture.run(
      "test $$ -gt 1 && echo hostpid; grep -c /dev/shm /proc/self/mounts; hostname",
      { Hostname: "" },
      { PidMode: "host", IpcMode: "none", UTSMode: "host" },
    );
    const [pid, shm, name] = stdout.trimEnd().split("\n");
    expect([pid, shm]).toEqual(["hostpid", "0"]);
    expect(name).toBe(readFileSync("/proc/sys/kernel/hostname", "utf8").trim());
  });

  test("a command that is missing or not executable", async () => {
    for (const [command, code] of [
      ["/nothing", "ENOENT"],
      ["/etc/passwd", "EACCES"],
    ] as const) {
      const running = await fixture.prepare([command]);
      const failure = await running.process.go().then(
        () => undefined,
        (error: unknown) => error as { details?: { failure?: { errno?: number } } },
      );
      expect([command, failure?.details?.failure?.errno]).toEqual([command, code === "ENOENT" ? 2 : 13]);
    }
  });
});

describe("exec", () => {
  test("joins everything of the container and has its limits", async () => {
    const container = await fixture.prepare(["sleep", "60"], { Env: ["A=b"] }, { PidsLimit: 20 });
    await container.process.go();
    const { stdout, stderr, exitCode } = await fixture.exec(container, {
      Cmd: [
        "sh",
        "-c",
        "hostname; env | grep ^A=; ps -o comm | grep -c '^sleep$'; grep -E '^Seccomp:|CapEff' /proc/self/status; ls /proc/self/fd | wc -l; echo err >&2; exit 3",
      ],
      Env: ["C=d"],
    });
    expect(stderr).toBe("err\n");
    expect(exitCode).toBe(3);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replaceAll(/\s+/gu, " "));
    expect(lines).toEqual(["box", "A=b", "1", "CapEff: 00000000a80425fb", "Seccomp: 2", "4"]);
    expect(container.cgroup.pids().length).toBe(1);
  });

  // CVE-2016-9962: what enters still has descriptors and rights of the host's.
  test("shows nothing of what enters to those inside", async () => {
    const container = await fixture.prepare(["sleep", "100"]);
    await container.process.go();
    const entering = await fixture.enter(container, { Cmd: ["true"] });
    const status = readFileSync(`/proc/${entering.process.pid}/status`, "utf8");
    const pid = /^NSpid:.*\s(\d+)$/mu.exec(status)?.[1];
    const script = `cd /proc/${pid} && grep ^Pid: status; readlink exe cwd root fd/* ns/*; ls root/ cwd/ fd/3/; cat environ maps mem`;
    const { stdout, stderr } = await fixture.exec(container, { Cmd: ["sh", "-c", script] });
    expect(stdout).toBe(`Pid:\t${pid}\n`);
    expect(stderr).toContain("Permission denied");
    await entering.process.go();
    expect((await fixture.outcome(entering)).exitCode).toBe(0);
    entering.process.detach();
  });

  test("as another user, elsewhere, privileged", async () => {
    const container = await fixture.prepare(["sleep", "60"]);
    await container.process.go();
    const user = await fixture.exec(
      container,
      { Cmd: ["sh", "-c", "id -u; pwd"], WorkingDir: "/tmp" },
      { uid: 1000, gid: 1000, additionalGids: [], home: "/" },
    );
    expect(user.stdout).toBe("1000\n/tmp\n");
    const privileged = await fixture.exec(container, {
      Cmd: ["grep", "CapEff", "/proc/self/status"],
      Privileged: true,
    });
    expect(BigInt(`0x${/CapEff:\s*(\S+)/u.exec(privileged.stdout)?.[1] ?? "0"}`)).toBe(fixture.facts.capabilities);
  });
});

test("nothing of a container is left on the host", async () => {
  const running = await fixture.prepare(["sleep", "60"]);
  await running.process.go();
  const directories = [
    ...running.cgroup.entry.procs.map((file) => file.replace(/\/tasks$/u, "")),
    ...(running.cgroup.entry.directory === undefined ? [] : [running.cgroup.entry.directory]),
  ];
  for (const directory of directories) expect(existsSync(directory)).toBe(true);
  expect(await fixture.endAll()).toBe(true);
  for (const directory of directories) expect(existsSync(directory)).toBe(false);
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(fixture.directory);
});
