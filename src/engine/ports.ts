import type { CpuTime } from "#host/facts/cpu-time.ts";
import type { InterfaceCounters } from "#host/facts/interface-counters.ts";
import type { ProcessCounters } from "#host/processes/process-counters.ts";
import type { RootMount } from "#snapshot/types.ts";
import type {
  NewVolume,
  SnapshotInfo,
  VolumeInfo,
  VolumeReference,
  VolumeRename,
  VolumeSettings,
} from "#volume/types.ts";
import type { FilesystemChange, PathStat } from "#spec/docker/archive.ts";
import type { ExitReport } from "#spec/berth/exit-report.ts";
import type { TopResponse } from "#spec/docker/container.ts";
import type { ExecConfig } from "#spec/docker/exec.ts";
import type { ContainerSpec, Life } from "./container/spec.ts";
import type { ContainerView } from "./files/view.ts";
import type { ExecStatus } from "./exec/status.ts";

/**
 * The narrow interfaces through which the engine sees what lies below it, beside those that own a contract of their own
 * (ImageService, Snapshotter, NetworkService, ShimLauncher). Implementations are chosen in main/; tests give fakes.
 */

/** Rows of containers; each call is one durable, synchronous transaction. `ContainerStore` of state/ is one. */
export interface ContainerRows {
  list(): readonly ContainerRow[];
  /** `already-exists` when the id or the name is taken. */
  insert(row: ContainerRow): void;
  /** `already-exists` when the name is taken. */
  update(id: string, change: { readonly name?: string; readonly spec?: ContainerSpec; readonly status?: Life }): void;
  delete(id: string): boolean;
}

export interface ContainerRow {
  readonly id: string;
  /** Without the leading slash; unique. */
  readonly name: string;
  readonly imageId: string;
  /** RFC 3339 with nanoseconds. */
  readonly createdAt: string;
  readonly spec: ContainerSpec;
  readonly status: Life;
}

/** Rows of execs; they go with their container's. */
export interface ExecRows {
  /** All of them, in order of creation. */
  list(): readonly ExecRow[];
  /** `instead` are deleted with it. */
  insert(row: ExecRow, instead: readonly string[]): void;
  setStatus(id: string, status: ExecStatus): boolean;
}

export interface ExecRow {
  readonly id: string;
  readonly containerId: string;
  readonly spec: ExecConfig;
  readonly status: ExecStatus;
}

export interface EventInput {
  readonly type: "container" | "image" | "network" | "volume" | "daemon";
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Told, but not kept for long: what happens so often that it would push everything else out of the history. */
  readonly transient?: boolean;
}

export interface EventRecord extends EventInput {
  /** Unix nanoseconds. */
  readonly timeNs: bigint;
}

export interface Events {
  publish(event: EventInput): void;
  /**
   * Past records at or after `sinceNs` that are still kept, then live ones, in order, until the signal or `untilNs`.
   * Without `sinceNs` only live ones.
   */
  subscribe(options: {
    readonly sinceNs?: bigint;
    readonly untilNs?: bigint;
    readonly signal?: AbortSignal;
    /** Of the engine's own: not counted among the listeners. */
    readonly own?: boolean;
  }): AsyncIterable<EventRecord>;
  /** Number of live subscribers, the engine's own aside. */
  readonly listeners: number;
}

/** Files of the host. Paths are absolute. */
export interface Files {
  readText(path: string): Promise<string>;
  /** Undefined when there is no such file. */
  readTextMaybe(path: string): Promise<string | undefined>;
  /** Not durable: for what is written anew at every start. The file keeps its inode. */
  writeText(path: string, text: string, mode: number): Promise<void>;
  /** Make an empty file; false when something has the name already, which stays as it is. */
  makeFile(path: string, mode: number): Promise<boolean>;
  makeDirectory(path: string, mode: number): Promise<void>;
  makeContainerDirectory(path: string): Promise<void>;
  /** A tree and all below it; no error when it is gone. */
  removeTree(path: string): Promise<void>;
  /** {@link removeTree} for what lies under the data root: the name goes at once, the content later. */
  discard(path: string): Promise<void>;
  kind(path: string): Promise<"directory" | "file" | "other" | undefined>;
  /** Is there something at this path, links followed? */
  isThere(path: string): Promise<boolean>;
  /** Names in a directory; none when there is no such directory. */
  names(path: string): Promise<readonly string[]>;
}

