/** What a shim makes of a plan: containers, with what a kernel gives them. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { release } from "node:os";

import { openEmptyMounts } from "#host/mounts/empty-mounts.ts";
import { kernelAtLeast, parseKernelVersion, type KernelVersion } from "#host/facts/runtime-facts.ts";
import type { NamespaceKind, Plan, Step } from "#runtime/plan/ops.ts";
import { keep, mountAttr } from "#runtime/plan/ops.ts";
import type { SupervisedProcess } from "#runtime/types.ts";
import {
  bind,
  collect,
  fixtureForEach,
  mount,
  mountCount,
  readLog,
  rootOverlay,
  type ShimFixture,
  failureOf,
} from "./shim-fixture.ts";

const own = parseKernelVersion(release());
/** How overlays are mounted: by the way of every kernel, and by that of newer ones. */
const forms: readonly (readonly [string, KernelVersion])[] = [
  ["by mount(2)", { major: 6, minor: 6 }],
  ...(kernelAtLeast(own, 6, 7) ? [["by fsconfig(2)", own] as const] : []),
];

let fixture: ShimFixture;
fixtureForEach((made) => (fixture = made));

/** Where the machine's cgroup hierarchies are mounted: v1's of the pids controller, and v2. */
function hierarchies(): { readonly v1: string | undefined; readonly v2: string | undefined } {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const rows = mounts.map((line) => line.split(" "));
  const v1 = rows.find(([, , type, options]) => type === "cgroup" && options?.split(",").includes("pids"));
  const v2 = rows.find(([, , type]) => type === "cgroup2");
  return { v1: v1?.[1], v2: v2?.[1] };
}

/** A plan that enters all namespaces of a running container, as exec does. */
function execPlan(target: SupervisedProcess, argv: readonly string[], steps: readonly Step[] = []): Plan {
  const kinds: NamespaceKind[] = ["mount", "pid", "network", "ipc", "uts", "cgroup"];
  return {
    create: [],
    join: [{ by: "process", kinds, pid: target.pid, startTicks: target.startTicks }],
    uidMap: "",
    gidMap: "",
    cgroup: { procs: [] },
    steps: [
      { op: "setsid" },
      ...steps,
      { op: "chdir", path: "/work", create: false, uid: 0, gid: 0 },
      { op: "wait", point: 0 },
    ],
    exec: { argv, env: ["PATH=/bin"] },
  };
}

