import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { CliIo } from "#cli/cli-io.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import type { Engine } from "#engine/engine.ts";
import { ScheduledClean } from "#engine/image/scheduled-clean.ts";
import type { ServerTls } from "#host/sockets/accept.ts";
import { ensureDirectory, spreadSubdirectories, removeFile, writeFileAtomic } from "#host/files/files.ts";
import type { HttpService } from "#host/http/http-server.ts";
import { IdleCollector } from "#host/program/idle-collector.ts";
import { inheritedSockets } from "#host/sockets/inherited-sockets.ts";
import { seldomRepeated, setJitPolicy } from "#host/program/jit-policy.ts";
import { ServiceManager } from "#host/program/service-manager.ts";
import { LOCK_EX, LOCK_NB, O_CLOEXEC, O_CREAT, O_RDWR } from "#host/kernel/linux.ts";
import { stderrLog } from "#host/program/stderr-log.ts";
import { close, flock, open, umask } from "#host/kernel/syscalls.ts";
import { createDockerServer } from "#server/docker/server.ts";
import { createMetricsServer } from "#server/metrics/metrics-server.ts";
import { Layout } from "#state/layout.ts";
import { daemonSettings, type DaemonSettings } from "./daemon-settings.ts";
import { followHostResolvers } from "./follow-host-resolvers.ts";
import { listenAll, listenForMetrics, type Listener } from "./listen.ts";
import { LiveSettings, reloadAttributes } from "./live-settings.ts";
import { openEngine, type OpenEngine } from "./open-engine.ts";
import { seccompProfileText } from "./seccomp-profile-text.ts";
import { surviveFaults } from "./survive-faults.ts";
import { tlsMaterial } from "./tls-material.ts";

/**
 * The engine from start to end:
 *
 *   flags + daemon.json ▶ lock data root ▶ open ▶ recover ▶ listen ▶ serve … SIGTERM/SIGINT ▶ stop containers ▶ close
 *                                                                  SIGHUP: read daemon.json and certificates anew
 *
 * A second signal ends it at once; containers then go on and the next engine finds them, as after kill -9.
 */
export async function runDaemon(flags: FlagValues, io: CliIo, version: string): Promise<number> {
  const read = (): DaemonSettings => daemonSettings(flags, io);
  const settings = read();
  const readTls = (): ServerTls | undefined =>
    settings.tls === undefined ? undefined : tlsMaterial(settings.tls, (path) => io.readFile(path));
  const tls = readTls();
  if (flags.on("validate")) {
    seccompProfileText(settings.seccompProfile);
    io.stdout.write("configuration OK\n");
    return 0;
  }
  refuseUnlessRoot();
  umask(0o022);
  setJitPolicy(seldomRepeated);
  Object.assign(process.env, settings.proxies);
  const inherited = inheritedSockets(process.env);
  const manager = new ServiceManager(process.env);
  const live = new LiveSettings(settings);
  const log = stderrLog({
    get level() {
      return live.current.logLevel;
    },
    format: settings.logFormat,
  });
  for (const { name, why } of settings.idle) log.info(`the option ${name} has no effect: ${why}`);
  const layout = new Layout(settings);
  makeDirectories(layout);
  const lock = lockDataRoot(layout);
  const opened = openEngine(live, layout, log, version);
  const stopping = untilSignalled(io);
  surviveFaults(log);
  let listeners: readonly Listener[] = [];
  const cleaning = new ScheduledClean({
    schedule: () => live.current.imageCleanup,
    clean: opened.engine.images.clean,
    later,
    log: log.with({ part: "images" }),
  });
  io.onSignal("SIGHUP", () =>
    manager.reloading(() => {
      const readAll = (): DaemonSettings => {
        const next = read();
        const renewed = readTls();
        if (renewed !== undefined) for (const { useTls } of listeners) useTls?.(renewed);
        return next;
      };
      reload(live, readAll, opened.engine, log);
      cleaning.start();
    }),
  );
  io.onSignal("SIGUSR1", () => log.info("memory and handles of the engine", { ...process.memoryUsage() }));
  try {
    await opened.recover();
    opened.engine.scheduledStarts.start();
    const resolvers = followHostResolvers(opened.engine.containers.renewResolvers);
    const service = dockerService(opened, settings, log, version);
    const metrics = await listenForMetrics(settings, () => createMetricsServer({ engine: opened.engine, log }));
    listeners = await listenAll({ settings, ownSocket: layout.socket, tls, inherited, service, log });
    const pidFile = settings.pidFile || layout.pidFile;
    writeFileAtomic(pidFile, `${process.pid}\n`, { mode: 0o644 });
    for (const { name } of listeners) log.info("API listen on", { address: name });
    if (metrics !== undefined) log.info("metrics are served", { address: metrics.name });
    cleaning.start();
    log.info("engine ready", { version, dataRoot: layout.dataRoot });
    manager.ready("Serving");
    const signal = await stopping;
    log.info("engine is stopping", { signal });
    manager.stopping();
    for (const listener of [...listeners, metrics]) listener?.close();
    opened.engine.scheduledStarts.close();
    resolvers.close();
    await opened.engine.shutdown();
    removeFile(pidFile);
  } finally {
    cleaning.close();
    await opened.close();
    close(lock);
  }
  return 0;
}

function refuseUnlessRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new BerthError("forbidden", "the engine needs to be started with root privileges", {
    hint: "Run it as root, or with sudo.",
  });
}

/** The API; each request puts off what is done while nobody asks for anything. */
function dockerService(opened: OpenEngine, settings: DaemonSettings, log: Log, version: string): HttpService {
  const { minimumApiVersion, experimental } = settings;
  const api = createDockerServer({
    engine: opened.engine,
    log: log.with({ part: "api" }),
    version,
    experimental,
    ...(minimumApiVersion === "" ? {} : { minimumApiVersion }),
  });
  const collector = new IdleCollector(() => opened.settle());
  return {
    headers: api.headers,
    handle(exchange) {
      collector.touch();
      return api.handle(exchange);
    },
  };
}

/** docker-compat: a file that is wrong changes nothing; the engine goes on as it was. */
function reload(live: LiveSettings, read: () => DaemonSettings, engine: Engine, log: Log): void {
  log.info("Got signal to reload configuration", { "config-file": live.current.configFile });
  try {
    const waiting = live.reload(read());
    if (waiting.length > 0)
      log.warn("these settings wait for a restart of the engine", { settings: waiting.join(", ") });
    const attributes = reloadAttributes(live.current);
    engine.system.reloaded(attributes);
    log.info("Reloaded configuration", { config: JSON.stringify(attributes) });
  } catch (error) {
    log.error("Error reloading configuration", { error: messageOf(error) });
  }
}

/** Timers take no longer waits than this. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

function later(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, Math.min(ms, LONGEST_WAIT_MS));
  timer.unref();
  return () => clearTimeout(timer);
}

function makeDirectories(layout: Layout): void {
  for (const [path, mode] of layout.directories) ensureDirectory(path, mode);
  for (const path of layout.unrelatedSubdirectories) spreadSubdirectories(path);
}

/** Held as long as the process lives, and so released by any death. */
function lockDataRoot(layout: Layout): number {
  const fd = open(layout.lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600);
  if (flock(fd, LOCK_EX | LOCK_NB)) return fd;
  close(fd);
  throw new BerthError("conflict", `another engine uses the data root ${layout.dataRoot}`, {
    hint: "Stop it, or give this one its own --data-root, --exec-root, --bridge and --host.",
  });
}

function untilSignalled(io: CliIo): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const name of ["SIGTERM", "SIGINT"] as const) {
      io.onSignal(name, () => {
        if (stopping) process.exit(1);
        stopping = true;
        resolve(name);
      });
    }
  });
}
