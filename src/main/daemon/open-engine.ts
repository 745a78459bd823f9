import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { formatTime } from "#base/time.ts";
import { BlobStore } from "#content/blob-store.ts";
import { Leases } from "#content/leases.ts";
import { createEngine, type Engine } from "#engine/engine.ts";
import { EngineFiles } from "#engine/engine-files.ts";
import { HelperContainerFiles } from "#engine/files/helper-container-files.ts";
import { HelperFileLabels } from "#engine/files/helper-file-labels.ts";
import { HelperVolumeFiles } from "#engine/files/helper-volume-files.ts";
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
import { hasBinfmtMisc, readBinfmtHandlers } from "#host/processes/binfmt.ts";
import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import { SystemClock } from "#host/program/clock.ts";
import { readCpuTime } from "#host/facts/cpu-time.ts";
import { findEmulator } from "#host/processes/emulator-program.ts";
import { fileSystemName } from "#host/files/file-system-name.ts";
import { LocalHostMounts } from "#host/mounts/host-mounts.ts";
import { HelperPool } from "#host/helpers/helper-pool.ts";
import { HelperStreams } from "#host/helpers/helper-streams.ts";
import { readHostFacts, readIpv4Forwarding } from "#host/facts/host-facts.ts";
import { readInterfaceCounters } from "#host/facts/interface-counters.ts";
import { InitBinary } from "#host/shim/init-binary.ts";
import { KernelOomKills } from "#host/kernel/kernel-log.ts";
import { NamespaceSockets } from "#host/sockets/namespace-sockets.ts";
import { readProcessCounters } from "#host/processes/process-counters.ts";
import { bootId } from "#host/processes/process.ts";
import { FetchHttp } from "#host/web/registry-http.ts";
import { hasProjectQuota } from "#host/files/project-quota.ts";
import { readIdFiles, remappedIds } from "#host/facts/subordinate-ids.ts";
import { readRuntimeFacts } from "#host/facts/runtime-facts.ts";
import { openShimBinary } from "#host/shim/shim-binary.ts";
import { Trash } from "#host/files/trash.ts";
import { LocalImages } from "#image/local-images.ts";
import { descriptorOf } from "#image/rows.ts";
import { FileLogKeeper } from "#logs/file-log-keeper.ts";
import { FilesInUse } from "#logs/files/files-in-use.ts";
import { FileLogReader } from "#logs/read/file-log-reader.ts";
import { instanceOf, openNetworks } from "#network/open-networks.ts";
import { HttpDownloads } from "#remote/http-downloads.ts";
import { RegistrySources } from "#remote/registry-sources.ts";
import { Emulators } from "#runtime/emulation/emulators.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";
import { ShimsAhead } from "#runtime/shim/shims-ahead.ts";
import { makeInitLayer } from "#snapshot/init-layer.ts";
import { LayerDirectories } from "#snapshot/layer-directories.ts";
import { OverlaySnapshotter } from "#snapshot/overlay-snapshotter.ts";
import { platformOfHost } from "#spec/oci/platform.ts";
import { ContainerStore } from "#state/container-store.ts";
import { openState } from "#state/db.ts";
import { BuildHistoryStore } from "#state/build-history-store.ts";
import { validateBuildHistoryEntry } from "#spec/berth/build-history.ts";
import { ScheduleStore } from "#state/schedule-store.ts";
import { ExitStore } from "#state/exit-store.ts";
import { PullFailureStore } from "#state/pull-failure-store.ts";
import { ExecStore } from "#state/exec-store.ts";
import { ImageStore } from "#state/image-store.ts";
import { LayerStore } from "#state/layer-store.ts";
import type { Layout } from "#state/layout.ts";
import { SnapshotStore } from "#state/snapshot-store.ts";
import { LocalCopies } from "#volume/local-copies.ts";
import { LocalVolumes } from "#volume/local-volumes.ts";
import { dockerPluginDirectories } from "#volume/plugins/discover.ts";
import { PluginRows } from "#volume/plugins/plugin-rows.ts";
import { PluginVolumes } from "#volume/plugins/plugin-volumes.ts";
import { dockerTimeouts } from "#volume/plugins/volume-plugin.ts";
import { VolumePlugins } from "#volume/plugins/volume-plugins.ts";
import { HelperShareMounts } from "#volume/share-mounts.ts";
import { NamedVolumes } from "#volume/volumes.ts";
import { engineConfig, engineId } from "./engine-config.ts";
import { openContainerProfile } from "./open-apparmor.ts";
import { checkedContexts, labelTrees, readContainerContexts } from "./open-selinux.ts";
import { openBuilder } from "./open-builder.ts";
import type { LiveSettings } from "./live-settings.ts";
import { seccompProfileText } from "./seccomp-profile-text.ts";

