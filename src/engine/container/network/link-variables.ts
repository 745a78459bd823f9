import { parsePortKey, type PortProtocol } from "#spec/docker/port.ts";

export interface LinkedContainer {
  /** Name of the container that has the link. */
  readonly parent: string;
  readonly alias: string;
  /** Address of the container linked to. */
  readonly address: string;
  readonly exposedPorts: readonly string[];
  readonly env: readonly string[];
}

interface Port {
  readonly number: number;
  readonly protocol: PortProtocol;
}

/** The variables that `--link` sets (Docker's "legacy container links"). Pure. */
export function linkVariables(link: LinkedContainer): readonly string[] {
  const prefix = link.alias.toUpperCase().replaceAll("-", "_");
  const ports = link.exposedPorts.flatMap(portsOf).toSorted(byNumber);
  const [first] = ports;
  const url = ({ number, protocol }: Port): string => `${protocol}://${link.address}:${number}`;
  const name = ({ number, protocol }: Port): string => `${prefix}_PORT_${number}_${protocol.toUpperCase()}`;
  return [
    ...(first === undefined ? [] : [`${prefix}_PORT=${url(first)}`]),
    ...ports.flatMap((port) => [
      `${name(port)}=${url(port)}`,
      `${name(port)}_ADDR=${link.address}`,
      `${name(port)}_PORT=${port.number}`,
      `${name(port)}_PROTO=${port.protocol}`,
    ]),
    ...runs(ports).flatMap(([start, end]) => [
      `${name(start)}_START=${url(start)}`,
      `${name(start)}_PORT_START=${start.number}`,
      `${name(start)}_END=${url(end)}`,
      `${name(start)}_PORT_END=${end.number}`,
    ]),
    `${prefix}_NAME=/${link.parent}/${link.alias}`,
    ...link.env.flatMap((entry) => {
      const at = entry.indexOf("=");
      const variable = entry.slice(0, Math.max(at, 0));
      return at < 0 || variable === "HOME" || variable === "PATH" ? [] : [`${prefix}_ENV_${entry}`];
    }),
  ];
}

function portsOf(key: string): readonly Port[] {
  const { first, last, protocol } = parsePortKey(key);
  return Array.from({ length: last - first + 1 }, (_, index) => ({ number: first + index, protocol }));
}

const byNumber = (a: Port, b: Port): number => a.number - b.number || (a.protocol === "tcp" ? -1 : 1);

/** Three or more ports of one protocol that follow each other without a gap: first and last. docker-compat: not two. */
function runs(ports: readonly Port[]): readonly (readonly [Port, Port])[] {
  const found: [Port, Port][] = [];
  for (const port of ports) {
    const run = found.at(-1);
    if (run !== undefined && run[1].protocol === port.protocol && run[1].number + 1 === port.number) run[1] = port;
    else found.push([port, port]);
  }
  return found.filter(([start, end]) => end.number - start.number > 1);
}
