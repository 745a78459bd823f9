import { BerthError } from "#base/errors.ts";

/** What may lie over single files of /proc: numbers that programs read, which lxcfs and the like give for a container. */
const procFiles: ReadonlySet<string> = new Set([
  ...["/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/net/dev", "/proc/slabinfo"],
  ...["/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/sys/crypto/fips_enabled", "/proc/sys/kernel/ns_last_pid"],
]);

/**
 * Of what is to be mounted at `destination`, a path that the plan's own judgement of links leaves out. docker-compat: a false
 * /proc would tell the runtime and the programs in the container lies (CVE-2019-16884).
 */
export function refuseOverProc(destination: string, source: string): void {
  const clean = destination.replaceAll(/\/+/gu, "/").replace(/(.)\/$/u, "$1");
  const why =
    clean === "/proc" && !/^\/proc(?:\/|$)/u.test(source)
      ? "it is not of type proc"
      : clean.startsWith("/proc/") && !procFiles.has(clean)
        ? "it is inside /proc"
        : undefined;
  if (why === undefined) return;
  const subject = JSON.stringify(clean);
  throw new BerthError(
    "invalid-parameter",
    `error mounting ${JSON.stringify(source)} to rootfs at ${subject}: ${subject} cannot be mounted because ${why}`,
  );
}
