import type { PortSummary } from "#spec/docker/container.ts";

interface Run {
  readonly prefix: string;
  readonly protocol: string;
  readonly start: number;
  last: number;
}

/** The PORTS column: neighbouring ports of one kind joined to ranges, exposed ones after published ones. */
export function displayPorts(ports: readonly PortSummary[]): string {
  const sorted = ports.toSorted(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      compare(a.IP ?? "", b.IP ?? "") ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      compare(a.Type, b.Type),
  );
  const result: string[] = [];
  const single: string[] = [];
  const runs = new Map<string, Run>();
  for (const port of sorted) {
    const { PrivatePort, PublicPort, IP, Type } = port;
    if (IP !== undefined && IP !== "") {
      if (PublicPort !== PrivatePort) {
        single.push(`${address(IP)}:${String(PublicPort ?? 0)}->${String(PrivatePort)}/${Type}`);
        continue;
      }
    }
    const key = IP === undefined || IP === "" ? Type : `${IP}/${Type}`;
    const run = runs.get(key);
    if (run !== undefined && run.last === PrivatePort - 1) {
      run.last = PrivatePort;
      continue;
    }
    if (run !== undefined) result.push(shown(run));
    runs.set(key, { prefix: IP ?? "", protocol: Type, start: PrivatePort, last: PrivatePort });
  }
  const open = [...runs.keys()].toSorted().map((key) => shown(runs.get(key) as Run));
  return [...result, ...open, ...single].join(", ");
}

function shown({ prefix, protocol, start, last }: Run): string {
  const range = start === last ? String(start) : `${String(start)}-${String(last)}`;
  return prefix === "" ? `${range}/${protocol}` : `${address(prefix)}:${range}->${range}/${protocol}`;
}

function address(ip: string): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