/** Where the engine keeps a container's files; `Layout` of state/. */
export interface EnginePaths {
  readonly dataRoot: string;
  containerDir(id: string): string;
  containerHosts(id: string): string;
  containerHostname(id: string): string;
  containerResolvConf(id: string): string;
  containerLog(id: string): string;
  /** What health checks gave last; on a tmpfs. */
  containerHealth(id: string): string;
  /** The log of a container with the driver json-file. */
  containerJsonLog(id: string): string;
  /** On a tmpfs: the shim's socket and status. Gone after a reboot. */
  containerRunDir(id: string): string;
  execRunDir(execId: string): string;
  runtimeStateDir(name: string): string;
  /** Holds nothing but an empty `rootfs`; everybody may go through it. */
  readonly foreignStageDir: string;
  /** Directory of what {@link HostMounts} made for a container. */
  containerMountsDir(id: string): string;
  readonly containersDir: string;
  readonly containerRunsDir: string;
  readonly mountsDir: string;
  /** Containers that are paused while their volume is copied; on a tmpfs. */
  readonly pausedForCopy: string;
  readonly execRunsDir: string;
}

/** Mounts on the host that containers' own mounts are taken from, directly below `paths.containerMountsDir(id)`. */
export interface HostMounts {
  /** A tmpfs for a /dev/shm that containers share. `label`: SELinux label of all in it. */
  sharedMemory(path: string, sizeBytes: number, label?: string): Promise<void>;
  /** What `subpath` names in the directory `root`, no link of which leads outside. `invalid-parameter` when it is not there. */
  inside(path: string, root: string, subpath: string): Promise<void>;
  /** Directories laid over each other, topmost first, read-only. */
  layers(path: string, directories: readonly string[]): Promise<void>;
  /** Unmount all that is mounted directly below a directory, and remove it; no error when it is gone. */
  release(directory: string): Promise<void>;
}

/** Named and anonymous volumes, whichever driver has them. `NamedVolumes` of volume/ is one. */
export interface Volumes {
  /** Names of the drivers in use. */
  readonly drivers: readonly string[];
  /** Create or find; one that is there keeps its settings. `driver` "": whichever has it, else `local`. */
  ensure(name: string, driver: string, settings: VolumeSettings): Promise<NewVolume>;
  find(name: string): Promise<VolumeInfo | undefined>;
  /** By name. `warnings` name the drivers that did not answer. */
  list(): Promise<{ readonly volumes: readonly VolumeInfo[]; readonly warnings: readonly string[] }>;
  listLocal(): readonly VolumeInfo[];
  /** Make its files be at the path that is given back, for the container `holder`. */
  mount(name: string, driver: string, holder: string): Promise<string>;
  /** Of a local volume the caller knows that nobody else uses it. Nothing happens without a mount. */
  unmount(name: string, driver: string, holder: string): Promise<void>;
  /** Bytes of the files in a local volume; 0 when it is gone. */
  sizeBytes(name: string): Promise<number>;
  /** `conflict` and `not-found` are the caller's business: no error when it is gone. */
  remove(name: string): Promise<void>;
  /** Of a local volume. */
  setLocked(name: string, locked: boolean): void;
  /** Fill an empty volume with a directory of an image's layers. */
  copyUp(request: {
    readonly name: string;
    readonly volumePath: string;
    readonly root: RootMount;
    readonly target: string;
  }): Promise<void>;
}

