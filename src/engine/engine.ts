import { Limit } from "#base/async.ts";
import type { Log } from "#base/log.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { CopyRequest, ImageService, LayerFacts, SaveRequest } from "#image/types.ts";
import type { LogKeeper, LogReader } from "#logs/types.ts";
import type { NetworkService } from "#network/types.ts";
import { ForeignFeatures } from "#runtime/foreign/foreign-features.ts";
import type { ShimLauncher } from "#runtime/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { EngineConfig } from "./config.ts";
import type { Builder } from "#build/builder.ts";
import type { SentTrees } from "#build/sources/sent-trees.ts";
import { buildImage } from "./build/build.ts";
import { pruneBuilds, type CacheKeeper } from "./build/prune.ts";
import { BuildHistory, type BuildHistoryRows } from "./build/build-history.ts";
import { DebugShells } from "./build/debug-shells.ts";
import { ForwardedAgents } from "./build/forwarded-agents.ts";
import { RunningBuilds } from "./build/running-builds.ts";
import { attachContainer } from "./container/streams/attach.ts";
import { awaitDependencies } from "./container/life/await-dependencies.ts";
import { containerChanges } from "./container/files/changes.ts";
import { commitContainer } from "./container/files/commit.ts";
import { createContainer } from "./container/life/create.ts";
import { exportContainer } from "./container/files/export.ts";
import { inspectContainer } from "./container/look/inspect.ts";
import { killAndWait, killContainer } from "./container/life/kill.ts";
import { removeLink } from "./container/network/links.ts";
import { listContainers } from "./container/look/list.ts";
import { containerLogs } from "./container/streams/logs.ts";
import { pruneContainers } from "./container/life/prune.ts";
import { extractToContainer, readContainerPath, statContainerPath } from "./container/files/path-files.ts";
import { pauseContainer, unpauseContainer } from "./container/life/pause.ts";
import { ContainerRegistry } from "./container/registry.ts";
import { RecentEnds } from "./container/life/recent-ends.ts";
import { removeContainer, removeLocked } from "./container/life/remove.ts";
import { renameContainer } from "./container/life/rename.ts";
import { renewResolvers } from "./container/network/renew-resolvers.ts";
import { resizeContainer } from "./container/streams/resize.ts";
import { restartContainer } from "./container/life/restart.ts";
import { SettleExit, type StartLocked } from "./container/life/settle-exit.ts";
import { startContainer, startLocked } from "./container/life/start.ts";
import { intervalTicker, StatsSampler } from "./container/stats/stats-sampler.ts";
import { containerStats } from "./container/stats/stats.ts";
import { takeSample } from "./container/stats/take-sample.ts";
import { stopContainer, stopNow } from "./container/life/stop.ts";
import { tearDown } from "./container/life/tear-down.ts";
import { topContainer } from "./container/look/top.ts";
import { updateContainer } from "./container/life/update.ts";
import { waitContainer } from "./container/life/wait.ts";
import { createExec } from "./exec/create.ts";
import { execsEnded } from "./exec/ended-with-container.ts";
import { ExecRegistry } from "./exec/exec.ts";
import { inspectExec } from "./exec/inspect.ts";
import { resizeExec } from "./exec/resize.ts";
import { startExec } from "./exec/start.ts";
import { ExitReporter } from "./forensics/exit-reporter.ts";
import type { PortListeners, PullFailureRows } from "./forensics-ports.ts";
import { PullReporter } from "./forensics/pull-reporter.ts";
import { whyPort } from "./forensics/why-port.ts";
import { whyContainer } from "./forensics/why.ts";
import { HealthMonitor } from "./health/health-monitor.ts";
import { onUnhealthy } from "./health/on-unhealthy.ts";
import { runProbe } from "./health/run-probe.ts";
import type { MachineFacts } from "./host-facts.ts";
import { EngineMeters } from "./metrics/engine-meters.ts";
import { metricFamilies } from "./metrics/metric-families.ts";
import { imageFiles } from "./image/files.ts";
import { imageHistory } from "./image/history.ts";
import { listAttestations } from "./image/attestations.ts";
import { describeImage } from "./image/describe.ts";
import { importImage } from "./image/import.ts";
import { inspectImage } from "./image/inspect.ts";
import { listImages } from "./image/list.ts";
import { loadImages } from "./image/load.ts";
import { pruneImages } from "./image/prune.ts";
import { pullImage } from "./image/pull.ts";
import { pushImage } from "./image/push.ts";
import { cleanImages } from "./image/clean.ts";
import { lockImage } from "./image/lock.ts";
import { pushArtifact, readArtifact } from "./image/registry-artifacts.ts";
import { pushManifestList, readManifest } from "./image/registry-manifests.ts";
import { removeImage } from "./image/remove.ts";
import { saveImages } from "./image/save.ts";
import { searchImages } from "./image/search.ts";
import { tagImage } from "./image/tag.ts";
import { connectNetwork } from "./network/connect.ts";
import { createNetwork } from "./network/create.ts";
import { disconnectNetwork } from "./network/disconnect.ts";
import { inspectNetwork, listNetworks } from "./network/list.ts";
import { pruneNetworks } from "./network/prune.ts";
import { removeNetwork } from "./network/remove.ts";
import { changeNetworkPolicy, networkPolicy } from "./network/policy.ts";
import { networkExposure } from "./network/exposure.ts";
import { setNetworkRate } from "./network/set-rate.ts";
import type {
  Clock,
  ContainerFiles,
  ContainerRows,
  EnginePaths,
  Events,
  ExecRows,
  ExitRows,
  Files,
  NamespaceSockets,
  OomKills,
  HostCounters,
  FileLabels,
  HostMounts,
  ProcessTable,
  RuntimePlanner,
  VolumeCopies,
  VolumeFiles,
  Volumes,
} from "./ports.ts";
import type { Downloads, Registries, RegistryLogin } from "./registry-ports.ts";
import type { ScheduleRows } from "./schedule-ports.ts";
import { reconcile } from "./reconcile.ts";
import { ScheduledStarts } from "./container/life/scheduled-starts.ts";
import { shutdown } from "./shutdown.ts";
import { checkSystem } from "./system/check.ts";
import { checkAuth } from "./system/auth.ts";
import { diskUsage } from "./system/disk-usage.ts";
import { streamEvents } from "./system/events.ts";
import { info } from "./system/info.ts";
import { tellReloaded } from "./system/reloaded.ts";
import { version } from "./system/version.ts";
import { cloneVolume } from "./volume/clone.ts";
import { createVolume } from "./volume/create.ts";
import { inspectVolume, listVolumes } from "./volume/list.ts";
import { lockVolume } from "./volume/lock.ts";
import { pruneVolumes } from "./volume/prune.ts";
import { removeVolume } from "./volume/remove.ts";
import { finishRename, renameVolume } from "./volume/rename.ts";
import { restoreVolume } from "./volume/restore.ts";
import { listSnapshots, snapshotVolume } from "./volume/snapshots.ts";
import { exportVolume, importVolume } from "./volume/transfer.ts";
import { resumePaused, whileStill } from "./volume/while-still.ts";