describe("a container", () => {
  test("has its own namespaces, root, hostname and pid 1", async () => {
    const result = await fixture.run(fixture.plan(["sh", "-c", "hostname; pwd; echo $$; ls /; echo no >&2; exit 7"]));
    expect(result).toEqual({
      exitCode: 7,
      stdout: "box\n/work\n1\nbin\ndev\netc\nproc\nsys\ntmp\nwork\n",
      stderr: "no\n",
    });
  });

  test("sees no mount of the host", async () => {
    const { stdout } = await fixture.run(fixture.plan(["cat", "/proc/self/mountinfo"]));
    const targets = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[4]);
    expect(targets).toEqual(["/", "/proc", "/dev", "/dev/pts"]);
  });

  test("has the same mounts from a mount namespace that has nothing", async () => {
    const empty = openEmptyMounts();
    if (empty === undefined) throw new Error("this machine has none");
    try {
      const script = "sed 's/^[0-9]* [0-9]* [0-9:]*//' /proc/self/mountinfo; cd /; ls .. ; ls -a /proc/1/root/";
      const [usualPlan, plan] = [fixture.plan(["sh", "-c", script]), fixture.plan(["sh", "-c", script])];
      const create = plan.create.filter((kind) => kind !== "mount");
      const steps = plan.steps.map((step): Step => {
        if (step.op === "namespace_propagation") return { op: "empty_mounts", namespace: empty.path };
        return step.op === "pivot_root" ? { ...step, move: true } : step;
      });
      const usual = await fixture.run(usualPlan);
      const names = (text: string): string => text.replaceAll(/snapshot-\d+/gu, "snapshot");
      const another = await fixture.run({ ...plan, create, steps });
      expect(another.stdout).toContain("bin\n");
      expect({ ...another, stdout: names(another.stdout) }).toEqual({ ...usual, stdout: names(usual.stdout) });
    } finally {
      empty.close();
    }
  });

  test("inherits no descriptor", async () => {
    const { stdout } = await fixture.run(fixture.plan(["sh", "-c", "ls /proc/self/fd"]));
    expect(stdout).toBe("0\n1\n2\n3\n"); // 3 is ls reading the directory
  });

  test("starts with default signal handling, an empty mask and umask 022", async () => {
    const { stdout } = await fixture.run(
      fixture.plan(["grep", "-E", "^(SigBlk|SigIgn|Umask|NoNewPrivs)", "/proc/self/status"]),
    );
    expect(stdout).toBe("Umask:\t0022\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t0\n");
  });

  test("ends with 128 + signal", async () => {
    const launched = await fixture.start(fixture.plan(["sh", "-c", "kill -9 $$; sleep 9"], { create: ["mount"] }));
    expect(await launched.exited()).toMatchObject({ exitCode: 137, signal: 9, oomKilled: false });
  });

  test("gets signals", async () => {
    const launched = await fixture.launch(
      fixture.request(fixture.plan(["sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"])),
    );
    const attached = await launched.attach({ stdin: false, stdout: true, stderr: false });
    await launched.go();
    for await (const chunk of attached.readable) if (Buffer.from(chunk).includes("up")) break;
    await launched.signal(15);
    expect((await launched.exited()).exitCode).toBe(5);
    expect(launched.signal(15)).rejects.toThrow("not running");
  });

  // Named as the engine names them: before Linux 6.7 all names together have to fit in a page.
  test.each(forms)("runs on an overlay of 300 layers, %s", async (_, kernel) => {
    const layers = fixture.directory("layers");
    const lower = Array.from({ length: 300 }, (_, index) => {
      const path = `${layers}/${index}/fs`;
      mkdirSync(path, { recursive: true });
      writeFileSync(`${path}/from-${index}`, "");
      return path;
    });
    cpSync(fixture.layer, `${layers}/300/fs`, { recursive: true, verbatimSymlinks: true });
    const { upper, work } = fixture.overlay();
    const lowerDirs = [...lower, `${layers}/300/fs`];
    const root = rootOverlay({ lowerDirs, upper: { directory: upper, work } }, kernel);
    const { stdout } = await fixture.run(fixture.plan(["sh", "-c", "ls / | grep -c from-"], { root }));
    expect(stdout).toBe("300\n");
  });

  test.if(forms.length > 1)("layers whose names together fill more than a page run by fsconfig(2)", async () => {
    const parent = fixture.directory("layers");
    const lower = Array.from({ length: 100 }, (_, index) => {
      const path = `${parent}/a-layer-with-a-rather-long-directory-name-${index}`;
      mkdirSync(path);
      writeFileSync(`${path}/from-${index}`, "");
      return path;
    });
    const root = fixture.overlay({ lowerDirs: [...lower, fixture.layer] });
    const plan = fixture.plan(["sh", "-c", "ls / | grep -c from-"], { root });
    expect((await fixture.run(plan)).stdout).toBe("100\n");
  });

  test.each(forms)("runs on an overlay whose directories' names have commas and colons, %s", async (_, kernel) => {
    const at = fixture.directory("a,b:c");
    const [lower, upper, work] = [`${at}/lower=,1:2`, `${at}/upper,3:4`, `${at}/work,5:6`];
    for (const path of [lower, upper, work]) mkdirSync(path);
    const root = rootOverlay({ lowerDirs: [lower, fixture.layer], upper: { directory: upper, work } }, kernel);
    const { stdout } = await fixture.run(fixture.plan(["sh", "-c", "echo written > /new; cat /new"], { root }));
    expect(stdout).toBe("written\n");
    expect(readFileSync(`${upper}/new`, "utf8")).toBe("written\n");
  });

  test("runs on a bind of a directory, read-only", async () => {
    const plan = fixture.plan(["sh", "-c", "touch /x; touch /tmp/y && echo tmp"], {
      root: { op: "root_bind", source: fixture.layer, attrSet: 0, target: "" },
      extra: [
        mount("tmpfs", "/tmp", [], 0),
        { op: "mount_attrs", path: "/", attrSet: mountAttr.readonly, attrClear: 0, recursive: false },
      ],
    });
    const { stdout, stderr } = await fixture.run(plan);
    expect(stdout).toBe("tmp\n");
    expect(stderr).toContain("Read-only file system");
  });

  test("can do without pivot_root", async () => {
    const plan = fixture.plan(["sh", "-c", "ls /; cd /; ls .."]);
    const steps = plan.steps.map((step): Step => (step.op === "pivot_root" ? { op: "pivot_root", move: true } : step));
    const { stdout } = await fixture.run({ ...plan, steps });
    const root = "bin\ndev\netc\nproc\nsys\ntmp\nwork\n";
    expect(stdout).toBe(root + root);
  });

  test("reads a finished process's output to the end and logs it", async () => {
    const request = fixture.request(fixture.plan(["sh", "-c", "seq 1 20000; printf tail"]));
    const launched = await fixture.launch(request);
    await launched.go();
    await launched.exited();
    const records = readLog(`${request.dir}/log`);
    expect(records.length).toBe(20001);
    expect(records[19999]).toEqual({ stream: 1, partial: false, text: "20000" });
    expect(records[20000]).toEqual({ stream: 1, partial: true, text: "tail" });
  });

  test("splits lines longer than 16 KiB", async () => {
    const request = fixture.request(fixture.plan(["sh", "-c", "head -c 40000 /dev/zero; echo; echo end"]));
    const launched = await fixture.launch(request);
    await launched.go();
    await launched.exited();
    const records = readLog(`${request.dir}/log`).map(({ text, partial }) => [text.length, partial]);
    expect(records).toEqual([
      [16384, true],
      [16384, true],
      [7232, false],
      [3, false],
    ]);
  });

  test("rotates its log and never cuts a record", async () => {
    const dir = fixture.directory("log");
    const plan = fixture.plan(["seq", "1", "3000"]);
    const launched = await fixture.start(plan, { log: { path: `${dir}/log`, maxSizeBytes: 20000, maxFiles: 3 } });
    await launched.exited();
    expect(readdirSync(dir).sort()).toEqual(["log", "log.1", "log.2"]);
    const kept = ["log.2", "log.1", "log"].flatMap((name) =>
      readLog(`${dir}/${name}`).map((record) => Number(record.text)),
    );
    expect(kept.at(-1)).toBe(3000);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 3000 - kept.length + 1 + index));
    for (const name of readdirSync(dir)) expect(statSync(`${dir}/${name}`).size).toBeLessThanOrEqual(20000);
  });

  test("continues a log whose last record was torn", async () => {
    const dir = fixture.directory("log");
    const log = { path: `${dir}/log`, maxSizeBytes: 0, maxFiles: 1 };
    await (await fixture.start(fixture.plan(["echo", "one"]), { log })).exited();
    const whole = readFileSync(log.path);
    writeFileSync(log.path, Buffer.concat([whole, whole.subarray(0, 18)]));
    await (await fixture.start(fixture.plan(["echo", "two"]), { log })).exited();
    expect(readLog(log.path).map(({ text }) => text)).toEqual(["one", "two"]);
  });
});

