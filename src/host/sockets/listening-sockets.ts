import { hasCode } from "../kernel/errno.ts";
import { listDirectory, readLink, readTextFileMaybe } from "../files/files.ts";
import { formatIp } from "../netlink/address.ts";

/** A socket of this process's network namespace that takes what comes to a port. */
export interface ListeningSocket {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly address: string;
  readonly port: number;
  /** Of the file system of sockets: who has a descriptor of it can be found. */
  readonly inode: number;
}

const MAX_BYTES = 64 << 20;
const TCP_LISTEN = "0A";
const UDP_UNCONNECTED = "07";

/** At `port`: proc_net(5), `tcp`, `udp` and their six; `sctp/eps` of the kernel's SCTP. */
export function listeningSockets(port: number): readonly ListeningSocket[] {
  const inet = (["tcp", "tcp6", "udp", "udp6"] as const).flatMap((name) =>
    parseSockets(readTextFileMaybe(`/proc/net/${name}`, MAX_BYTES) ?? "", name.startsWith("tcp") ? "tcp" : "udp"),
  );
  const sctp = parseEndpoints(readTextFileMaybe("/proc/net/sctp/eps", MAX_BYTES) ?? "");
  return [...inet, ...sctp].filter((socket) => socket.port === port);
}

/** Pure: lines such as `0: 0100007F:1F90 00000000:0000 0A … 0 0 12345 …`. */
export function parseSockets(text: string, protocol: "tcp" | "udp"): readonly ListeningSocket[] {
  const wanted = protocol === "tcp" ? TCP_LISTEN : UDP_UNCONNECTED;
  return text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, local = "", , state] = fields;
    const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local);
    if (match === null || state !== wanted) return [];
    const [, address = "", port = ""] = match;
    return [{ protocol, address: addressOf(address), port: Number.parseInt(port, 16), inode: Number(fields[9] ?? 0) }];
  });
}

/** Pure: `ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS`; an endpoint that listens has the state 10. */
function parseEndpoints(text: string): readonly ListeningSocket[] {
  return text.split("\n").flatMap((line) => {
    const [, , , state, , port, , inode, ...addresses] = line.trim().split(/\s+/);
    if (state !== "10") return [];
    return addresses.map((address) => ({
      protocol: "sctp" as const,
      address,
      port: Number(port),
      inode: Number(inode),
    }));
  });
}

/** Words of 32 bits in the machine's order, which is little endian on all that are supported. */
function addressOf(text: string): string {
  const bytes = Uint8Array.from({ length: text.length / 2 }, (_, index) => {
    const at = (index & ~3) + (3 - (index & 3));
    return Number.parseInt(text.slice(at * 2, at * 2 + 2), 16);
  });
  return formatIp(bytes);
}

export interface SocketOwner {
  readonly pid: number;
  /** As the kernel shortens it: 15 bytes. */
  readonly name: string;
  readonly command: string;
  /** proc_pid_cgroup(5), whole. */
  readonly cgroups: string;
}

/** Inode -> the first process that has it open. Processes that end meanwhile, or that are not ours to look at, have none. */
export function ownersOf(inodes: ReadonlySet<number>): ReadonlyMap<number, SocketOwner> {
  const found = new Map<number, SocketOwner>();
  if (inodes.size === 0) return found;
  for (const pid of listDirectory("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const inode of socketsOf(pid)) {
      if (inodes.has(inode) && !found.has(inode)) found.set(inode, ownerOf(pid));
    }
    if (found.size === inodes.size) break;
  }
  return found;
}

function socketsOf(pid: string): readonly number[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return listDirectory(folder).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`))?.[1];
      return inode === undefined ? [] : [Number(inode)];
    });
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EACCES", "EPERM")) return [];
    throw error;
  }
}

function linkOf(path: string): string {
  try {
    return readLink(path);
  } catch {
    return ""; // closed meanwhile
  }
}

function ownerOf(pid: string): SocketOwner {
  const read = (name: string): string => readTextFileMaybe(`/proc/${pid}/${name}`, 64 << 10) ?? "";
  return {
    pid: Number(pid),
    name: read("comm").trimEnd(),
    command: read("cmdline").replaceAll("\0", " ").trimEnd(),
    cgroups: read("cgroup"),
  };
}
