import { expect } from "bun:test";
import { readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { command } from "../../../tools/lab/command.ts";
import type { Escape, EscapeLab } from "./escape-lab.ts";

/** Descriptors that a careless runtime may have left open. */
const numbers = Array.from({ length: 12 }, (_, index) => index + 3);
const inside = "cannot be mounted because it is inside /proc";
const notProc = "cannot be mounted because it is not of type proc";

/** In a volume: `d` is a folder and a link out of the container, in turns. */
const swapping = (to: string): string =>
  `mkdir -p /v/d; while :; do mv -T /v/d /v/x; ln -s ${to} /v/d; rm /v/d; mv -T /v/x /v/d; done`;

/** What writes back what is there, and says so when that was possible. */
const rewrite = (files: string): string =>
  `for f in ${files}; do test -e $f && { x=$(cat $f 2>/dev/null); (echo "$x" > $f) 2>/dev/null && echo "WROTE $f"; }; done; true`;

export const runEscapes: readonly Escape[] = [
  {
    known: "CVE-2024-21626",
    what: "a working directory that is a descriptor of the runtime's",
    async attempt(lab) {
      await lab.ok("run", "-d", "--name", "running", "busybox", "sleep", "600");
      for (const number of numbers) {
        const directory = `/proc/self/fd/${number}`;
        await lab.run("run", "--rm", "--network", "none", "-w", directory, "busybox", "sh", "-c", lab.look());
        await lab.run("exec", "-w", directory, "running", "sh", "-c", lab.look());
      }
    },
  },
  {
    known: "CVE-2019-5736",
    what: "programs that are the runtime's own, and somebody who writes to what enters",
    async attempt(lab) {
      const script = { path: "bin/own", content: "#!/proc/self/exe\n", mode: 0o755 };
      await lab.image("own", [script]);
      const writing = "while :; do for p in /proc/[0-9]*; do (echo x > $p/exe) 2>/dev/null && echo WROTE; done; done";
      await lab.ok("run", "-d", "--name", "writer", "own", "sh", "-c", writing);
      for (let round = 0; round < 10; round++) {
        expect((await lab.run("exec", "writer", "/bin/own")).code).not.toBe(0);
        expect((await lab.run("run", "--rm", "own", "/bin/own")).code).not.toBe(0);
      }
      expect(await lab.ok("logs", "writer")).toBe("");
    },
  },
  {
    known: "CVE-2021-30465, CVE-2023-27561, CVE-2024-45310",
    what: "mount points in a volume where somebody swaps folders for links",
    async attempt(lab) {
      await lab.ok("run", "-d", "--name", "swapper", "-v", "swapped:/v", "busybox", "sh", "-c", swapping(lab.wayOut));
      for (let round = 0; round < 25; round++) {
        const mounts = ["-v", "swapped:/v", "-v", "other:/v/d/new", "-v", "/etc/hostname:/v/d/file"];
        const look = `${lab.look("/v/d")}; ${lab.look("/v/d/new")}`;
        await lab.run("run", "--rm", "--network", "none", ...mounts, "busybox", "sh", "-c", look);
      }
    },
  },
  {
    known: "CVE-2019-16884",
    what: "an image that has a volume in place of /proc, and mounts in it",
    async attempt(lab) {
      await lab.image("false-proc", [], ["VOLUME /proc"]);
      const refused = async (says: string, ...args: readonly string[]): Promise<void> => {
        const { code, stderr } = await lab.run("run", "--rm", ...args, "true");
        expect([args, code, stderr]).toEqual([args, 125, expect.stringContaining(says)]);
      };
      await refused(notProc, "false-proc");
      await refused(notProc, "-v", `${lab.trap}:/proc`, "busybox");
      await refused(inside, "-v", "some:/proc/self/attr", "busybox");
      await refused(inside, "-v", `${lab.trap}:/./proc/sys`, "busybox");
      await refused(inside, "--mount", "type=image,src=busybox,dst=/proc/sys", "busybox");
    },
  },
  {
    known: "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881",
    what: "devices, masks and the console where /dev has links into /proc",
    async attempt(lab) {
      const targets = { null: "../proc/sys/vm/dirty_expire_centisecs", console: "../proc/sys/vm/swappiness" };
      const links = Object.entries(targets).map(
        ([name, link]) => ({ path: `dev/${name}`, type: "symlink", link }) as const,
      );
      await lab.image("linked-dev", [{ path: "dev/", type: "directory", mode: 0o755 }, ...links]);
      const script = `${rewrite("/proc/sys/vm/* /proc/sys/kernel/core_pattern")}; head -c1 /proc/kcore | wc -c; cat /proc/keys | wc -c`;
      for (const flags of [[], ["-t"], ["-t", "--read-only"]]) {
        const { stdout } = await lab.run(
          ...["run", "--rm", ...flags, "-v", `links${flags.length}:/dev`, "linked-dev", "sh", "-c", script],
        );
        // It may not start at all, with links where devices have to be; if it does, all is hidden as ever.
        expect(["", "0 0 "]).toContain(stdout.replaceAll(/\s+/g, " "));
      }
      const usual = await lab.run("run", "--rm", "linked-dev", "sh", "-c", script);
      expect(usual.stdout).toBe("0\n0\n");
    },
  },
  {
    known: "CVE-2022-0492",
    what: "the release agent of a control group, and a namespace to mount one in",
    async attempt(lab) {
      const script = [
        "mkdir /tmp/g",
        "for c in memory rdma pids devices; do mount -t cgroup -o $c g /tmp/g 2>/dev/null && echo MOUNTED; done",
        "mount -t cgroup2 g /tmp/g 2>/dev/null && echo MOUNTED",
        "unshare -U -m true 2>/dev/null && echo NAMESPACE",
        "unshare -C true 2>/dev/null && echo NAMESPACE",
        rewrite("/sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release /sys/fs/cgroup/*/cgroup.procs"),
      ];
      expect(await lab.ok("run", "--rm", "-u", "0", "busybox", "sh", "-c", script.join("; "))).toBe("");
    },
  },
  {
    known: "/proc/sys, /sys",
    what: "the machine's settings are written",
    async attempt(lab) {
      const files =
        "/proc/sys/kernel/* /proc/sys/vm/* /proc/sys/fs/* /proc/irq/*/smp_affinity /proc/bus/* /sys/kernel/mm/*/* /sys/module/*/parameters/* /sys/kernel/uevent_helper /sys/power/*";
      expect(await lab.ok("run", "--rm", "busybox", "sh", "-c", rewrite(files))).toBe("");
      expect(
        await lab.ok("run", "--rm", "busybox", "sh", "-c", "(: > /proc/sysrq-trigger) 2>/dev/null && echo OPEN; true"),
      ).toBe("");
      for (const sysctl of ["net.ipv4/../../kernel/panic=0", "net/../vm/swappiness=60", "kernel.panic=0"])
        expect((await lab.run("run", "--rm", "--sysctl", sysctl, "busybox", "true")).code).toBe(125);
    },
  },
  {
    known: "mknod",
    what: "devices of the host",
    async attempt(lab) {
      const script =
        "for d in 'b 8 0' 'b 254 0' 'b 7 0' 'c 1 1' 'c 1 2' 'c 10 229' 'c 10 232'; do mknod /tmp/d $d && { (: < /tmp/d) 2>/dev/null && echo OPENED $d; rm /tmp/d; }; done; true";
      expect(await lab.ok("run", "--rm", "busybox", "sh", "-c", script)).toBe("");
    },
  },
  {
    known: "CVE-2020-15257",
    what: "sockets of the engine and its shims that a container in the host's network could call",
    async attempt(lab) {
      await lab.ok("run", "-d", "--name", "hosted", "--network", "host", "busybox", "sleep", "600");
      const abstract = (await lab.ok("exec", "hosted", "cat", "/proc/net/unix"))
        .split("\n")
        .filter((line) => line.includes(" @"))
        .map((line) => line.trim().split(/\s+/)[6]);
      const own = [lab.engine.pid, ...shimsOf(lab)].flatMap(socketsOf);
      expect(own.length).toBeGreaterThan(1);
      expect(own.filter((inode) => abstract.includes(inode))).toEqual([]);
    },
  },
  {
    known: "chroot(2)",
    what: "a folder kept open leads above a root that was changed meanwhile, up to the root of all mounts",
    async attempt(lab) {
      const prepare = "mkdir -p /x/bin /x/proc && cp /bin/busybox /x/bin/ && mount -t proc proc /x/proc && exec 9</";
      const above = `cd -P /proc/self/fd/9 && cd -P ${"../".repeat(16)} && /bin/busybox ls -a; ${lab.look()}`;
      const script = `${prepare}; chroot /x /bin/busybox sh -c '${above}'`;
      const { stdout } = await lab.run("run", "--rm", "--privileged", "busybox", "sh", "-c", script);
      // It has come out of /x, and is in the container's root.
      expect(stdout.split("\n")).toContain("x");
      expect(stdout.split("\n")).toContain(".dockerenv");
    },
  },
  {
    known: "CVE-2021-41091, CVE-2021-41103, CVE-2024-25621",
    what: "somebody without rights on the host goes into containers' files",
    async attempt(lab) {
      await lab.ok("run", "-d", "--name", "files", "-v", "kept:/kept", "busybox", "sleep", "600");
      const find = `find ${lab.engine.dir}/data ${lab.engine.dir}/exec -mindepth 3 2>/dev/null`;
      const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-c", find];
      expect((await command(["sh", "-c", find])).stdout.split("\n").length).toBeGreaterThan(20);
      expect((await command(nobody)).stdout).toBe("");
    },
  },
];

function shimsOf({ engine }: EscapeLab): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && workingDirectory(name).startsWith(engine.dir))
    .map(Number);
}

function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

/** Inodes, as /proc/net/unix has them. */
function socketsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isSocket() === true)
    .map((path) => /\d+/.exec(readlinkSync(path))?.[0] ?? "");
}
