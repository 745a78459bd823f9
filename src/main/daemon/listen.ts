import { BerthError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { ServerTls } from "#host/sockets/accept.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import type { HttpService } from "#host/http/http-server.ts";
import { FIRST_INHERITED_FD, type InheritedSocket } from "#host/sockets/inherited-sockets.ts";
import { openTcpSocket, openUnixSocket } from "#host/sockets/listening-socket.ts";
import { serveHttp } from "#host/web/serve-http.ts";
import { duplicate } from "#host/kernel/syscalls.ts";
import type { DaemonSettings } from "./daemon-settings.ts";

export interface Listener {
  readonly name: string;
  /** Stop accepting. Open connections go on. */
  close(): void;
  /** Only where TLS is spoken: with what from the next connection on. */
  readonly useTls?: (tls: ServerTls) => void;
}

export interface ListenDeps {
  readonly settings: DaemonSettings;
  /** The engine's own, used when nobody names another. */
  readonly ownSocket: string;
  readonly tls: ServerTls | undefined;
  readonly inherited: readonly InheritedSocket[];
  readonly service: HttpService;
  readonly log: Log;
}

/** Of the unix sockets: root and the group. */
export const SOCKET_MODE = 0o660;
const DOCKER_SOCKET = "/var/run/docker.sock";

/** The addresses to listen on, each once. */
export function hostsOf(
  settings: Pick<DaemonSettings, "hosts" | "dockerSocket">,
  ownSocket: string,
): readonly string[] {
  const own = `unix://${ownSocket}`;
  const hosts = settings.hosts.length > 0 ? settings.hosts.map((host) => host || own) : [own];
  return [...new Set(settings.dockerSocket ? [...hosts, `unix://${DOCKER_SOCKET}`] : hosts)];
}

/** Listen wherever the person asked for. All or nothing. */
export async function listenAll(deps: ListenDeps): Promise<readonly Listener[]> {
  const hosts = hostsOf(deps.settings, deps.ownSocket);
  const handed = new Set(deps.inherited.map(({ name }) => name));
  checkTcp(
    hosts.filter((host) => !handed.has(host)),
    deps.settings,
    deps.log,
  );
  const listeners: Listener[] = [];
  try {
    for (const host of hosts) listeners.push(...(await listenOn(host, deps)));
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return listeners;
}

/** docker-compat: dockerd's warnings; where it only slows down, this refuses with `invalid-parameter`. */
export function checkTcp(hosts: readonly string[], settings: DaemonSettings, log: Log): void {
  const { tls, openTcp } = settings;
  for (const host of hosts) {
    if (!host.startsWith("tcp://") || tls?.verifyClients === true) continue;
    if (tls === undefined && !openTcp) {
      throw new BerthError(
        "invalid-parameter",
        `refusing to listen on ${host} without TLS: everyone who reaches it would be root`,
        {
          hint: "Use --tlsverify with certificates, or a unix socket over ssh (berth -H ssh://…), or insist with --tls=false.",
        },
      );
    }
    log.warn(
      "Binding to IP address without --tlsverify is insecure and gives root access on this machine to everyone who has access to your network.",
      { host },
    );
    log.warn(
      "Binding to an IP address, even on localhost, can also give access to scripts run in a browser. Be safe out there!",
      { host },
    );
  }
}

async function listenOn(host: string, deps: ListenDeps): Promise<readonly Listener[]> {
  if (host.startsWith("fd://")) {
    return chosen(host, deps.inherited).map(({ fd }) => onInherited(host, fd, undefined, deps));
  }
  const tls = host.startsWith("tcp://") ? deps.tls : undefined;
  const kept = deps.inherited.find(({ name }) => name === host);
  if (kept !== undefined) return [onInherited(host, kept.fd, tls, deps)];
  if (host.startsWith("unix://")) {
    const path = host.slice("unix://".length);
    const gid = groupId(deps.settings.socketGroup, deps.log);
    const socket = await openUnixSocket({ path, mode: SOCKET_MODE, gid });
    const acceptor = serveHttp(duplicate(socket.fd), deps.service);
    const close = (): void => {
      acceptor.close();
      socket.close();
    };
    return [{ name: host, close }];
  }
  const { fd } = await openTcpSocket(tcpAddress(host));
  return [onInherited(host, fd, tls, deps)];
}

function onInherited(name: string, fd: number, tls: ServerTls | undefined, deps: ListenDeps): Listener {
  const { close, useTls } = serveHttp(fd, deps.service, { tls });
  return tls === undefined ? { name, close } : { name, close, useTls };
}

/** docker-compat: `fd://` and `fd://*` are all of them, `fd://N` one by its number; here `fd://NAME` too. */
function chosen(host: string, inherited: readonly InheritedSocket[]): readonly InheritedSocket[] {
  if (inherited.length === 0) {
    throw new BerthError(
      "invalid-parameter",
      "no sockets found via socket activation: make sure the service was started by systemd",
    );
  }
  const which = host.slice("fd://".length);
  if (which === "" || which === "*") return inherited;
  const found = inherited.filter(({ fd, name }) => String(fd) === which || name === which);
  if (found.length > 0) return found;
  const last = FIRST_INHERITED_FD + inherited.length - 1;
  throw new BerthError(
    "invalid-parameter",
    `no such inherited socket: ${which}; there are ${FIRST_INHERITED_FD} to ${last}`,
  );
}

/** The page of metrics, where the settings name an address for it. */
export async function listenForMetrics(
  settings: DaemonSettings,
  makeService: () => HttpService,
): Promise<Listener | undefined> {
  if (settings.metricsAddress === "") return undefined;
  const { host, port } = tcpAddress(`tcp://${settings.metricsAddress}`);
  // docker-compat: no host is every address of the machine.
  const { fd } = await openTcpSocket({ host: host || "::", port });
  const { close } = serveHttp(fd, makeService());
  return { name: `http://${settings.metricsAddress}/metrics`, close };
}

export function tcpAddress(host: string): { readonly host: string; readonly port: number } {
  const [, six, name = "", port] = /^tcp:\/\/(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(host) ?? [];
  return { host: six ?? name, port: Number(port) };
}

/** The group of {@link DaemonSettings.socketGroup} that need not exist. */
const DEFAULT_GROUP = "berth";

/** Gid by name or number; root's when the default group is not there. `invalid-parameter` for another. group(5) */
export function groupId(name: string, log: Log): number {
  if (/^\d+$/.test(name)) return Number(name);
  const line = (readTextFileMaybe("/etc/group", 1 << 20) ?? "")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  if (line !== undefined) return Number(line.split(":")[2]);
  if (name !== DEFAULT_GROUP) throw new BerthError("invalid-parameter", `group ${name} not found`);
  log.debug("the unix sockets belong to root alone: group berth not found");
  return 0;
}