describe("mounts", () => {
  test("bind files and directories, read-only ones too", async () => {
    const host = fixture.directory("host");
    writeFileSync(`${host}/file`, "from the host\n");
    const plan = fixture.plan(
      ["sh", "-c", "cat /etc/deep/file /data/file; touch /data/new || echo refused; touch /rw/new"],
      {
        root: fixture.overlay(),
      },
    );
    const steps = [...plan.steps];
    steps.splice(
      8,
      0,
      bind(`${host}/file`, "/etc/deep/file"),
      bind(host, "/data", { attrSet: mountAttr.readonly }),
      bind(host, "/rw"),
    );
    const { stdout } = await fixture.run({ ...plan, steps });
    expect(stdout).toBe("from the host\nfrom the host\nrefused\n");
    expect(existsSync(`${host}/new`)).toBe(true);
  });

  test("bind a file over a symlink whose target's directory is missing", async () => {
    const host = fixture.directory("host");
    writeFileSync(`${host}/file`, "from the host\n");
    symlinkSync("../../../run/one/two/file", `${fixture.layer}/etc/dangling`);
    symlinkSync("/nowhere/at/all", `${fixture.layer}/etc/absolute`);
    const plan = fixture.plan(
      ["sh", "-c", "cat /run/one/two/file /nowhere/at/all; test -L /etc/dangling && echo link"],
      {
        root: fixture.overlay(),
      },
    );
    const steps = [...plan.steps];
    steps.splice(8, 0, bind(`${host}/file`, "/etc/dangling"), bind(`${host}/file`, "/etc/absolute"));
    const { stdout } = await fixture.run({ ...plan, steps });
    expect(stdout).toBe("from the host\nfrom the host\nlink\n");
    expect(existsSync("/run/one")).toBe(false);
  });

  test("mask and read-only paths", async () => {
    const plan = fixture.plan(
      [
        "sh",
        "-c",
        "wc -c < /proc/keys; ls /proc/acpi /proc/scsi 2>/dev/null | wc -l; echo 1 > /proc/sys/kernel/domainname || echo refused; wc -c < /etc/secret; ls /tmp",
      ],
      {
        extra: [
          { op: "touch", path: "/etc/secret", mode: 0o644 },
          { op: "touch", path: "/tmp/inside", mode: 0o644 },
          {
            op: "mask",
            paths: ["/proc/keys", "/etc/secret", "/proc/acpi", "/proc/scsi", "/tmp", "/not/there"],
            options: [],
          },
          { op: "readonly_paths", paths: ["/proc/sys", "/proc/bus", "/not/there"] },
        ],
      },
    );
    const result = await fixture.run(plan);
    expect(result.stdout).toBe("0\n" + result.stdout.split("\n")[1] + "\nrefused\n0\n");
  });

  test("copy the image's contents up into a tmpfs", async () => {
    mkdirSync(`${fixture.layer}/var/spool`, { recursive: true });
    writeFileSync(`${fixture.layer}/var/file`, "kept\n");
    symlinkSync("file", `${fixture.layer}/var/link`);
    const tmpfs: Step = {
      op: "mount",
      type: "tmpfs",
      source: "tmpfs",
      target: "/var",
      options: ["size=1m"],
      attrSet: 0,
      propagation: 0,
      copyUp: true,
    };
    const { stdout } = await fixture.run(
      fixture.plan(["sh", "-c", "cat /var/link; ls -d /var/spool; stat -f -c %T /var"], { extra: [tmpfs] }),
    );
    expect(stdout).toBe("kept\n/var/spool\ntmpfs\n");
  });

  test("id-map a bind", async () => {
    const host = fixture.directory("host");
    writeFileSync(`${host}/file`, "");
    const mapped = { ...bind(host, "/data"), idmapUid: "0 5000 10\n", idmapGid: "0 6000 10\n" } as Step;
    const { stdout } = await fixture.run(fixture.plan(["stat", "-c", "%u:%g", "/data/file"], { extra: [mapped] }));
    expect(stdout).toBe("5000:6000\n");
  });

  test("tolerated errnos skip a step", async () => {
    const missing: Step = { ...bind("/not/on/this/host", "/data"), tolerate: [2] };
    expect((await fixture.run(fixture.plan(["true"], { extra: [missing] }))).exitCode).toBe(0);
  });
});