/** Everything the engine stands on; made in main/. */
export interface EngineDeps {
  readonly config: EngineConfig;
  readonly machine: MachineFacts;
  readonly log: Log;
  readonly clock: Clock;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly containers: ContainerRows;
  readonly containerFiles: ContainerFiles;
  readonly execs: ExecRows;
  readonly exits: ExitRows;
  readonly pullFailures: PullFailureRows;
  readonly listeners: PortListeners;
  readonly schedules: ScheduleRows;
  readonly oomKills: OomKills;
  readonly events: Events;
  readonly images: ImageService;
  readonly builder: Pick<Builder, "build" | "place">;
  readonly cacheKeeper: CacheKeeper;
  readonly buildHistory: BuildHistoryRows;
  readonly trees: Pick<SentTrees, "offer" | "archive" | "sweep">;
  readonly snapshots: Snapshotter;
  readonly networks: NetworkService;
  readonly volumes: Volumes;
  readonly copies: VolumeCopies;
  readonly volumeFiles: VolumeFiles;
  readonly hostMounts: HostMounts;
  readonly fileLabels: FileLabels;
  readonly launcher: ShimLauncher;
  readonly planner: RuntimePlanner;
  readonly cgroups: CgroupManager;
  readonly processes: ProcessTable;
  readonly sockets: NamespaceSockets;
  readonly counters: HostCounters;
  readonly logs: LogReader;
  readonly logKeeper: LogKeeper;
  readonly registryLogin: RegistryLogin;
  readonly downloads: Downloads;
  readonly registries: Registries;
}