/** Copies into and out of containers at a time; further ones wait. */
const FILE_HELPERS = 16;
const SHARE_HELPERS = 16;

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
  const facts = readHostFacts();
  const database = openState(layout.database);
  const now = (): string => formatTime(clock.nowNs());

  const trash = new Trash({ directory: layout.tmpDir, log });
  const discard = (path: string): Promise<void> => trash.discard(path);
  const layers = new LayerDirectories({ rows: new LayerStore({ database }), paths: layout, bootId: bootId() });
  const helpers = new HelperPool({ command: helperCommand(), size: Math.max(2, facts.cpus) });
  // Apart from the others: how long they are busy is up to clients.
  const fileHelpers = new HelperPool({ command: helperCommand(), size: FILE_HELPERS });
  const fileStreams = new HelperStreams({ helpers: fileHelpers });
  // And those that wait for other machines.
  const shareHelpers = new HelperPool({ command: helperCommand(), size: SHARE_HELPERS });
  const volumeFiles = new HelperVolumeFiles({ helpers: fileStreams });
  const http = new FetchHttp();
  const sources = new RegistrySources({
    http,
    settings: {
      certificateDirs: ["/etc/berth/certs.d", "/etc/docker/certs.d"],
      get insecureRegistries() {
        return live.current.insecureRegistries;
      },
      get mirrors() {
        return live.current.registryMirrors;
      },
      get rules() {
        return live.current.registryRules;
      },
      get downloadAttempts() {
        return live.current.downloadAttempts;
      },
    },
  });
  const blobs = new BlobStore({ paths: layout });
  const images = new LocalImages({
    rows: new ImageStore({ database, validateManifest: descriptorOf }),
    blobs,
    leases: new Leases(),
    layers,
    sources,
    helpers,
    log: log.with({ part: "images" }),
    hostPlatform: platformOfHost(process.arch),
    bootId: bootId(),
    dataRoot: layout.dataRoot,
    now,
    maxDownloads: () => live.current.concurrentDownloads,
    maxUploads: () => live.current.concurrentUploads,
  });
  const snapshots = new OverlaySnapshotter({
    rows: new SnapshotStore({ database }),
    paths: layout,
    layers,
    initLayer: layout.initLayerTree,
    discard,
    onReleased: (diffIds) => images.release(diffIds),
  });
  const networks = openNetworks({
    database,
    log: log.with({ part: "network" }),
    now: () => new Date(),
    options: { instance: instanceOf(layout.dataRoot), engineId: engineId(layout), ...settings.network },
  });
  const cgroups = openCgroups();
  const runtimeFacts = readRuntimeFacts(cgroups);
  const apparmor = openContainerProfile(runtimeFacts, log);
  const contexts = readContainerContexts(runtimeFacts);
  const selinux = settings.selinux ? checkedContexts(contexts, runtimeFacts, log) : undefined;
  const shim = openShimBinary();
  const sockets = new NamespaceSockets();
  const projectQuota = hasProjectQuota(layout.dataRoot);
  const shares = new HelperShareMounts({ helpers: shareHelpers });
  const localVolumes = new LocalVolumes({
    paths: layout,
    discard,
    projectQuota,
    shares,
    nowNs: () => clock.nowNs(),
  });
  const volumes = new NamedVolumes({
    local: localVolumes,
    plugins: new PluginVolumes({
      plugins: new VolumePlugins({ directories: dockerPluginDirectories, timeouts: dockerTimeouts }),
      rows: new PluginRows(layout),
    }),
    shares,
    paths: layout,
  });
  const events = new EventFiles({ directory: layout.eventsDir, limits: defaultEventLimits });
  const logFilesInUse = new FilesInUse();
  const config = engineConfig(live, {
    layout,
    version,
    seccompProfile: seccompProfileText(settings.seccompProfile),
    remappedIds:
      settings.userNamespaceRemap === "" ? undefined : remappedIds(settings.userNamespaceRemap, readIdFiles()),
  });
  const shimPath = (): string => shim.path;
  const ahead = new ShimsAhead({ directory: layout.shimsAheadDir, shimPath, log });
  const launcher = new NativeShimLauncher({ shimPath, ahead });
  const emulators = new Emulators({
    host: platformOfHost(process.arch),
    kernel: runtimeFacts.kernel,
    handlers: readBinfmtHandlers,
    hasBinfmt: hasBinfmtMisc,
    configured: settings.emulators,
    find: findEmulator,
  });
  const building = openBuilder({
    database,
    layout,
    log,
    layers,
    images,
    blobs,
    sources,
    helpers,
    networks,
    cgroups,
    facts: runtimeFacts,
    launcher,
    emulators,
    defaults: config,
    discard,
    now,
    version,
  });
  const engine = createEngine({
    config,
    machine: {
      ...facts,
      // docker-compat: as far as dockerd goes, AppArmor is not there without its parser.
      apparmor: runtimeFacts.apparmorParser !== undefined,
      selinux,
      backingFileSystem: fileSystemName(layout.dataRoot),
      cgroupVersion: cgroups.version,
      cgroupControllers: cgroups.controllers,
      thermalThrottlePaths: runtimeFacts.thermalThrottlePaths,
      projectQuota,
    },
    log,
    clock,
    files: new EngineFiles({ discard }),
    fileLabels: new HelperFileLabels({ helpers: fileStreams, homes: [process.env["HOME"] ?? "/root"] }),
    paths: layout,
    containerFiles: new HelperContainerFiles({ helpers: fileStreams }),
    volumeFiles,
    copies: new LocalCopies({
      paths: layout,
      local: localVolumes,
      discard,
      copy: (from, to) => volumeFiles.copy(from, to),
    }),
    containers: new ContainerStore({ database, validateSpec, printSpec: storedSpec, validateStatus: validateLife }),
    execs: new ExecStore({ database, validateSpec: validateExecSpec, validateStatus: validateExecStatus }),
    events: new EventLog({ clock, files: events, log: log.with({ part: "events" }) }),
    images,
    snapshots,
    networks,
    volumes,
    hostMounts: new LocalHostMounts(),
    launcher,
    builder: building.builder,
    cacheKeeper: building.cacheKeeper,
    trees: building.trees,
    buildHistory: new BuildHistoryStore({
      database,
      validate: validateBuildHistoryEntry,
      directory: layout.buildHistoryDir,
    }),
    planner: new NativePlanner({
      cgroups,
      facts: runtimeFacts,
      apparmor,
      emulators,
      initBinary: new InitBinary(layout.binDir, contexts?.readOnlyFile),
      defaults: config,
      paths: layout,
    }),
    cgroups,
    processes: new HostProcessTable(),
    sockets,
    exits: new ExitStore({ database, validate: validateExitReport }),
    pullFailures: new PullFailureStore({ database, validate: validatePullFailure }),
    listeners: new HostPortListeners(),
    schedules: new ScheduleStore({ database }),
    oomKills: new KernelOomKills({ clock }),
    counters: {
      cpuTime: readCpuTime,
      interfaces: readInterfaceCounters,
      process: readProcessCounters,
      ipv4Forwarding: readIpv4Forwarding,
    },
    logs: new FileLogReader({ inUse: logFilesInUse }),
    logKeeper: new FileLogKeeper({ log: log.with({ part: "logs" }), inUse: logFilesInUse, pid: process.pid }),
    registryLogin: sources,
    registries: sources,
    downloads: new HttpDownloads({ http }),
  });
  return {
    engine,
    async recover() {
      trash.empty();
      makeInitLayer(layout.initLayerTree);
      if (selinux !== undefined) labelTrees(layout, selinux.readOnlyFile);
      void apparmor.prepare();
      building.forgetLost();
      await images.reconcile();
      await snapshots.reconcile();
      await building.reconcile();
      await engine.reconcile();
      await ahead.open();
    },
    settle() {
      try {
        database.checkpoint();
      } catch (error) {
        log.warn("could not move the database's log into its file", { error: messageOf(error) });
      }
    },
    async close() {
      await ahead.close();
      images.close();
      await trash.settled();
      helpers.close();
      fileHelpers.close();
      shareHelpers.close();
      fileStreams.close();
      building.close();
      shim.close();
      events.close();
      sockets.close();
      volumes.close();
      database.close();
    },
  };
}

/** This program again, as a helper: compiled it is one file, from source the interpreter and the entry. */
function helperCommand(): readonly string[] {
  const entry = process.argv[1] ?? "";
  return entry.startsWith("/$bunfs/") ? [process.execPath, ".helper"] : [process.execPath, entry, ".helper"];
}
