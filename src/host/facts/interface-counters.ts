import { readTextFileMaybe } from "../files/files.ts";

export interface InterfaceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** /proc/PID/net/dev: for each interface eight counters received and eight sent (proc_pid_net(5)). */
export function parseInterfaceCounters(text: string): ReadonlyMap<string, InterfaceCounters> {
  const found = new Map<string, InterfaceCounters>();
  for (const line of text.split("\n")) {
    const colon = line.lastIndexOf(":");
    const counters =
      colon < 0
        ? []
        : line
            .slice(colon + 1)
            .trim()
            .split(/\s+/u)
            .map(Number);
    if (counters.length < 16) continue;
    const at = (index: number): number => counters[index] ?? 0;
    found.set(line.slice(0, colon).trim(), {
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(8),
      txPackets: at(9),
      txErrors: at(10),
      txDropped: at(11),
    });
  }
  return found;
}

/** Of the network namespace a process is in, loopback included; empty when the process has ended. */
export function readInterfaceCounters(pid: number): ReadonlyMap<string, InterfaceCounters> {
  try {
    return parseInterfaceCounters(readTextFileMaybe(`/proc/${pid}/net/dev`, 1 << 20) ?? "");
  } catch {
    // ESRCH, EINVAL: it ended between open and read.
    return new Map();
  }
}
