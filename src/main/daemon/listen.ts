import type { Server } from "node:http";
import { BerthError } from "#base/errors.ts";
import { readTextFileMaybe } from "#host/files.ts";
import { listenTcp } from "#host/tcp-listener.ts";
import { listenUnix } from "#host/unix-listener.ts";
import type { Layout } from "#state/layout.ts";
import type { DaemonSettings } from "./daemon-settings.ts";

export interface Listener {
  readonly name: string;
  close(): void;
}

const DOCKER_SOCKET = "/var/run/docker.sock";

/** Every address the person asked for, the engine's own socket when they asked for none. All or nothing. */
export async function listenAll(
  settings: DaemonSettings,
  layout: Layout,
  makeServer: () => Server,
): Promise<readonly Listener[]> {
  const hosts = settings.hosts.length > 0 ? settings.hosts : [`unix://${layout.socket}`];
  const all = settings.dockerSocket ? [...hosts, `unix://${DOCKER_SOCKET}`] : hosts;
  const listeners: Listener[] = [];
  try {
    for (const host of all) listeners.push(await listenOn(host, settings, makeServer()));
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return listeners;
}

async function listenOn(host: string, settings: DaemonSettings, server: Server): Promise<Listener> {
  const name = host.includes("://") ? host : `unix://${host}`;
  if (name.startsWith("unix://")) {
    const gid = groupId(settings.socketGroup);
    const listener = await listenUnix(server, { path: name.slice("unix://".length), mode: 0o660, gid });
    return { name, close: () => listener.close() };
  }
  const address = /^tcp:\/\/(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(name);
  if (address === null)
    throw new BerthError("invalid-parameter", `invalid --host ${host}: want unix://PATH or tcp://HOST:PORT`);
  if (!settings.insecureTcp) {
    throw new BerthError(
      "invalid-parameter",
      `refusing to listen on ${host} without TLS: everyone who reaches it would be root`,
      {
        hint: "Use a unix socket (over ssh: berth -H ssh://…), or insist with --insecure-tcp.",
      },
    );
  }
  const listener = await listenTcp(server, {
    host: address[1] ?? (address[2] || "127.0.0.1"),
    port: Number(address[3]),
  });
  return { name, close: () => listener.close() };
}

/** Gid of a group of this machine; root's when there is none of that name. group(5) */
function groupId(name: string): number {
  const line = (readTextFileMaybe("/etc/group", 1 << 20) ?? "")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  return Number(line?.split(":")[2] ?? "0");
}
