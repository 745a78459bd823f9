import type { Log } from "#base/log.ts";
import type { CliIo } from "#cli/cli-io.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import { ensureDirectory } from "#host/files/files.ts";
import { inheritedSockets } from "#host/sockets/inherited-sockets.ts";
import { openTcpSocket, openUnixSocket } from "#host/sockets/listening-socket.ts";
import { stderrLog } from "#host/program/stderr-log.ts";
import { startAgain, type SupervisedChild } from "#host/program/supervised-child.ts";
import { Layout } from "#state/layout.ts";
import { daemonSettings, type DaemonSettings } from "./daemon-settings.ts";
import { checkTcp, groupId, hostsOf, SOCKET_MODE, tcpAddress } from "./listen.ts";

interface OpenSocket {
  readonly name: string;
  readonly fd: number;
  close(): void;
}

/** A life this long is no part of a row of crashes. */
const STEADY_MS = 10_000;
const PROMPT_RESTARTS = 3;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Stand in front of the engine: hold its listening sockets, and start it again when a signal that nobody sent through here
 * ends it (a fault, kill -9, the OOM killer). Clients that connect meanwhile wait in the sockets' backlog; containers do
 * not notice. The first restarts are at once, a longer row of crashes has pauses of up to a second. An engine that ends by itself, in order or
 * refusing its configuration, is not started again: its exit code is this one's.
 */
export async function supervise(flags: FlagValues, io: CliIo): Promise<number> {
  const settings = daemonSettings(flags, io);
  const log = stderrLog({ level: settings.logLevel, format: settings.logFormat }).with({ part: "supervisor" });
  const sockets = await openSockets(settings, log);
  try {
    return await keepRunning(sockets, io, log);
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** Every address of the settings as a listening socket; those that were handed to us are handed on. */
async function openSockets(settings: DaemonSettings, log: Log): Promise<readonly OpenSocket[]> {
  const layout = new Layout(settings);
  const hosts = hostsOf(settings, layout.socket);
  checkTcp(hosts, settings, log);
  const sockets: OpenSocket[] = inheritedSockets(process.env).map((socket) => ({ ...socket, close: () => undefined }));
  ensureDirectory(layout.execRoot, 0o711);
  try {
    for (const name of hosts) {
      if (name.startsWith("fd://")) continue;
      const opened = name.startsWith("unix://")
        ? await openUnixSocket({
            path: name.slice("unix://".length),
            mode: SOCKET_MODE,
            gid: groupId(settings.socketGroup, log),
          })
        : await openTcpSocket(tcpAddress(name));
      sockets.push({ name, ...opened });
    }
    return sockets;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
}

async function keepRunning(sockets: readonly OpenSocket[], io: CliIo, log: Log): Promise<number> {
  let child: SupervisedChild | undefined;
  let stopping = false;
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"] as const) {
    io.onSignal(name, () => {
      if (name === "SIGTERM" || name === "SIGINT") stopping = true;
      child?.signal(name);
    });
  }
  for (let crashes = 1; ; crashes++) {
    const startedAt = io.now();
    child = startAgain(sockets);
    const end = await child.ended;
    if ("code" in end) return end.code;
    if (stopping) return 1;
    if (io.now() - startedAt > STEADY_MS) crashes = 1;
    const pauseMs = pauseAfter(crashes);
    log.error("the engine ended by a signal: starting it again", { signal: end.signal, pid: child.pid, pauseMs });
    child = undefined;
    if (pauseMs > 0) await io.sleep(pauseMs);
    if (stopping) return 0;
  }
}

function pauseAfter(crashes: number): number {
  const beyond = crashes - PROMPT_RESTARTS;
  return beyond <= 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (beyond - 1), LONGEST_PAUSE_MS);
}
