import { hostname } from "node:os";

import { readTextFile, readTextFileMaybe } from "../files/files.ts";
import { schedGetaffinity } from "../kernel/syscalls.ts";

/** What kind of machine this is. */
export interface HostFacts {
  readonly hostname: string;
  /** As `uname -r`. */
  readonly kernelVersion: string;
  /** PRETTY_NAME of os-release(5), "" when the machine does not say. */
  readonly operatingSystem: string;
  /** VERSION_ID of os-release(5). */
  readonly osVersion: string;
  /** As `uname -m`: `x86_64`, `aarch64`. */
  readonly machine: string;
  /** Go's and the OCI's name of it: `amd64`, `arm64`. */
  readonly architecture: string;
  /** CPUs this process may use. */
  readonly cpus: number;
  readonly memoryBytes: number;
  /** NUMA nodes, numbered from 0. */
  readonly memoryNodes: number;
  /** Kernel features by the existence of their files. */
  readonly seccomp: boolean;
  readonly apparmor: boolean;
  readonly cgroupNamespaces: boolean;
}

const architectures: Readonly<Record<string, { readonly machine: string; readonly architecture: string }>> = {
  x64: { machine: "x86_64", architecture: "amd64" },
  arm64: { machine: "aarch64", architecture: "arm64" },
};

export function readHostFacts(): HostFacts {
  const release = parseOsRelease(
    readTextFileMaybe("/etc/os-release", 64 << 10) ?? readTextFileMaybe("/usr/lib/os-release", 64 << 10) ?? "",
  );
  const memory = parseMeminfo(readTextFile("/proc/meminfo", 64 << 10));
  return {
    hostname: hostname(),
    kernelVersion: readTextFile("/proc/sys/kernel/osrelease", 256).trim(),
    operatingSystem: release.get("PRETTY_NAME") ?? release.get("NAME") ?? "",
    osVersion: release.get("VERSION_ID") ?? "",
    ...(architectures[process.arch] ?? { machine: process.arch, architecture: process.arch }),
    cpus: schedGetaffinity().length,
    memoryBytes: memory.get("MemTotal") ?? 0,
    memoryNodes: countListed(readTextFileMaybe("/sys/devices/system/node/has_memory", 4096) ?? "0"),
    seccomp: readTextFileMaybe("/proc/sys/kernel/seccomp/actions_avail", 4096) !== undefined,
    apparmor: readTextFileMaybe("/sys/module/apparmor/parameters/enabled", 16)?.startsWith("Y") ?? false,
    cgroupNamespaces: readTextFileMaybe("/proc/sys/user/max_cgroup_namespaces", 64) !== undefined,
  };
}

/** ip-sysctl.rst: packets are passed on between interfaces. */
export function readIpv4Forwarding(): boolean {
  return readTextFileMaybe("/proc/sys/net/ipv4/ip_forward", 16)?.trim() === "1";
}

/** How many numbers up to the last one of a list such as `0-1` or `0,2`. */
export function countListed(list: string): number {
  return Number(/(\d+)\s*$/u.exec(list)?.[1] ?? "0") + 1;
}

/** os-release(5): shell assignments, values bare or in either kind of quotes. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))$/.exec(line.trim());
    if (match === null) continue;
    values.set(match[1] ?? "", match[2]?.replace(/\\(.)/g, "$1") ?? match[3] ?? match[4] ?? "");
  }
  return values;
}

/** proc_meminfo(5), in bytes. */
export function parseMeminfo(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const match of text.matchAll(/^(\S+):\s+(\d+)( kB)?$/gm)) {
    values.set(match[1] ?? "", Number(match[2]) * (match[3] === undefined ? 1 : 1024));
  }
  return values;
}