describe("an image cannot escape", () => {
  // Each of these is a path the plan writes to or mounts on; the image has a symlink to the host's / there.
  test.each([
    ["/proc", "must be mounted on ordinary directory: /proc"],
    ["/dev", undefined],
    ["/etc", undefined],
    ["/work", undefined],
    ["/data", undefined],
  ])("through %s -> /…", async (path, refusal) => {
    const trap = mkdtempSync("/tmp/berth-trap-");
    const mounts = mountCount();
    try {
      rmSync(`${fixture.layer}${path}`, { recursive: true, force: true });
      symlinkSync(`../../../../../../../..${trap}`, `${fixture.layer}${path}`);
      const host = fixture.directory("host");
      const plan = fixture.plan(["true"], {
        extra: [
          bind(host, "/data/sub"),
          bind("/etc/hostname", "/etc/hostname"),
          { op: "mkdir", path: "/data/made", mode: 0o755, uid: 0, gid: 0 },
          { op: "touch", path: "/etc/made", mode: 0o644 },
        ],
      });
      if (refusal === undefined) await fixture.run(plan);
      else expect(await failureOf(fixture.run(plan))).toMatchObject({ what: refusal });
      expect(readdirSync(trap)).toEqual([]);
      expect(mountCount()).toBe(mounts);
    } finally {
      rmSync(trap, { recursive: true, force: true });
    }
  });

  test("through a fake /dev/pts/ptmx", async () => {
    const plan = fixture.plan(["true"], { terminal: true });
    const steps = plan.steps.map((step): Step =>
      step.op === "mount" && step.target === "/dev/pts" ? { op: "touch", path: "/dev/pts/ptmx", mode: 0o666 } : step,
    );
    expect(await failureOf(fixture.launch(fixture.request({ ...plan, steps }, { terminal: true })))).toMatchObject({
      what: "verify /dev/pts/ptmx",
    });
  });

  // CVE-2025-52565: what is written to the console would be written to the file.
  test("through a link for /dev/console", async () => {
    const plan = fixture.plan(["true"], { terminal: true });
    const link: Step = { op: "symlink", path: "/dev/console", target: "../proc/sys/vm/swappiness" };
    const steps = plan.steps.flatMap((step): Step[] => (step.op === "terminal" ? [link, step] : [step]));
    expect(await failureOf(fixture.launch(fixture.request({ ...plan, steps }, { terminal: true })))).toMatchObject({
      what: "cannot be mounted because it is inside /proc: /dev/console",
    });
  });

  // CVE-2019-5736: keep the file behind /proc/<pid>/exe open, wait until nothing runs from it, write to it.
  test("through /proc/self/exe of the shim", async () => {
    writeFileSync(`${fixture.layer}/bin/script`, "#!/proc/self/exe\n", { mode: 0o755 });
    const launched = await fixture.launch(fixture.request(fixture.plan(["/bin/script"])));
    const exe = openSync(`/proc/${launched.pid}/exe`, "r");
    try {
      await launched.go();
      expect((await launched.exited()).exitCode).not.toBe(0);
      while (hasProgram(launched.monitorPid)) await Bun.sleep(1);
      // Busy as long as a process that is just leaving maps it; sealed for ever.
      while (refusalToWrite(`/proc/self/fd/${exe}`) === "ETXTBSY") await Bun.sleep(1);
      expect(refusalToWrite(`/proc/self/fd/${exe}`)).toBe("EPERM");
    } finally {
      closeSync(exe);
    }
  });
});

