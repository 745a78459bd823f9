import { sleep } from "#base/async.ts";
import { BerthError } from "#base/errors.ts";
import type { CgroupStats } from "#host/cgroup/types.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import { statusOf } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";

const oomPollMs = 100;

/**
 * `events`: one JSON object a line, in runc's shape: `stats` every interval, and `oom` for every kill, until the container
 * ends; `once`: one `stats` and no more.
 */
export async function watchContainer(
  context: RuntimeContext,
  id: string,
  { once, intervalMs }: { readonly once: boolean; readonly intervalMs: number },
): Promise<void> {
  const container = context.store.load(id);
  if (statusOf(container) === "stopped") throw new BerthError("conflict", `container with id ${id} is not running`);
  const group = context.cgroups.open(container.cgroupPath);
  const print = (type: string, data?: object): void =>
    context.io.out(`${JSON.stringify({ type, id, ...(data === undefined ? {} : { data }) })}\n`);
  if (once) return print("stats", statsData(group.stats()));
  let kills = oomKills(group.oomEventsPath);
  for (let waited = 0; statusOf(container) !== "stopped"; waited += oomPollMs) {
    const now = oomKills(group.oomEventsPath);
    if (now > kills) print("oom");
    kills = now;
    if (waited >= intervalMs) {
      print("stats", statsData(group.stats()));
      waited = 0;
    }
    await sleep(oomPollMs);
  }
}

function oomKills(path: string | undefined): number {
  const text = path === undefined ? undefined : readTextFileMaybe(path, 4096);
  return Number(/^oom_kill (\d+)$/mu.exec(text ?? "")?.[1] ?? 0);
}

/** `500ms`, `5s`, `1m` as Go writes durations. `invalid-parameter` for others and for nothing at all. */
export function intervalOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/u.exec(text);
  const ms = Number(match?.[1]) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ""] ?? Number.NaN);
  if (!(ms > 0)) throw new BerthError("invalid-parameter", `invalid duration ${JSON.stringify(text)}`);
  return ms;
}

/** runc's `types.Stats`. */
function statsData({ cpu, memory, pids, io }: CgroupStats): object {
  const blkio = (kind: "bytes" | "operations"): readonly object[] =>
    io.filter((entry) => entry.kind === kind).map(({ major, minor, op, value }) => ({ major, minor, op, value }));
  const bytes = (usage: number, limit: number): object => ({ usage, ...(limit < 0 ? {} : { limit }) });
  return {
    ...(cpu === undefined
      ? {}
      : {
          cpu: {
            usage: {
              total: cpu.usageNs,
              percpu: cpu.perCpuNs,
              kernel: cpu.systemNs,
              user: cpu.userNs,
            },
            throttling: {
              periods: cpu.periods,
              throttledPeriods: cpu.throttledPeriods,
              throttledTime: cpu.throttledNs,
            },
          },
        }),
    ...(memory === undefined
      ? {}
      : {
          memory: {
            cache: memory.stat["cache"] ?? memory.stat["file"] ?? 0,
            usage: {
              ...bytes(memory.usageBytes, memory.limitBytes),
              max: memory.maxUsageBytes,
              failcnt: memory.failCount,
            },
            raw: memory.stat,
          },
        }),
    ...(pids === undefined
      ? {}
      : { pids: { current: pids.current, ...(pids.limit < 0 ? {} : { limit: pids.limit }) } }),
    blkio: { ioServiceBytesRecursive: blkio("bytes"), ioServicedRecursive: blkio("operations") },
  };
}
