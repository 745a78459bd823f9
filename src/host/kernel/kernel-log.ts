import { hasCode } from "./errno.ts";
import { readTextFile, withFd } from "../files/files.ts";
import { O_NONBLOCK, O_RDONLY } from "./linux.ts";
import { open, raw } from "./syscalls.ts";

/** A process that the kernel killed for want of memory. */
export interface OomKill {
  readonly pid: number;
  readonly name: string;
  /** Anonymous, file and shared pages together. */
  readonly residentBytes: number;
  /** Path of the process's memory cgroup as the kernel names it. */
  readonly cgroup: string;
  /** Nanoseconds since the machine started. */
  readonly sinceBootNs: bigint;
}

const longestRecordBytes = 8192;
/** More than the kernel's buffer holds; a flood meanwhile must not hold the reader for ever. */
const mostRecords = 100_000;
const EPIPE = 32;

/** The kernel's log that is still there, a record each. Empty when it may not be read. */
function records(): readonly string[] {
  let fd: number;
  try {
    fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, "EPERM", "EACCES", "ENOENT")) return [];
    throw error;
  }
  return withFd(fd, () => {
    const found: string[] = [];
    const buffer = new Uint8Array(longestRecordBytes);
    for (let count = 0; count < mostRecords; count += 1) {
      const length = raw("read", fd, buffer);
      // A record that was overwritten before it was read: the next one follows.
      if (length === -EPIPE) continue;
      if (length <= 0) break;
      const text = decoder.decode(buffer.subarray(0, length));
      if (/oom-kill:|illed process/.test(text)) found.push(text);
    }
    return found;
  });
}

const decoder = new TextDecoder();

/** What the kernel killed for want of memory, as far as its log goes back. */
export class KernelOomKills {
  readonly #nowNs: () => bigint;

  constructor(deps: { readonly clock: { nowNs(): bigint } }) {
    this.#nowNs = () => deps.clock.nowNs();
  }

  /** Oldest first. */
  since(unixNs: bigint): readonly (OomKill & { readonly atNs: bigint })[] {
    const offsetNs = this.#nowNs() - uptimeNs();
    return parseOomKills(records())
      .map((kill) => ({ ...kill, atNs: kill.sinceBootNs + offsetNs }))
      .filter(({ atNs }) => atNs >= unixNs - clockErrorNs);
  }
}

/** The clock by which the kernel stamps its log drifts a little from that of /proc/uptime, which has hundredths. */
const clockErrorNs = 1_000_000_000n;

/** As far as the machine was never suspended: the log's clock stands still then. */
function uptimeNs(): bigint {
  const [seconds = "0", hundredths = "0"] = readTextFile("/proc/uptime", 256).split(" ", 1)[0]?.split(".") ?? [];
  return BigInt(seconds) * 1_000_000_000n + BigInt(hundredths) * 10_000_000n;
}

/**
 * Two records tell of a kill (mm/oom_kill.c): `oom-kill:` names the cgroup, `Killed process` the size.
 */
export function parseOomKills(lines: Iterable<string>): readonly OomKill[] {
  const cgroups = new Map<number, string>();
  const kills: OomKill[] = [];
  for (const line of lines) {
    const record = /^\d+,\d+,(\d+),[^;]*;(.*)/.exec(line);
    const [, microseconds = "0", text = ""] = record ?? [];
    const chosen = /^oom-kill:.*task_memcg=([^,]*),task=.*,pid=(\d+)/.exec(text);
    if (chosen !== null) cgroups.set(Number(chosen[2]), chosen[1] ?? "");
    const killed = /[Kk]illed process (\d+) \((.*)\).* anon-rss:(\d+)kB, file-rss:(\d+)kB(?:, shmem-rss:(\d+)kB)?/.exec(
      text,
    );
    if (killed === null) continue;
    const [, pid = "", name = "", ...sizes] = killed;
    kills.push({
      pid: Number(pid),
      name,
      residentBytes: sizes.reduce((sum, kilobytes) => sum + Number(kilobytes ?? 0), 0) * 1024,
      cgroup: cgroups.get(Number(pid)) ?? "",
      sinceBootNs: BigInt(microseconds) * 1000n,
    });
  }
  return kills;
}
