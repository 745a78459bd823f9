import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fixtureExpectations } from "../../../tools/lab/test-images.ts";
import type { Target } from "../target.ts";

/** Flags of `run` and what the process sees of them. */
export function configurationCases(target: () => Target): void {
  /** Arguments before the image, a shell line, and what it prints. */
  const table: readonly (readonly [name: string, flags: readonly string[], line: string, prints: string | RegExp])[] = [
    ["the host name is the short id", [], "hostname", /^[0-9a-f]{12}\n$/],
    ["--hostname", ["--hostname", "h"], "hostname; cat /etc/hostname; grep -w h /etc/hosts | cut -f2", "h\nh\nh\n"],
    ["-e sets variables", ["-e", "A=b", "-e", "EMPTY="], "echo $A-$EMPTY-", "b--\n"],
    [
      "-e NAME takes the client's value",
      ["-e", "TAKEN", "-e", "NOT_THERE"],
      "echo $TAKEN; env | grep -c NOT_THERE",
      "from client\n0\n",
    ],
    [
      "the environment has PATH, HOSTNAME and HOME",
      ["--hostname", "h"],
      "env | grep -E '^(PATH|HOSTNAME|HOME)=' | sort",
      "HOME=/root\nHOSTNAME=h\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
    ],
    ["-w makes the folder", ["-w", "/x/y"], "pwd; stat -c '%u %a' /x/y", "/x/y\n0 755\n"],
    ["-u by numbers", ["-u", "1000:1000"], "id -u; id -g; id -G", "1000\n1000\n1000\n"],
    ["-u by number alone has group 0", ["-u", "1000"], "id -u; id -g", "1000\n0\n"],
    ["-u by name", ["-u", "daemon"], "id -un; id -gn; echo $HOME", "daemon\ndaemon\n/usr/sbin\n"],
    ["-u name:group", ["-u", "daemon:wheel"], "id -un; id -gn", "daemon\nwheel\n"],
    ["root has root's groups of the image", [], "id -G", "0 10\n"],
    [
      "--group-add",
      ["--group-add", "nogroup", "--group-add", "777"],
      "id -G | tr ' ' '\\n' | sort -n | tr '\\n' ' '",
      "0 10 777 65534 ",
    ],
    ["--read-only", ["--read-only"], "touch /f 2>&1; echo $?", "touch: /f: Read-only file system\n1\n"],
    [
      "--read-only with --tmpfs",
      ["--read-only", "--tmpfs", "/t"],
      "touch /t/f && grep ' /t ' /proc/mounts | cut -d' ' -f3,4 | grep -o 'tmpfs.*noexec'",
      /^tmpfs rw,(.*,)?noexec\n$/,
    ],
    [
      "--tmpfs with options",
      ["--tmpfs", "/t:size=1m,mode=700,exec"],
      "stat -c %a /t; df -k /t | tail -1 | awk '{print $2}'; grep ' /t ' /proc/mounts | grep -c noexec",
      "700\n1024\n0\n",
    ],
    ["--shm-size", ["--shm-size", "8m"], "df -k /dev/shm | tail -1 | awk '{print $2}'", "8192\n"],
    ["/dev/shm has 64 MiB", [], "df -k /dev/shm | tail -1 | awk '{print $2}'; stat -c %a /dev/shm", "65536\n1777\n"],
    [
      "--cap-drop ALL",
      ["--cap-drop", "ALL"],
      "grep -E '^Cap(Eff|Bnd|Prm)' /proc/self/status | cut -f2",
      "0000000000000000\n0000000000000000\n0000000000000000\n",
    ],
    [
      "the default capabilities are Docker's fourteen",
      [],
      "grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | cut -f2 | tr '\\n' ' '",
      "0000000000000000 00000000a80425fb 00000000a80425fb 00000000a80425fb 0000000000000000 ",
    ],
    [
      "--cap-add and --cap-drop",
      ["--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--cap-add", "cap_chown"],
      "grep ^CapEff /proc/self/status | cut -f2",
      "0000000000001001\n",
    ],
    [
      "another user has no effective capabilities",
      ["-u", "1000"],
      "grep -E '^Cap(Eff|Bnd)' /proc/self/status | cut -f2",
      "0000000000000000\n00000000a80425fb\n",
    ],
    [
      "no-new-privileges",
      ["--security-opt", "no-new-privileges"],
      "grep ^NoNewPrivs /proc/self/status | cut -f2",
      "1\n",
    ],
    [
      "new privileges by default, with a system call filter",
      [],
      "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | cut -f2",
      "0\n2\n",
    ],
    [
      "seccomp=unconfined",
      ["--security-opt", "seccomp=unconfined"],
      "grep ^Seccomp: /proc/self/status | cut -f2",
      "0\n",
    ],
    [
      "--ulimit",
      ["--ulimit", "nofile=100:200", "--ulimit", "core=0"],
      "ulimit -Sn; ulimit -Hn; ulimit -c",
      "100\n200\n0\n",
    ],
    [
      "--sysctl",
      ["--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.shmmax=4096"],
      "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax",
      "1\n4096\n",
    ],
    ["--oom-score-adj", ["--oom-score-adj", "500"], "cat /proc/self/oom_score_adj", "500\n"],
    ["--cpuset-cpus", ["--cpuset-cpus", "0"], "grep Cpus_allowed_list /proc/self/status | cut -f2", "0\n"],
    [
      "--device",
      ["--device", "/dev/zero:/dev/my-zero"],
      "stat -c '%F %t %T' /dev/my-zero; head -c 2 /dev/my-zero | od -An -tx1",
      "character special file 1 5\n 00 00\n",
    ],
    ["--entrypoint", ["--entrypoint", "/bin/echo"], "ignored", "-c ignored\n"],
    [
      "the usual devices",
      [],
      "ls /dev | grep -v ^core$ | tr '\\n' ' '",
      "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ",
    ],
    [
      "the mounts are Docker's",
      [],
      "awk '{print $2,$3}' /proc/mounts | grep -E '^/(proc|dev|dev/pts|sys|dev/mqueue|dev/shm) ' | tr '\\n' ';'",
      "/proc proc;/dev tmpfs;/dev/pts devpts;/sys sysfs;/dev/mqueue mqueue;/dev/shm tmpfs;",
    ],
  ];

  for (const [name, flags, line, prints] of table) {
    test(name, async () => {
      const shell = name === "--entrypoint" ? ["busybox", "-c", line] : ["busybox", "sh", "-c", `${line}\ntrue`];
      const result = await target().run(["run", "--rm", ...flags, ...shell], {
        env: { TAKEN: "from client", NOT_THERE: undefined },
      });
      expect({ ...result, stdout: "" }).toEqual({ code: 0, stdout: "", stderr: "" });
      if (typeof prints === "string") expect(result.stdout).toBe(prints);
      else expect(result.stdout).toMatch(prints);
    });
  }

  test("--env-file", async () => {
    const file = join(target().scratch, "env");
    writeFileSync(file, "# a comment\nA=1\nB=two words\nTAKEN\n");
    const args = ["run", "--rm", "--env-file", file, "busybox", "sh", "-c", 'echo "$A-$B-$TAKEN"'];
    expect(await target().ok(args, { env: { TAKEN: "t" } })).toBe("1-two words-t\n");
  });

  test("-v binds host folders and files, read-only on demand, and makes a missing source", async () => {
    const dir = join(target().scratch, `bind-${target().name.replace(":", "-")}`);
    mkdirSync(dir);
    writeFileSync(join(dir, "file"), "from host\n");
    const line = "cat /c/file; echo x 2>/dev/null >/c/no || echo refused; echo made > /d/made; ls -A /new; cat /one";
    const args = [
      "run",
      "--rm",
      "-v",
      `${dir}:/c:ro`,
      "-v",
      `${dir}:/d`,
      "-v",
      `${dir}/new:/new`,
      "-v",
      `${dir}/file:/one`,
    ];
    const result = await target().run([...args, "busybox", "sh", "-c", line]);
    expect(result.stdout).toBe("from host\nrefused\nfrom host\n");
    expect(readFileSync(join(dir, "made"), "utf8")).toBe("made\n");
  });

  test("--mount bind refuses a source that is not there", async () => {
    const result = await target().run(["run", "--rm", "--mount", "type=bind,src=/no/such/source,dst=/x", "busybox"]);
    expect(result.code).toBe(125);
    expect(result.stderr).toContain("bind source path does not exist: /no/such/source");
  });

  test("an unknown user is refused", async () => {
    const result = await target().run(["run", "--rm", "-u", "nobody-here", "busybox", "true"]);
    expect(result.code).toBe(125);
    expect(result.stderr).toContain("unable to find user nobody-here: no matching entries in passwd file");
  });

  test("memory, cpu and process limits are set in the container's cgroup", async () => {
    const args = [
      "run",
      "--rm",
      "-m",
      "64m",
      "--cpus",
      "0.5",
      "--pids-limit",
      "50",
      "--cpu-shares",
      "512",
      "--memory-reservation",
      "32m",
    ];
    const line = `
      if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
        cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.low
      else
        cat /sys/fs/cgroup/memory/memory.limit_in_bytes
        echo $(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us)
        cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory/memory.soft_limit_in_bytes
      fi`;
    expect(await target().ok([...args, "busybox", "sh", "-c", line])).toBe("67108864\n50000 100000\n50\n33554432\n");
  });

  test("a process beyond --pids-limit is refused", async () => {
    const line = "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo all";
    const result = await target().run(["run", "--rm", "--pids-limit", "5", "busybox", "sh", "-c", line]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain("can't fork");
  });

  test("too much memory ends with 137 and OOMKilled", async () => {
    const hog = "x=a; while :; do x=$x$x$x$x; done";
    const result = await target().run(["run", "--name", "hog", "-m", "24m", "busybox", "sh", "-c", hog]);
    expect(result.code).toBe(137);
    const state = await target().ok(["inspect", "--format", "{{.State.OOMKilled}} {{.State.ExitCode}}", "hog"]);
    expect(state).toBe("true 137\n");
  });

  test("all flags of the main job together", async () => {
    const dir = join(target().scratch, `all-${target().name.replace(":", "-")}`);
    mkdirSync(dir);
    writeFileSync(join(dir, "file"), "data\n");
    const args = [
      "run",
      "-m",
      "64m",
      "--cpus",
      "0.5",
      "--pids-limit",
      "50",
      "--read-only",
      "--tmpfs",
      "/t",
      "-v",
      `${dir}:/c:ro`,
    ];
    const more = [
      "-u",
      "1000:1000",
      "-w",
      "/tmp",
      "-e",
      "A=b",
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
    ];
    const rest = [
      "--hostname",
      "h",
      "--rm",
      "--name",
      "nn",
      "busybox",
      "sh",
      "-c",
      "id -u; hostname; echo $A; pwd; cat /c/file; touch /t/x && echo ok",
    ];
    expect(await target().ok([...args, ...more, ...rest])).toBe("1000\nh\nb\n/tmp\ndata\nok\n");
  });

  test("an image's user, folder and environment are the defaults", async () => {
    const printed = await target().ok(["run", "--rm", "fixture", "sh", "-c", "id; pwd; echo $FIXTURE $HOME"]);
    expect(printed).toBe("uid=1000(app) gid=1001(app) groups=1001(app),1002(extra)\n/home/app\nyes /home/app\n");
  });

  test("layers are unpacked exactly", async () => {
    for (const { run, prints } of fixtureExpectations) {
      expect(await target().ok(["run", "--rm", "-u", "0", "fixture", "sh", "-c", run])).toBe(prints);
    }
  });
}
