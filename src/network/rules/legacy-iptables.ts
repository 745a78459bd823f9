import type { Log } from "#base/log.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import { AF_INET, SOCK_RAW } from "#host/kernel/linux.ts";
import { close, raw, socket } from "#host/kernel/syscalls.ts";

/**
 * iptables-legacy keeps its tables in x_tables, apart from nf_tables; the engine does not write there. When its FORWARD
 * policy drops packets, containers have no network: this says so, and what to do.
 */
export function warnOfLegacyIptables(bridgeName: string, log: Log): void {
  const tables = readTextFileMaybe("/proc/net/ip_tables_names", 4096)?.split("\n") ?? [];
  // Asking for a table's rules would create the table: only those listed are asked for.
  if (!tables.includes("filter") || !forwardDrops()) return;
  const rule = (direction: string): string => `iptables-legacy -I FORWARD ${direction} ${bridgeName} -j ACCEPT`;
  log.warn(
    `iptables-legacy drops forwarded packets: run "${rule("-i")}" and "${rule("-o")}", or switch to iptables-nft`,
  );
}

const IPPROTO_IP = 0;
const IPPROTO_RAW = 255;
const IPT_SO_GET_INFO = 64;
const IPT_SO_GET_ENTRIES = 65;
/** struct ipt_getinfo: name[32], valid_hooks, hook_entry[5], underflow[5], num_entries, size. */
const GETINFO_SIZE = 84;
const UNDERFLOW_FORWARD = 32 + 4 + 5 * 4 + 2 * 4;
const ENTRIES_SIZE = 80;
/** struct ipt_get_entries: name[32], size, then entries at the next multiple of eight. */
const ENTRIES_HEADER = 40;
/** struct ipt_entry is 112 bytes, struct xt_standard_target holds its verdict 32 bytes on. */
const VERDICT_OFFSET = 112 + 32;
const VERDICT_DROP = -1;

/** The policy is the verdict of a chain's last rule, which "underflow" points at. */
function forwardDrops(): boolean {
  const fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  try {
    const info = named(GETINFO_SIZE);
    if (raw("getsockopt", fd, IPPROTO_IP, IPT_SO_GET_INFO, info) < 0) return false;
    const infoView = new DataView(info.buffer);
    const size = infoView.getUint32(ENTRIES_SIZE, true);
    const entries = named(ENTRIES_HEADER + size);
    const view = new DataView(entries.buffer);
    view.setUint32(32, size, true);
    if (raw("getsockopt", fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, entries) < 0) return false;
    const at = ENTRIES_HEADER + infoView.getUint32(UNDERFLOW_FORWARD, true) + VERDICT_OFFSET;
    return at + 4 <= entries.length && view.getInt32(at, true) === VERDICT_DROP;
  } finally {
    close(fd);
  }
}

function named(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode("filter"));
  return bytes;
}