export type Engine = ReturnType<typeof createEngine>;

/**
 * The use cases, wired. Call `reconcile` once before the first of them, `shutdown` last. The containers of an engine
 * that is killed instead go on running, and the next engine takes them over.
 */
export function createEngine(given: EngineDeps) {
  const meters = new EngineMeters(given);
  const deps = { ...given, events: meters.countedEvents(given.events) };
  const registry = new ContainerRegistry({ rows: deps.containers, log: deps.log });
  const execs = new ExecRegistry({ rows: deps.execs });
  const base = { ...deps, registry, execs, recentEnds: new RecentEnds(deps.clock) };
  const down = tearDown(base);
  const remove = removeLocked({ ...base, tearDown: down });
  // A start watches for its end, and an end may start again: one of the two refers to the other ahead.
  const startAgain: StartLocked = (container, origin) => start(container, origin);
  const dependencies = awaitDependencies(base);
  const reports = new ExitReporter(base);
  const pullReports = new PullReporter(deps);
  const health = new HealthMonitor({
    ...base,
    runProbe: meters.countedProbes(runProbe({ ...base, launches: new Limit(4) })),
    onUnhealthy: (container) => unhealthy(container),
  });
  const settleExit = new SettleExit({
    ...base,
    health,
    tearDown: down,
    removeLocked: remove,
    startLocked: startAgain,
    awaitDependencies: dependencies,
    reports,
    execsEnded: execsEnded(base),
  });
  const start = startLocked({ ...base, tearDown: down, settleExit, health, reports, removeLocked: remove });
  const stop = stopNow({ ...base, health });
  const kill = killAndWait({ ...base, health });
  const unhealthy = onUnhealthy({ ...base, stopNow: stop, startLocked: start });
  const pause = pauseContainer({ ...base, health });
  const unpause = unpauseContainer({ ...base, health });
  const stillDeps = { ...base, pause, unpause };
  const still = whileStill(stillDeps);
  const removeOne = meters.timed("delete", removeContainer({ registry, killAndWait: kill, removeLocked: remove }));
  const removeOneImage = removeImage(base);
  const list = listContainers(base);
  const builds = new RunningBuilds();
  const shells = new DebugShells(deps);
  const agents = new ForwardedAgents();
  const history = new BuildHistory(deps);
  const sample = takeSample(base);
  const sampler = new StatsSampler({ takeSample: sample, ticker: intervalTicker });
  const startOne = meters.timed(
    "start",
    startContainer({ ...base, reports, startLocked: start, awaitDependencies: dependencies }),
  );
  return {
    /** Begin when the engine has recovered; close it before the engine ends. */
    scheduledStarts: new ScheduledStarts({ ...base, start: startOne }),
    containers: {
      create: meters.timed("create", createContainer(base)),
      start: startOne,
      stop: stopContainer({ ...base, health }),
      restart: restartContainer({ ...base, stopNow: stop, startLocked: start, awaitDependencies: dependencies }),
      kill: killContainer({ ...base, health }),
      pause,
      unpause,
      update: updateContainer(base),
      wait: waitContainer(base),
      remove: removeOne,
      prune: pruneContainers({ ...base, remove: removeOne }),
      removeLink: removeLink(base),
      rename: renameContainer(base),
      renewResolvers: renewResolvers(base),
      attach: attachContainer(base),
      logs: containerLogs(base),
      resize: resizeContainer(base),
      top: topContainer(base),
      stats: containerStats({ ...base, takeSample: sample, sampler }),
      inspect: inspectContainer(base),
      why: whyContainer(base),
      list,
      statPath: statContainerPath(base),
      readPath: readContainerPath(base),
      extract: extractToContainer(base),
      export: exportContainer(base),
      changes: meters.timed("changes", containerChanges(base)),
      commit: meters.timed("commit", commitContainer({ ...base, pause, unpause })),
    },
    execs: {
      create: createExec(base),
      start: startExec(base),
      inspect: inspectExec(base),
      resize: resizeExec(base),
    },
    images: {
      pull: pullImage({ ...deps, reports: pullReports }),
      why: (name: string) => pullReports.report(name),
      push: pushImage(deps),
      save: saveImages(deps),
      layersToSave: (request: SaveRequest) => deps.images.layersToSave(request),
      missingLayers: (layers: readonly Pick<LayerFacts, "digest" | "diffId">[]) => deps.images.missingLayers(layers),
      load: loadImages(deps),
      import: importImage(deps),
      search: searchImages(deps),
      copy: (request: CopyRequest) => deps.images.copy(request),
      readManifest: readManifest(deps),
      pushManifestList: pushManifestList(deps),
      readArtifact: readArtifact(deps),
      pushArtifact: pushArtifact(deps),
      files: imageFiles(deps),
      describe: describeImage(deps),
      list: listImages(base),
      inspect: inspectImage(base),
      history: imageHistory(deps),
      attestations: listAttestations(deps),
      tag: tagImage(deps),
      remove: removeOneImage,
      prune: pruneImages({ ...deps, remove: removeOneImage }),
      lock: lockImage(deps),
      clean: cleanImages({ ...base, remove: removeOneImage }),
    },
    builds: {
      build: buildImage({ ...base, running: builds, shells, history, agents }),
      offerTree: (hashes: Uint8Array) => deps.trees.offer(hashes),
      cancel: (id: string) => builds.cancel(id),
      prune: pruneBuilds(deps),
      openShell: shells.open.bind(shells),
      takeAgent: agents.take.bind(agents),
      history,
      resizeShell: shells.resize.bind(shells),
    },
    networks: {
      list: listNetworks(deps),
      inspect: inspectNetwork(base),
      create: createNetwork(deps),
      remove: removeNetwork(deps),
      connect: connectNetwork(base),
      disconnect: disconnectNetwork(base),
      prune: pruneNetworks(base),
      setRate: setNetworkRate(base),
      exposure: networkExposure(base),
      whyPort: whyPort(base),
      policy: networkPolicy(deps),
      changePolicy: changeNetworkPolicy(deps),
    },
    volumes: {
      list: listVolumes(base),
      inspect: inspectVolume(deps),
      create: createVolume(deps),
      remove: removeVolume(base),
      prune: pruneVolumes(base),
      clone: cloneVolume({ ...base, whileStill: still }),
      snapshots: listSnapshots(deps),
      snapshot: snapshotVolume({ ...base, whileStill: still }),
      restore: restoreVolume(base),
      rename: renameVolume(base),
      export: exportVolume(base),
      import: importVolume(base),
      lock: lockVolume(deps),
    },
    system: {
      version: version(deps),
      info: info({ ...base, foreignFeatures: new ForeignFeatures() }),
      auth: checkAuth(deps),
      check: checkSystem(deps),
      events: streamEvents(deps),
      metrics: metricFamilies({ ...base, meters }),
      diskUsage: diskUsage({ ...base, listContainers: list }),
      reloaded: tellReloaded(deps),
    },
    reconcile: async () => {
      finishRename(base);
      history.reconcile();
      await reconcile({ ...base, tearDown: down, removeLocked: remove, settleExit, health, reports });
      await resumePaused(stillDeps);
    },
    shutdown: () => shutdown({ ...base, settleExit, health, stopNow: stop }),
  };
}
