import { expect, test } from "bun:test";
import { defaultProfile } from "./default-profile.ts";
import { ProfileLoader, type ProfileLoaderDeps } from "./profile-loader.ts";

test("the profile where the distribution has rules of its own", () => {
  expect(defaultProfile({ engineProfile: "unconfined", abstractions: true })).toBe(`#include <tunables/global>

profile docker-default flags=(attach_disconnected,mediate_deleted) {
  #include <abstractions/base>

  network,
  deny network alg,
  capability,
  file,
  umount,
  deny mount,

  signal (receive) peer=unconfined,
  signal (send, receive) peer=docker-default,
  ptrace (trace, read, tracedby, readby) peer=docker-default,

  # Of /proc a container may write to its processes, and to its own System V shared memory's limits.
  deny @{PROC}/* w,
  deny @{PROC}/[^1-9s]*/** w,
  deny @{PROC}/s[^y]*/** w,
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/[^s]** w,
  deny @{PROC}/sys/kernel/s[^h]** w,
  deny @{PROC}/sys/kernel/sh[^m]** w,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/kcore rwklx,

  # Of /sys to its cgroup.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`);
});

test("without them, and of an engine that is confined itself", () => {
  const text = defaultProfile({ engineProfile: "/usr/bin/berth daemon", abstractions: false });
  expect(text).toStartWith("@{PROC}=/proc/\n");
  expect(text).not.toContain("#include");
  expect(text).toContain('  signal (receive) peer=unconfined,\n  signal (receive) peer="/usr/bin/berth daemon",\n');
});

function loader(files: Readonly<Record<string, string>>, exitCode = 0) {
  const runs: (readonly string[])[] = [];
  const deps: ProfileLoaderDeps = {
    parser: "/sbin/apparmor_parser",
    read: (path) => files[path],
    exists: () => false,
    run: async (file, args, input) => {
      runs.push([file, ...args, /peer=(\S+),/u.exec(input)?.[1] ?? ""]);
      return { exitCode, stderr: "syntax error\n" };
    },
  };
  return { loader: new ProfileLoader(deps), runs };
}
const profiles = "/sys/kernel/security/apparmor/profiles";

test("it is loaded when it is not there, once for all who want it", async () => {
  const there = loader({ [profiles]: "man_filter (enforce)\ndocker-default (enforce)\n" });
  await there.loader.ensure();
  expect(there.runs).toEqual([]);
  const gone = loader({ [profiles]: "docker-default-not (enforce)\n" });
  await Promise.all([gone.loader.ensure(), gone.loader.ensure()]);
  expect(gone.runs).toEqual([["/sbin/apparmor_parser", "--replace", "--skip-cache", "unconfined"]]);
});

test("at the start of an engine it is loaded in any case", async () => {
  const there = loader({ [profiles]: "docker-default (enforce)\n" });
  await there.loader.replace();
  expect(there.runs).toEqual([["/sbin/apparmor_parser", "--replace", "--skip-cache", "unconfined"]]);
});

test("the parser's complaint is told", async () => {
  await expect(loader({}, 1).loader.ensure()).rejects.toThrow(
    "AppArmor is on, but its profile docker-default could not be loaded: syntax error",
  );
});