/** Trees of volumes. Implemented by files/ in helper processes. */
export interface VolumeFiles {
  /** Copy what is in one directory into another, existing one, down to the disk. */
  copy(from: string, to: string): Promise<void>;
  /** A directory as a tar archive. Abandoning the chunks ends the work. */
  export(path: string): Promise<AsyncGenerator<Uint8Array, void>>;
  /** Lay an archive out in an empty directory. `invalid-parameter` for one that is none. */
  import(path: string, body: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Copies of local volumes, and their names. `LocalCopies` of volume/ is one, whose comments are the contract. */
export interface VolumeCopies {
  pathOf(reference: VolumeReference): string;
  clone(source: VolumeReference, to: string, settings: VolumeSettings): Promise<void>;
  make(name: string, settings: VolumeSettings, fill: (path: string) => Promise<void>): Promise<void>;
  snapshots(volume: string): readonly SnapshotInfo[];
  snapshotBytes(volume: string, snapshot: string): Promise<number>;
  snapshot(volume: string, name: string): Promise<void>;
  removeSnapshot(volume: string, snapshot: string): Promise<void>;
  restore(volume: string, snapshot: string, check: () => void): Promise<void>;
  rename(rename: VolumeRename, refer: () => void): void;
  unfinishedRename(): VolumeRename | undefined;
  finishRename(rename: VolumeRename, refer: () => void): void;
}

/** Files of containers, seen from outside. Implemented by files/ in helper processes. */
export interface ContainerFiles {
  /** `not-found`; `invalid-parameter` where a file would have to be a directory. */
  stat(view: ContainerView, path: string): Promise<PathStat>;
  /** A path with all below it as a tar archive. Abandoning the chunks ends the work. */
  read(
    view: ContainerView,
    path: string,
  ): Promise<{ readonly stat: PathStat; readonly chunks: AsyncGenerator<Uint8Array, void> }>;
  /** Everything as a tar archive. */
  readAll(view: ContainerView): Promise<AsyncGenerator<Uint8Array, void>>;
  /** What a snapshot changes in its layers, parents before children. */
  changes(root: RootMount): Promise<readonly FilesystemChange[]>;
  /** Lay an archive out in the directory `path`. */
  extract(view: ContainerView, request: ExtractRequest): Promise<void>;
}

export interface ExtractRequest {
  readonly path: string;
  readonly options: {
    /** A directory never replaces something else, nor something else a directory. */
    readonly keepTypes: boolean;
    /** Instead of the members' own. */
    readonly owner: { readonly uid: number; readonly gid: number } | null;
  };
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Clock {
  nowNs(): bigint;
  /** Call `work` once after so many milliseconds, unless the returned function is called before. */
  after(milliseconds: number, work: () => void): () => void;
}

/** Connections from within a container's network. */
export interface NamespaceSockets {
  /**
   * `namespace`: a path such as /proc/PID/ns/net. `host`: an IP address. `unavailable` with the kernel's reason when
   * nobody answers; `cancelled` when the signal aborts, which ends the connection too.
   */
  connect(
    namespace: string,
    target: { readonly host: string; readonly port: number },
    signal: AbortSignal,
  ): Promise<NamespaceConnection>;
  /** TLS over a connection, which is the result's then; nobody's certificate is checked. `unavailable` when it fails. */
  secure(connection: NamespaceConnection): Promise<NamespaceConnection>;
}

export interface NamespaceConnection {
  /** For a few kilobytes: they must fit the socket's buffer. */
  write(bytes: Uint8Array): void;
  /** The next bytes, undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  close(): void;
}

/** Counters of this machine and its network namespaces. */
export interface HostCounters {
  cpuTime(): CpuTime;
  /** Of the namespace that process `pid` is in; empty when it has ended. */
  interfaces(pid: number): ReadonlyMap<string, InterfaceCounters>;
  /** Of the engine's own process. */
  process(): ProcessCounters;
  /** Does this machine pass packets on? As it is now. */
  ipv4Forwarding(): boolean;
}

/** Why containers ended; bounded by number and age. Each call is one durable, synchronous transaction. */
export interface ExitRows {
  insert(row: ExitRow): void;
  /** Newest first. */
  ofContainer(containerId: string): readonly ExitRow[];
  newestMs(containerId: string): number | undefined;
  /** Container ids that a name or the beginning of an id may mean: none, the one, or proof that it is ambiguous. */
  find(reference: string): readonly string[];
}

export interface ExitRow {
  readonly containerId: string;
  readonly containerName: string;
  readonly finishedMs: number;
  readonly report: ExitReport;
}

/** What the kernel has killed for want of memory. */
export interface OomKills {
  /** Oldest first, as far back as is known; none when the kernel's log may not be read. */
  since(unixNs: bigint): readonly {
    readonly pid: number;
    readonly name: string;
    readonly residentBytes: number;
    /** Path of the memory cgroup. */
    readonly cgroup: string;
    /** Unix nanoseconds. */
    readonly atNs: bigint;
  }[];
}

/** The host's processes. */
export interface ProcessTable {
  /** SIGKILL to all that a process has started, not to itself. No error for what is gone. */
  killBelow(pid: number): void;
  /** Has the end of this very process begun? `startTicks`: proc_pid_stat(5) field 22. */
  isEnding(pid: number, startTicks: bigint): boolean;
  /** `invalid-parameter` naming the ps option that is not known. */
  list(pids: readonly number[], psArgs: string): Promise<TopResponse>;
}
