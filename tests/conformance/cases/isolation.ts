import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../target.ts";

/** What a container must not see or reach. */
export function isolationCases(target: () => Target): void {
  const shell = (line: string, flags: readonly string[] = [], image = "busybox"): Promise<string> =>
    target().ok(["run", "--rm", ...flags, image, "sh", "-c", line]);

  test("the process is pid 1 and sees only its own", async () => {
    expect(await shell("echo $$; set -- /proc/[0-9]*; echo $#")).toBe("1\n1\n");
  });

  test("every namespace but the shared ones is its own", async () => {
    const own = (name: string): string => readlinkSync(`/proc/self/ns/${name}`);
    const theirs = await shell("cd /proc/self/ns; for n in mnt pid net ipc uts user; do readlink $n; done");
    const [mnt, pid, net, ipc, uts, user] = theirs.trim().split("\n");
    expect(mnt).not.toBe(own("mnt"));
    expect(pid).not.toBe(own("pid"));
    expect(net).not.toBe(own("net"));
    expect(ipc).not.toBe(own("ipc"));
    expect(uts).not.toBe(own("uts"));
    expect(user).toBe(own("user"));
  });

  test("no descriptor but the three standard ones is open", async () => {
    expect(await shell("exec ls /proc/self/fd | tr '\\n' ' '")).toMatch(/^0 1 2 (3 )?$/);
  });

  test("masked and read-only paths are Docker's", async () => {
    const line = `
      cat /proc/kcore 2>/dev/null | head -c1 | wc -c; cat /proc/keys /proc/timer_list 2>/dev/null | wc -c
      ls -A /sys/firmware /proc/acpi /proc/scsi 2>/dev/null | grep -v : | grep -c .
      for p in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/uevent_seqnum; do
        echo 1 2>/dev/null >$p || echo "refused $p"
      done
      mkdir /proc/sys/x /sys/x /sys/fs/cgroup/x 2>&1 | grep -vc -i -E 'read-only|no such|permitted'
      true`;
    expect(await shell(line)).toBe(
      "0\n0\n0\nrefused /proc/sys/kernel/hostname\nrefused /proc/sysrq-trigger\nrefused /proc/irq/default_smp_affinity\nrefused /sys/kernel/uevent_seqnum\n0\n",
    );
  });

  test("host devices cannot be made or opened", async () => {
    const line = `
      mknod /tmp/disk b 8 0 && head -c1 /tmp/disk 2>&1 | grep -o 'Operation not permitted\\|No such device'
      mknod /tmp/kmem c 1 1 && head -c1 /tmp/kmem 2>&1 | grep -o 'Operation not permitted'
      mknod /tmp/null c 1 3 && echo x > /tmp/null && echo null works`;
    const printed = await shell(line);
    expect(printed).toContain("Operation not permitted");
    expect(printed).toContain("null works");
  });

  test("mount, unshare and friends are refused", async () => {
    const line = "mount -t tmpfs x /tmp; unshare -m true; unshare -U true; chroot / true && echo chroot works";
    const result = await target().run(["run", "--rm", "busybox", "sh", "-c", line]);
    expect(result.stdout).toBe("chroot works\n");
    expect(result.stderr).toMatch(/mount: .*(permission denied|Operation not permitted)/);
    expect(result.stderr.match(/unshare.*Operation not permitted/g)).toHaveLength(2);
  });

  test("host processes cannot be seen, signalled or traced", async () => {
    const result = await target().run([
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      `kill -0 ${process.pid}; ls /proc/${process.pid}`,
    ]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain("No such");
  });

  test("links in the image never lead a mount out of the root", async () => {
    const dir = join(target().scratch, `escape-${target().name.replace(":", "-")}`);
    mkdirSync(dir);
    writeFileSync(join(dir, "mark"), "mark\n");
    const before = readdirSync("/etc").sort();
    const targets = [
      "/fixture/up/berth-escape",
      "/fixture/to-etc/berth-escape",
      "/fixture/dangling",
      "/../../../fixture/dots",
    ];
    for (const destination of targets) {
      const result = await target().run([
        "run",
        "--rm",
        "-u",
        "0",
        "-v",
        `${dir}:${destination}`,
        "fixture",
        "cat",
        `${destination}/mark`,
      ]);
      expect([0, 1, 125, 126, 127]).toContain(result.code);
      if (result.code === 0) expect(result.stdout).toBe("mark\n");
    }
    expect(readdirSync("/etc").sort()).toEqual(before);
    expect(existsSync("/nowhere")).toBe(false);
    expect(existsSync("/fixture")).toBe(false);
  });

  test("links in the image never lead the working folder or a tmpfs out of the root", async () => {
    const before = readdirSync("/etc").sort();
    await target().run(["run", "--rm", "-u", "0", "-w", "/fixture/up/berth-workdir", "fixture", "pwd"]);
    await target().run(["run", "--rm", "-u", "0", "--tmpfs", "/fixture/up/berth-tmpfs", "fixture", "true"]);
    expect(readdirSync("/etc").sort()).toEqual(before);
  });

  test("the supervisor's program cannot be reached through /proc", async () => {
    const line = "for f in /proc/[0-9]*/exe; do echo x 2>/dev/null >$f && echo written; done; true";
    expect(await shell(line)).toBe("");
  });

  test("the kernel's settings of the host stay as they are", async () => {
    const path = "/proc/sys/kernel/core_pattern";
    const before = readFileSync(path, "utf8");
    await target().run(["run", "--rm", "busybox", "sh", "-c", `echo '|/tmp/x' > ${path}`]);
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  test("the root is private: what one container writes another does not see", async () => {
    await shell("echo x > /left-behind");
    expect(await shell("ls /left-behind 2>/dev/null | wc -l")).toBe("0\n");
  });

  test("no mount of the container shows on the host", async () => {
    const before = readFileSync("/proc/self/mounts", "utf8").split("\n").length;
    await target().ok(["run", "-d", "--name", "quiet", "--tmpfs", "/berth-marker", "busybox", "sleep", "60"]);
    const mounts = readFileSync("/proc/self/mounts", "utf8");
    expect(mounts).not.toContain("berth-marker");
    await target().ok(["rm", "-f", "quiet"]);
    expect(readFileSync("/proc/self/mounts", "utf8").split("\n").length).toBe(before);
  });
}