function hasProgram(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) !== "";
  } catch {
    return false;
  }
}

function refusalToWrite(path: string): string {
  try {
    writeFileSync(path, "x", { flag: "r+" });
    return "";
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

describe("exec", () => {
  test("joins every namespace of a running container", async () => {
    const container = await fixture.start(fixture.plan(["sleep", "100"]));
    const result = await fixture.run(
      execPlan(container, [
        "sh",
        "-c",
        "hostname; pwd; ps | grep -c sleep; ls /proc/self/fd; readlink /proc/self/ns/net; exit 9",
      ]),
    );
    const lines = result.stdout.split("\n");
    expect(result.exitCode).toBe(9);
    expect(lines.slice(0, 2)).toEqual(["box", "/work"]);
    expect(lines.slice(3, 7)).toEqual(["0", "1", "2", "3"]);
    expect(lines[7]).toBe(readlinkSync(`/proc/${container.pid}/ns/net`));
  });

  test("that goes ahead is attached to from its first byte, and tells what fails", async () => {
    const container = await fixture.start(fixture.plan(["sleep", "100"]));
    const ahead = async (plan: Plan): Promise<{ readonly output: string; readonly exitCode: number }> => {
      let output: Promise<Buffer> | undefined;
      const launched = await fixture.launch(
        fixture.request(plan, {
          goesAhead: true,
          onMonitor: async (process) => {
            const stream = await process.attach({ stdin: false, stdout: true, stderr: true });
            output = collect(stream.readable);
          },
        }),
      );
      await launched.go();
      const { exitCode } = await launched.exited();
      return { output: (await output)?.subarray(8).toString() ?? "", exitCode };
    };
    // Which comes first is chance; the guest's kernel needs to show only that it works.
    const rounds = process.env["BERTH_TEST_GUEST"] === "1" ? 2 : 20;
    for (let round = 0; round < rounds; round++) {
      expect(await ahead(execPlan(container, ["sh", "-c", "echo first; exit 3"]))).toEqual({
        output: "first\n",
        exitCode: 3,
      });
      const missing = execPlan(container, ["/not/there"]);
      expect(await failureOf(ahead(missing))).toMatchObject({ step: missing.steps.length, errno: 2 });
      const early = execPlan(container, ["true"], [{ op: "rlimit", resource: 7, soft: 2n, hard: 1n }]);
      expect(await failureOf(ahead(early))).toMatchObject({ errno: 22, what: "rlimit" });
    }
  });

  test("with a terminal of the container's", async () => {
    const container = await fixture.start(fixture.plan(["sleep", "100"]));
    const plan = execPlan(
      container,
      ["sh", "-c", "tty; stty size"],
      [{ op: "terminal", uid: 0, gid: keep, console: false }],
    );
    const launched = await fixture.launch(
      fixture.request(plan, { terminal: true, consoleSize: { rows: 10, columns: 20 } }),
    );
    const stream = await launched.attach({ stdin: false, stdout: true, stderr: true });
    await launched.go();
    expect((await collect(stream.readable)).toString()).toBe("/dev/pts/0\r\n10 20\r\n");
  });

  test("refuses a pid that is another process by now", async () => {
    const container = await fixture.start(fixture.plan(["sleep", "100"]));
    const plan = execPlan(container, ["true"]);
    const join = [
      { by: "process", kinds: ["mount"], pid: container.pid, startTicks: container.startTicks + 1n } as const,
    ];
    expect(await failureOf(fixture.launch(fixture.request({ ...plan, join })))).toMatchObject({ step: -1, errno: 3 });
  });

  test("a grandchild that keeps the output open does not hold the exit", async () => {
    const container = await fixture.start(fixture.plan(["sleep", "100"]));
    const launched = await fixture.start(execPlan(container, ["sh", "-c", "sleep 90 & echo out; exit 2"]));
    expect((await launched.exited()).exitCode).toBe(2);
  });
});

describe("user namespaces and identity", () => {
  const user = (steps: readonly Step[], argv: readonly string[]): Plan => {
    const plan = fixture.plan(argv, { create: ["user", "mount", "pid", "network", "ipc", "uts"] });
    const noDevices = plan.steps.filter(({ op }) => op !== "mknod");
    return {
      ...plan,
      uidMap: "0 100000 65536\n",
      gidMap: "0 100000 65536\n",
      // procfs may be mounted in a user namespace only while the host's is still visible, so before pivot_root.
      steps: [
        ...noDevices.slice(0, 5),
        bind("/dev/null", "/dev/null"),
        ...noDevices.slice(5, -1),
        ...steps,
        ...noDevices.slice(-1),
      ],
    };
  };

  test("map ids, and own what the shim makes", async () => {
    const plan = user(
      [{ op: "mkdir", path: "/dev/made", mode: 0o750, uid: 0, gid: 0 }],
      ["sh", "-c", "id -u; cat /proc/self/uid_map; stat -c %u:%a /dev/made; echo x > /dev/null && echo null"],
    );
    const { stdout, stderr } = await fixture.run(plan);
    expect(stderr).toBe("");
    expect(stdout.replaceAll(/ +/g, " ")).toBe("0\n 0 100000 65536\n0:750\nnull\n");
  });

  test("an overlay of id-mapped layers is the container's own, and keeps its ids on disk", async () => {
    const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    const overlay = fixture.overlay({ mappings: { uid: map, gid: map } });
    const line =
      "stat -c %u:%g /bin/busybox; echo x > /new; mkdir /d; touch /work/u; chown 7:8 /new; stat -c %u:%g /new /d";
    const plan = user([], ["sh", "-c", line]);
    const steps = plan.steps.map((step) => (step.op === "root_overlay" ? overlay : step));
    const { stdout, stderr } = await fixture.run({ ...plan, steps });
    expect([stdout, stderr]).toEqual(["0:0\n7:8\n0:0\n", ""]);
    const owner = (path: string): readonly number[] => {
      const { uid, gid } = statSync(`${overlay.upper}/${path}`);
      return [uid, gid];
    };
    expect([owner("new"), owner("d"), owner("work/u")]).toEqual([
      [7, 8],
      [0, 0],
      [0, 0],
    ]);
  });

  test("exec joins the user namespace too", async () => {
    const container = await fixture.start(user([], ["sleep", "100"]));
    const plan = execPlan(container, ["sh", "-c", "id -u; cat /proc/self/uid_map"]);
    const kinds: NamespaceKind[] = ["user", "mount", "pid", "network", "ipc", "uts"];
    const join = [{ by: "process", kinds, pid: container.pid, startTicks: container.startTicks } as const];
    const { stdout } = await fixture.run({ ...plan, join });
    expect(stdout.replaceAll(/ +/g, " ")).toBe("0\n 0 100000 65536\n");
  });

  test("user, groups, capabilities, no_new_privs, rlimits, umask, oom score", async () => {
    const plan = fixture.plan(
      [
        "sh",
        "-c",
        "id -u; id -g; id -G; umask; ulimit -n; cat /proc/self/oom_score_adj; grep -E '^(Cap|NoNew)' /proc/self/status; echo > /dev/stdout",
      ],
      {
        extra: [
          { op: "symlink", path: "/dev/stdout", target: "/proc/self/fd/1" },
          { op: "rlimit", resource: 7, soft: 100n, hard: 200n },
          { op: "oom_score_adj", value: 500 },
        ],
        late: [
          { op: "umask", mask: 0o027 },
          { op: "bounding_set", keep: 0x401n },
          { op: "groups", gids: [20, 30] },
          { op: "user", uid: 1000, gid: 1001, ownStdio: true },
          { op: "capabilities", effective: 0x400n, permitted: 0x400n, inheritable: 0x400n, ambient: 0x400n },
          { op: "no_new_privs" },
        ],
      },
    );
    const { stdout, stderr } = await fixture.run(plan);
    expect(stderr).toBe("");
    expect(stdout).toBe(
      "1000\n1001\n1001 20 30\n0027\n100\n500\n" +
        [
          "CapInh:\t0000000000000400",
          "CapPrm:\t0000000000000400",
          "CapEff:\t0000000000000400",
          "CapBnd:\t0000000000000401",
          "CapAmb:\t0000000000000400",
          "NoNewPrivs:\t1",
        ].join("\n") +
        "\n\n",
    );
  });

  test("seccomp, sysctl, loopback, personality, domain name, scheduling", async () => {
    const allow = new Uint8Array([0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]); // BPF_RET ALLOW
    const plan = fixture.plan(
      [
        "sh",
        "-c",
        "grep -E '^Seccomp:' /proc/self/status; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/domainname; cat /sys/class/net/lo/operstate; cat /proc/self/personality",
      ],
      {
        extra: [
          mount("sysfs", "/sys", [], mountAttr.readonly),
          { op: "sysctl", key: "net/ipv4/ip_unprivileged_port_start", value: "0" },
          { op: "domainname", name: "example" },
          { op: "loopback_up" },
          { op: "session_keyring", name: "_ses.test", label: "" },
          { op: "personality", persona: 0x0040000 },
          { op: "scheduler", policy: 3, flags: 0n, nice: 5, priority: 0, runtime: 0n, deadline: 0n, period: 0n },
          { op: "io_priority", class: 2, priority: 6 },
          { op: "cpu_affinity", mask: new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]) },
          { op: "seccomp", flags: 0, filter: allow, listener: "", listenerMessage: new Uint8Array() },
        ],
      },
    );
    const { stdout, stderr } = await fixture.run(plan);
    expect(stderr).toBe("");
    expect(stdout).toBe("Seccomp:\t2\n0\nexample\nunknown\n00040000\n");
  });

  test("what a plan makes has the modes and owners it says, whatever the umask and the directory give", async () => {
    const overlay = fixture.overlay();
    for (const name of ["shared", "over", "over/inner"]) mkdirSync(`${overlay.upper}/${name}`);
    chownSync(`${overlay.upper}/shared`, 0, 10);
    chmodSync(`${overlay.upper}/shared`, 0o2777);
    symlinkSync("shared/later", `${overlay.upper}/link`);
    const tmpfs = {
      op: "mount",
      type: "tmpfs",
      source: "",
      options: [],
      attrSet: 0,
      propagation: 0,
      copyUp: false,
    } as const;
    const plan = fixture.plan(
      ["sh", "-c", "stat -c '%n %u:%g %a' /shared/* /shared/a/b /over/inner/x /over/inner/n /made/*; umask; ls /over"],
      {
        root: overlay,
        extra: [
          { op: "umask", mask: 0o077 },
          { op: "mkdir", path: "/shared/a/b", mode: 0o777, uid: 0, gid: 0 },
          { op: "mkdir", path: "/shared/own", mode: 0o1770, uid: 5, gid: 6 },
          { op: "mkdir", path: "/link/below", mode: 0o755, uid: 0, gid: 0 },
          { op: "mknod", path: "/shared/null", mode: 0o020666, major: 1, minor: 3, uid: 0, gid: 0 },
          { op: "mknod", path: "/shared/zero", mode: 0o020640, major: 1, minor: 5, uid: 7, gid: 8 },
          { op: "touch", path: "/made/file", mode: 0o666 },
          // What is mounted over the directory in which something was made last is where the next thing is made.
          { op: "mkdir", path: "/over/inner/under", mode: 0o755, uid: 0, gid: 0 },
          { ...tmpfs, target: "/over" },
          { op: "mkdir", path: "/over/inner/x", mode: 0o711, uid: 0, gid: 0 },
          { op: "symlink", path: "/over/inner/n", target: "x" },
        ],
      },
    );
    const { stdout, stderr } = await fixture.run(plan);
    expect(stderr).toBe("");
    expect(stdout).toBe(
      "/shared/a 0:0 777\n/shared/later 0:0 755\n/shared/null 0:0 666\n/shared/own 5:6 1770\n/shared/zero 7:8 640\n" +
        "/shared/a/b 0:0 777\n/over/inner/x 0:0 711\n/over/inner/n 0:0 777\n/made/file 0:0 666\n0077\ninner\n",
    );
    expect(readdirSync(`${overlay.upper}/over/inner`)).toEqual(["under"]);
  });

  test("a sysctl that leads out of /proc/sys is refused", async () => {
    const plan = fixture.plan(["true"], { extra: [{ op: "sysctl", key: "../sysrq-trigger", value: "h" }] });
    expect(await failureOf(fixture.launch(fixture.request(plan)))).toMatchObject({ what: "sysctl ../sysrq-trigger" });
  });

  test("cgroups of the machine's versions are entered, and are the root of the cgroup namespace", async () => {
    const { v1, v2 } = hierarchies();
    const made = [v1, v2].filter((parent) => parent !== undefined).map((parent) => `${parent}/berth-shim-test`);
    expect(made).not.toEqual([]);
    for (const path of made) mkdirSync(path);
    try {
      const script = ["sh", "-c", "grep -E '^0:|pids' /proc/self/cgroup"];
      const cgroup = {
        ...(v2 === undefined ? {} : { directory: `${v2}/berth-shim-test` }),
        procs: v1 === undefined ? [] : [`${v1}/berth-shim-test/cgroup.procs`],
      };
      const seen = async (plan: Plan): Promise<readonly (string | undefined)[]> => {
        const { stdout } = await fixture.run({ ...plan, cgroup });
        return stdout
          .trim()
          .split("\n")
          .filter((line) => v2 !== undefined || !line.startsWith("0:"))
          .map((line) => line.split(":")[2]);
      };
      expect(await seen(fixture.plan(script))).toEqual(made.map(() => "/"));
      const shared = fixture.plan(script, { create: ["mount", "pid"] });
      expect(await seen(shared)).toEqual(made.map(() => "/berth-shim-test"));
    } finally {
      for (const path of made) rmdirSync(path);
    }
  });

  test("time offsets", async () => {
    const plan = fixture.plan(["cat", "/proc/uptime"], {
      create: ["mount", "pid", "network", "ipc", "uts", "cgroup", "time"],
    });
    const offset = { seconds: 1_000_000, nanoseconds: 0 };
    const { stdout } = await fixture.run({ ...plan, timeOffsets: { monotonic: offset, boottime: offset } });
    expect(Number(stdout.split(" ")[0])).toBeGreaterThan(1_000_000);
  });
});
