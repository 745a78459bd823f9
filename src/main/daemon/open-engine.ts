import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { formatTime } from "#base/time.ts";
import { createEngine, type Engine } from "#engine/engine.ts";
import { EngineFiles } from "#engine/engine-files.ts";
import { HelperContainerFiles } from "#engine/files/helper-container-files.ts";
import { HelperFileLabels } from "#engine/files/helper-file-labels.ts";
import { HostPortListeners } from "#engine/forensics/host-port-listeners.ts";
import { HostProcessTable } from "#engine/processes/host-process-table.ts";
import {
  validateExecSpec,
  validateExecStatus,
  validateExitReport,
  validatePullFailure,
  validateLife,
  storedSpec,
  validateSpec,
} from "#engine/stored-rows.ts";
import { NativePlanner } from "#engine/runtime-planner.ts";
import { defaultEventLimits, EventFiles } from "#events/event-files.ts";
import { EventLog } from "#events/event-log.ts";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import { SystemClock } from "#host/program/clock.ts";
import { readCpuTime } from "#host/facts/cpu-time.ts";
import { fileSystemName } from "#host/files/file-system-name.ts";
import { LocalHostMounts } from "#host/mounts/host-mounts.ts";
import { readHostFacts, readIpv4Forwarding } from "#host/facts/host-facts.ts";
import { readInterfaceCounters } from "#host/facts/interface-counters.ts";
import { InitBinary } from "#host/shim/init-binary.ts";
import { KernelOomKills } from "#host/kernel/kernel-log.ts";
import { NamespaceSockets } from "#host/sockets/namespace-sockets.ts";
import { readProcessCounters } from "#host/processes/process-counters.ts";
import { FetchHttp } from "#host/web/registry-http.ts";
import { hasProjectQuota } from "#host/files/project-quota.ts";
import { readIdFiles, remappedIds } from "#host/facts/subordinate-ids.ts";
import { FileLogKeeper } from "#logs/file-log-keeper.ts";
import { FilesInUse } from "#logs/files/files-in-use.ts";
import { FileLogReader } from "#logs/read/file-log-reader.ts";
import { instanceOf, openNetworks } from "#network/open-networks.ts";
import { HttpDownloads } from "#remote/http-downloads.ts";
import { makeInitLayer } from "#snapshot/init-layer.ts";
import { ContainerStore } from "#state/container-store.ts";
import { BuildHistoryStore } from "#state/build-history-store.ts";
import { validateBuildHistoryEntry } from "#spec/berth/build-history.ts";
import { ScheduleStore } from "#state/schedule-store.ts";
import { ExitStore } from "#state/exit-store.ts";
import { PullFailureStore } from "#state/pull-failure-store.ts";
import { ExecStore } from "#state/exec-store.ts";
import type { Layout } from "#state/layout.ts";
import { engineConfig, engineId } from "./engine-config.ts";
import { openBuilder } from "./open-builder.ts";
import { openHelpers } from "./open-helpers.ts";
import { openRuntime } from "./open-runtime.ts";
import { openSources } from "./open-sources.ts";
import { openStorage } from "./open-storage.ts";
import { openVolumes } from "./open-volumes.ts";
import type { LiveSettings } from "./live-settings.ts";
import { seccompProfileText } from "./seccomp-profile-text.ts";

export interface OpenEngine {
  readonly engine: Engine;
  /** Repair what an earlier engine left, then start what should run. Call once, before serving. */
  recover(): Promise<void>;
  /** Work that is better done while nobody asks for anything. */
  settle(): void;
  /** End background work and the database; the engine must have been shut down. */
  close(): Promise<void>;
}

