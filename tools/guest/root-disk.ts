import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingPackages } from "../lab/apt-suite.ts";
import { mustRun } from "../lab/command.ts";
import { extractPackages } from "../lab/extracted-packages.ts";
import { cacheDir, findProgram, projectDir } from "../lab/paths.ts";
import { distributionArchive, distributionStatus } from "../lab/test-images.ts";
import type { GuestKernel } from "./kernel.ts";
import { installSelinuxPolicy } from "./selinux-policy.ts";

/** Debian's AppArmor, unpacked. */
export function apparmorDir(): Promise<string> {
  return extractPackages("apparmor", ["apparmor"]);
}

/** Debian's Samba and what it needs beyond the distribution's root, unpacked; what it has in Python is left out. */
export async function sambaDir(): Promise<string> {
  const missing = await missingPackages(["samba"], await distributionStatus());
  return extractPackages(
    "samba",
    missing.filter((name) => !/^(?:lib)?python/u.test(name)),
  );
}

/** What of the project the tests in the guest need. */
const projectParts = ["package.json", "tsconfig.json", "src", "native", "tests", "tools", "dist"];

/**
 * An ext4 disk image with the distribution's root, the kernel's modules, AppArmor's parser, a policy for SELinux, Samba's
 * server, Bun, the project and the lists of its test files to run, by the name of the boot. Made without mounting anything.
 * The caller deletes it.
 */
export async function makeRootDisk(
  kernel: GuestKernel,
  tests: Readonly<Record<string, readonly string[]>>,
): Promise<string> {
  const work = cacheDir("guest");
  const root = join(work, "root");
  const disk = join(work, "root.ext4");
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  try {
    await mustRun(["tar", "-xpf", await distributionArchive(), "-C", root, "--exclude=./dev/*"]);
    const modules = join(root, "usr/lib/modules", kernel.version);
    mkdirSync(join(root, "usr/lib/modules"), { recursive: true });
    cpSync(kernel.modules, modules, { recursive: true });

    const busybox = join(root, "usr/bin/busybox");
    cpSync(findProgram("busybox") ?? "/bin/busybox", busybox);
    // Reads the index that busybox wrote; the kernel calls it by this path.
    symlinkSync("../bin/busybox", join(root, "usr/sbin/modprobe"));
    cpSync(process.execPath, join(root, "usr/bin/bun"), { dereference: true });
    chmodSync(join(root, "usr/bin/bun"), 0o755);

    const apparmor = await apparmorDir();
    cpSync(join(apparmor, "sbin/apparmor_parser"), join(root, "usr/sbin/apparmor_parser"));
    cpSync(join(apparmor, "etc/apparmor.d"), join(root, "etc/apparmor.d"), { recursive: true, verbatimSymlinks: true });

    await installSelinuxPolicy(root);

    const samba = await sambaDir();
    for (const [from, to] of [
      ["usr/lib", "usr/lib"],
      ["lib", "usr/lib"],
      ["usr/sbin/smbd", "usr/sbin/smbd"],
      ["usr/bin/smbpasswd", "usr/bin/smbpasswd"],
    ] as const) {
      const source = join(samba, from);
      if (existsSync(source)) cpSync(source, join(root, to), { recursive: true, verbatimSymlinks: true, force: false });
    }

    const project = join(root, "project");
    mkdirSync(project);
    for (const part of projectParts)
      cpSync(join(projectDir, part), join(project, part), { recursive: true, verbatimSymlinks: true });
    mkdirSync(join(root, "guest"));
    cpSync(join(projectDir, "tools/guest/init.sh"), join(root, "guest/init"));
    chmodSync(join(root, "guest/init"), 0o755);
    for (const [boot, files] of Object.entries(tests))
      writeFileSync(join(root, "guest", boot), files.map((path) => `./${path}\n`).join(""));

    rmSync(disk, { force: true });
    writeFileSync(disk, "");
    await mustRun(["truncate", "-s", "3G", disk]);
    await mustRun([findProgram("mke2fs") ?? "mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, disk]);
    return disk;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
