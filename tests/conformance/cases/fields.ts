import { expect, test } from "bun:test";
import { fieldTable, refusalTable, type FieldRow, type RefusalRow } from "../field-table.ts";
import type { Target } from "../target.ts";

const modes: readonly FieldRow[] = [
  {
    name: "--init",
    flags: ["--init"],
    inspect: ["{{.HostConfig.Init}} {{.Path}}", "true sh\n"],
    line: "tr '\\0' ' ' </proc/1/cmdline | head -c 21; echo; grep ' /sbin/docker-init ' /proc/mounts | cut -d' ' -f4 | cut -c1-3",
    prints: "/sbin/docker-init -- \nro,\n",
  },
  {
    name: "--init gives the command's exit code",
    flags: ["--init"],
    line: "exit 42",
    prints: "",
    code: 42,
  },
  {
    name: "--init gives 128 and the signal that ended the command",
    flags: ["--init"],
    line: "kill -9 $$",
    prints: "",
    code: 137,
  },
  {
    name: "--init buries orphans",
    flags: ["--init"],
    line: "sh -c 'sleep 0.1 & echo $! >/orphan'; while [ -e /proc/$(cat /orphan) ]; do sleep 0.05; done; echo buried",
    prints: "buried\n",
  },
  {
    name: "--init is not for the host's pid namespace",
    flags: ["--init", "--pid", "host"],
    line: "grep -c docker-init /proc/mounts || true",
    prints: "0\n",
  },
  {
    name: "--ipc private",
    flags: ["--ipc", "private", "--shm-size", "2m"],
    inspect: ["{{.HostConfig.IpcMode}} {{.HostConfig.ShmSize}}", "private 2097152\n"],
    line: "df -k /dev/shm | tail -1 | awk '{print $2}'",
    prints: "2048\n",
  },
  {
    name: "the IPC mode is private by default",
    flags: [],
    inspect: ["{{.HostConfig.IpcMode}}", "private\n"],
  },
  {
    name: "--ipc none",
    flags: ["--ipc", "none"],
    inspect: ["{{.HostConfig.IpcMode}}", "none\n"],
    line: "ls -d /dev/shm 2>/dev/null; grep -c ' /dev/shm ' /proc/mounts || true",
    prints: "0\n",
  },
  {
    name: "--ipc host",
    flags: ["--ipc", "host"],
    inspect: ["{{.HostConfig.IpcMode}}", "host\n"],
    line: "grep ' /dev/shm ' /proc/mounts | grep -c noexec || true",
    prints: "0\n",
  },
  {
    name: "--uts host",
    flags: ["--uts", "host"],
    inspect: ["{{.HostConfig.UTSMode}}", "host\n"],
    line: "test $(hostname) = $(cat /proc/sys/kernel/hostname) && echo same",
    prints: "same\n",
  },
  {
    name: "--userns host",
    flags: ["--userns", "host"],
    inspect: ["{{.HostConfig.UsernsMode}}", "host\n"],
    line: "awk '{print $1,$2,$3}' /proc/self/uid_map",
    prints: "0 0 4294967295\n",
  },
  {
    name: "--cgroupns private",
    flags: ["--cgroupns", "private"],
    inspect: ["{{.HostConfig.CgroupnsMode}}", "private\n"],
    line: "grep -c ':/$' /proc/self/cgroup | grep -vx 0 | wc -l",
    prints: "1\n",
  },
  {
    name: "--cgroupns host",
    flags: ["--cgroupns", "host"],
    inspect: ["{{.HostConfig.CgroupnsMode}}", "host\n"],
    line: "grep -Ec '/[0-9a-f]{64}$' /proc/self/cgroup | grep -vx 0 | wc -l",
    prints: "1\n",
  },
  ...["/outer", "outer/inner", "outer.slice", "../../outer"].map((parent): FieldRow => ({
    name: `--cgroup-parent ${parent}`,
    flags: ["--cgroup-parent", parent, "--cgroupns", "host"],
    inspect: ["{{.HostConfig.CgroupParent}}", `${parent}\n`],
    line: "grep -E ':(pids|):' /proc/self/cgroup | grep / | head -1 | sed -E 's/[0-9a-f]{64}/ID/; s/^[^/]*//'",
    prints: `/${parent.replace(/^(?:\.\.\/|\/)*/u, "")}/ID\n`,
  })),
];

const refusals: readonly RefusalRow[] = [
  { name: "--ipc with a bad word", flags: ["--ipc", "bogus"], says: /invalid IPC mode: bogus/i },
  { name: "--ipc of nobody", flags: ["--ipc", "container:nobody"], says: "No such container: nobody" },
  { name: "--pid of nobody", flags: ["--pid", "container:nobody"], says: "No such container: nobody" },
  {
    name: "--uts host with a host name",
    flags: ["--uts", "host", "--hostname", "h"],
    says: "conflicting options: hostname and the UTS mode",
  },
  {
    name: "more realtime than the period has",
    flags: ["--cpu-rt-period", "1000", "--cpu-rt-runtime", "2000"],
    says: "cpu real-time runtime cannot be higher than cpu real-time period",
  },
];

