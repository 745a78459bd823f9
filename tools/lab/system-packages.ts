import { existsSync } from "node:fs";
import { command } from "./command.ts";
import { findProgram } from "./paths.ts";

/** A Debian/Ubuntu package, and how to see that what it brings is there already. */
export interface SystemPackage {
  readonly name: string;
  /** A program in PATH, or an absolute path. */
  readonly proof: string;
  readonly purpose: string;
}

/** What building Berth needs. */
export const buildPackages: readonly SystemPackage[] = [
  { name: "gcc", proof: "cc", purpose: "compiles the native parts" },
  { name: "libc6-dev", proof: "/usr/include/stdio.h", purpose: "C headers and the static C library" },
];

/** What the tests and the bench need beside that. None of them starts a service. */
export const testPackages: readonly SystemPackage[] = [
  { name: "linux-libc-dev", proof: "/usr/include/linux/types.h", purpose: "kernel headers" },
  { name: "busybox-static", proof: "/bin/busybox", purpose: "the busybox test image" },
  { name: "mmdebstrap", proof: "mmdebstrap", purpose: "the Debian test image" },
  { name: "skopeo", proof: "skopeo", purpose: "a second producer of images" },
  { name: "iproute2", proof: "ip", purpose: "bridges and namespaces of the tests" },
  { name: "nftables", proof: "nft", purpose: "checks that no rule is left behind" },
  { name: "iptables", proof: "iptables", purpose: "the reference dockerd" },
  { name: "libdevmapper1.02.1", proof: library("libdevmapper.so.1.02.1"), purpose: "the reference dockerd" },
  { name: "libseccomp2", proof: library("libseccomp.so.2"), purpose: "the reference runc" },
  { name: "python3-pip", proof: "pip3", purpose: "installs docker-py, one of the clients that are tested" },
  { name: "git", proof: "git", purpose: "builds from repositories" },
  { name: "openssh-client", proof: "ssh-agent", purpose: "agents of builds, repositories by ssh" },
  { name: "openssl", proof: "openssl", purpose: "certificates for the tests of TLS" },
  { name: "chromium", proof: "chromium", purpose: "looks at the registry's page as people do" },
  { name: "tmux", proof: "tmux", purpose: "windows in which commands are looked at as people see them" },
  { name: "e2fsprogs", proof: "mke2fs", purpose: "the guest's root disk" },
  { name: "qemu-system-x86", proof: "qemu-system-x86_64", purpose: "the guest with cgroup v2 alone" },
];

function library(file: string): string {
  const dirs = ["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
  return dirs.map((dir) => `${dir}/${file}`).find((path) => existsSync(path)) ?? `${dirs[0]}/${file}`;
}

function missingOf(packages: readonly SystemPackage[]): SystemPackage[] {
  return packages.filter((item) =>
    item.proof.startsWith("/") ? !existsSync(item.proof) : findProgram(item.proof) === undefined,
  );
}

/**
 * Install what is missing with apt-get, saying so first. Throws with the list when there is no apt-get or this is not
 * root.
 */
export async function ensureSystemPackages(packages: readonly SystemPackage[]): Promise<void> {
  const missing = missingOf(packages);
  if (missing.length === 0) return;
  const names = missing.map((item) => item.name);
  const list = missing.map((item) => `  ${item.name} (${item.purpose})`).join("\n");
  if (findProgram("apt-get") === undefined || process.getuid?.() !== 0) {
    throw new Error(`These packages are missing:\n${list}\nInstall them, or run this as root on Debian or Ubuntu.`);
  }
  console.log(`Installing missing system packages with apt-get:\n${list}`);
  await refreshPackageLists();
  const result = await command(["apt-get", "install", "-y", "--no-install-recommends", ...names], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    timeoutMs: 600_000,
  });
  if (result.code !== 0) throw new Error(`apt-get install failed:\n${result.stdout}${result.stderr}`);
}

let listsRefreshed = false;

/** `apt-get update`, once in this process. A failing extra source is no failure: the next step tells. */
export async function refreshPackageLists(): Promise<void> {
  if (listsRefreshed) return;
  listsRefreshed = true;
  await command(["apt-get", "update"], { env: { DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: 300_000 });
}