/** Choose every implementation and put them together. Nothing of the machine changes before `recover`. */
export function openEngine(live: LiveSettings, layout: Layout, log: Log, version: string): OpenEngine {
  const settings = live.current;
  const clock = new SystemClock();
  const machine = readHostFacts();
  const now = (): string => formatTime(clock.nowNs());
  const helpers = openHelpers(machine.cpus);
  const http = new FetchHttp();
  const sources = openSources(live, http);
  const storage = openStorage({ live, layout, log, helpers: helpers.pool, sources, now });
  const { database, trash, images, snapshots, containersAhead } = storage;
  const discard = (path: string): Promise<void> => trash.discard(path);
  const networks = openNetworks({
    database,
    log: log.with({ part: "network" }),
    now: () => new Date(),
    options: { instance: instanceOf(layout.dataRoot), engineId: engineId(layout), ...settings.network },
  });
  const runtime = openRuntime(settings, layout, log);
  const { cgroups, facts, launcher, emulators, selinux } = runtime;
  const projectQuota = hasProjectQuota(layout.dataRoot);
  const volumes = openVolumes({ layout, helpers, projectQuota, discard, nowNs: () => clock.nowNs() });
  const config = engineConfig(live, {
    layout,
    version,
    seccompProfile: seccompProfileText(settings.seccompProfile),
    remappedIds:
      settings.userNamespaceRemap === "" ? undefined : remappedIds(settings.userNamespaceRemap, readIdFiles()),
  });
  const building = openBuilder({
    ...storage,
    layout,
    log,
    sources,
    helpers: helpers.pool,
    networks,
    cgroups,
    facts,
    launcher,
    emulators,
    emptyMounts: runtime.emptyMounts,
    defaults: config,
    discard,
    now,
    version,
  });
  const events = new EventFiles({ directory: layout.eventsDir, limits: defaultEventLimits });
  const sockets = new NamespaceSockets();
  const engine = createEngine({
    config,
    machine: {
      ...machine,
      // docker-compat: as far as dockerd goes, AppArmor is not there without its parser.
      apparmor: facts.apparmorParser !== undefined,
      selinux,
      backingFileSystem: fileSystemName(layout.dataRoot),
      cgroupVersion: cgroups.version,
      cgroupControllers: cgroups.controllers,
      thermalThrottlePaths: facts.thermalThrottlePaths,
      projectQuota,
    },
    log,
    clock,
    files: new EngineFiles({ discard, makeContainerDirectory: (path) => containersAhead.make(path) }),
    fileLabels: new HelperFileLabels({ helpers: helpers.files, homes: [process.env["HOME"] ?? "/root"] }),
    paths: layout,
    containerFiles: new HelperContainerFiles({ helpers: helpers.files }),
    ...engineRows(database, layout),
    events: new EventLog({ clock, files: events, log: log.with({ part: "events" }) }),
    images,
    snapshots,
    networks,
    ...volumes,
    hostMounts: new LocalHostMounts(),
    launcher,
    builder: building.builder,
    cacheKeeper: building.cacheKeeper,
    trees: building.trees,
    planner: new NativePlanner({
      ...runtime,
      initBinary: new InitBinary(layout.binDir, runtime.contexts?.readOnlyFile),
      defaults: config,
      paths: layout,
    }),
    cgroups,
    processes: new HostProcessTable(),
    sockets,
    listeners: new HostPortListeners(),
    oomKills: new KernelOomKills({ clock }),
    counters: {
      cpuTime: readCpuTime,
      interfaces: readInterfaceCounters,
      process: readProcessCounters,
      ipv4Forwarding: readIpv4Forwarding,
    },
    ...logFiles(log),
    registryLogin: sources,
    registries: sources,
    downloads: new HttpDownloads({ http }),
  });
  return {
    engine,
    async recover() {
      trash.empty();
      makeInitLayer(layout.initLayerTree);
      runtime.prepare();
      building.forgetLost();
      await images.reconcile();
      await snapshots.reconcile();
      await building.reconcile();
      await engine.reconcile();
      await storage.openAhead();
      await runtime.openAhead();
    },
    settle() {
      try {
        database.checkpoint();
      } catch (error) {
        log.warn("could not move the database's log into its file", { error: messageOf(error) });
      }
    },
    async close() {
      await runtime.closeAhead();
      await storage.closeAhead();
      images.close();
      await trash.settled();
      helpers.close();
      building.close();
      runtime.close();
      events.close();
      sockets.close();
      volumes.volumes.close();
      database.close();
    },
  };
}

function engineRows(database: SqlDatabase, layout: Layout) {
  return {
    containers: new ContainerStore({ database, validateSpec, printSpec: storedSpec, validateStatus: validateLife }),
    execs: new ExecStore({ database, validateSpec: validateExecSpec, validateStatus: validateExecStatus }),
    exits: new ExitStore({ database, validate: validateExitReport }),
    pullFailures: new PullFailureStore({ database, validate: validatePullFailure }),
    schedules: new ScheduleStore({ database }),
    buildHistory: new BuildHistoryStore({
      database,
      validate: validateBuildHistoryEntry,
      directory: layout.buildHistoryDir,
    }),
  };
}

/** Whoever reads and whoever compresses know of one another. */
function logFiles(log: Log) {
  const inUse = new FilesInUse();
  return {
    logs: new FileLogReader({ inUse }),
    logKeeper: new FileLogKeeper({ log: log.with({ part: "logs" }), inUse, pid: process.pid }),
  };
}