/** Every field of create and run, table by table. */
export function fieldCases(target: () => Target): void {
  fieldTable(target, modes);
  refusalTable(target, refusals);

  test("--ipc shareable and --ipc container: share queues and /dev/shm", async () => {
    const engine = target();
    await engine.ok([
      "run",
      "-d",
      "--name",
      "donor",
      "--ipc",
      "shareable",
      "--shm-size",
      "1m",
      "busybox",
      "sh",
      "-c",
      "echo hi >/dev/shm/f; sleep 60",
    ]);
    const line =
      "until [ -f /dev/shm/f ]; do sleep 0.1; done; cat /dev/shm/f; df -k /dev/shm | tail -1 | awk '{print $2}'; readlink /proc/self/ns/ipc";
    const [said, size, guests] = (
      await engine.ok(["run", "--rm", "--ipc", "container:donor", "busybox", "sh", "-c", line])
    ).split("\n");
    expect([said, size]).toEqual(["hi", "1024"]);
    expect(await engine.ok(["exec", "donor", "readlink", "/proc/self/ns/ipc"])).toBe(`${guests}\n`);
    await engine.ok(["run", "-d", "--name", "keeper", "busybox", "sleep", "60"]);
    const refused = await engine.run(["run", "--rm", "--ipc", "container:keeper", "busybox", "true"]);
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain("non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
    await engine.ok(["rm", "-f", "donor"]);
  });

  test("namespaces of a container that does not run cannot be joined", async () => {
    const engine = target();
    const id = (await engine.ok(["create", "--name", "rests", "--ipc", "shareable", "busybox"])).trim();
    for (const kind of ["pid", "ipc"]) {
      const refused = await engine.run(["run", "--rm", `--${kind}`, "container:rests", "busybox", "true"]);
      expect(refused.code).toBe(125);
      expect(refused.stderr).toContain(`container ${id} is not running`);
    }
    await engine.ok(["rm", "rests"]);
  });

  test("a namespace of another container is remembered by its id", async () => {
    const engine = target();
    const id = (
      await engine.ok(["run", "-d", "--name", "donor", "--ipc", "shareable", "busybox", "sleep", "60"])
    ).trim();
    for (const [flag, field] of [
      ["network", "NetworkMode"],
      ["pid", "PidMode"],
      ["ipc", "IpcMode"],
    ] as const) {
      await engine.ok(["create", "--name", flag, `--${flag}`, "container:donor", "busybox", "true"]);
      expect(await engine.ok(["inspect", "-f", `{{.HostConfig.${field}}}`, flag])).toBe(`container:${id}\n`);
    }
    await engine.ok(["rm", "-f", "donor", "network", "pid", "ipc"]);
  });

  test("--init passes signals on", async () => {
    const engine = target();
    const line = 'trap "echo got; exit 5" TERM; echo up; while :; do sleep 0.1; done';
    await engine.ok(["run", "-d", "--name", "trapped", "--init", "busybox", "sh", "-c", line]);
    while (!(await engine.ok(["logs", "trapped"])).includes("up")) await Bun.sleep(50);
    await engine.ok(["stop", "trapped"]);
    expect(await engine.ok(["logs", "trapped"])).toBe("up\ngot\n");
    expect(await engine.ok(["inspect", "-f", "{{.State.ExitCode}}", "trapped"])).toBe("5\n");
    await engine.ok(["rm", "trapped"]);
  });

  test("--init tells what it cannot run", async () => {
    for (const [program, code, why] of [
      ["nosuch", 127, "No such file or directory"],
      ["/etc", 126, "Permission denied"],
    ] as const) {
      const result = await target().run(["run", "--rm", "--init", "busybox", program]);
      expect(result.code).toBe(code);
      expect(result.stderr).toMatch(new RegExp(`^\\[FATAL tini \\(\\d+\\)\\] exec ${program} failed: ${why}\\n$`));
    }
  });

  test("without a network there is only the loopback interface", async () => {
    const engine = target();
    const body = {
      Image: "busybox",
      Cmd: ["sh", "-c", "ls /sys/class/net; cat /etc/hosts /etc/resolv.conf"],
      NetworkDisabled: true,
    };
    expect((await engine.api("POST", "/containers/create?name=alone", body)).status).toBe(201);
    expect(await engine.ok(["start", "-a", "alone"])).toBe("lo\n");
    expect(await engine.ok(["inspect", "-f", "{{json .NetworkSettings.Networks}}", "alone"])).toBe("{}\n");
    await engine.ok(["rm", "alone"]);
  });

  test("limits that Linux does not have are refused or discarded", async () => {
    const create = async (host: object) =>
      target().api("POST", "/containers/create?name=windows", { Image: "busybox", HostConfig: host });
    for (const [host, words] of [
      [{ IOMaximumIOps: 1 }, "nvalid QoS settings: linux does not support configuration of maximum IOPs"],
      [{ IOMaximumBandwidth: 1 }, "nvalid QoS settings: linux does not support configuration of maximum bandwidth"],
      [{ Isolation: "process" }, "nvalid isolation: \\\"process\\\" - linux only supports 'default'"],
      [{ KernelMemory: 1 << 20 }, "Minimum kernel memory limit allowed is 6MB"],
    ] as const) {
      const answer = await create(host);
      // 20.10 answers some of them with 500.
      if (target().engine.kind === "berth") expect(answer.status).toBe(400);
      else expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).toContain(words);
    }
    const accepted = await create({ CpuCount: 1, CpuPercent: 1, KernelMemory: 64 << 20 });
    expect(accepted.status).toBe(201);
    expect(accepted.text).toContain("linux does not support CPU percent. Percent discarded.");
    expect(accepted.text).toContain("Specifying a kernel memory limit is deprecated");
    await target().ok(["rm", "windows"]);
  });
}
