import type { DirectoryTree } from "#host/files/directories-ahead.ts";

/**
 * Where everything lies. No other file spells a path under the two roots.
 *
 * Data root (`/var/lib/berth`): survives a reboot. Mode 0710, owner root.
 *
 *   lock                              held (flock) by the engine that uses this root
 *   engine-id                         the engine's identity, made once
 *   berth.db  berth.db-wal  -shm      metadata: every row there is
 *   content/blobs/sha256/<hex>        blobs, immutable, named by what they hold
 *   content/ingest/<random>           blobs being written; anything here at start is garbage
 *   layers/<number>/                  one unpacked layer, immutable once its row exists; garbage without a row.
 *       fs/                           the tree. Numbers, because an overlay mount's options must fit a page
 *   layers/init/fs/                   laid over every image: mount points and files that Docker puts into each container
 *   layers/.new-<random>/             a layer being unpacked, or being deleted; garbage at start
 *   snapshots/<key>/upper  work       a container's writable view
 *   containers/<id>/
 *       hosts  hostname  resolv.conf  bind-mounted into the container
 *       output.log  output.log.<n>[.gz]        what the process wrote, by the shim
 *       <id>-json.log  <id>-json.log.<n>[.gz]  the same with the driver json-file, for other programs to read
 *   ahead/containers/<random>         made before anybody asks, and moved to where it is to be; garbage at start
 *   ahead/snapshots/<random>/upper  work  the same
 *   events/<number>.jsonl             what happened; the oldest files are given up
 *   volumes/<name>/_data              a local volume
 *   volumes/<name>/settings.json      its labels and options, when it was made, whether it is locked
 *   volume-snapshots/<name>/<snapshot>/_data  a volume as it was
 *   volume-rename.json                a rename of a volume that is under way
 *   plugin-volumes/<hash of name>.json  a volume that a plugin has made for us
 *   build/caches/<name>/              a cache mount of RUN
 *   build/contexts/<name>             what is known of the files of a folder that was built from
 *   build/history/<id>.log            what a build said
 *   build/chunks/<xx>/<hash>          a chunk of a folder that a client elsewhere sent
 *   tmp/                              scratch space on the data root's file system; emptied at start
 *
 * Exec root (`/run/berth`): gone after a reboot, as the processes are. Mode 0711, owner root.
 *
 *   berth.sock  berth.pid
 *   bin/<sha256 of the shim>/berth-shim
 *   netns/<container id>              bind mount of the container's network namespace
 *   containers/<id>/                  the shim's directory of the container: control socket, status; health
 *   mounts/<container id>/<name>      what containers' own mounts are taken from: shm (a shareable /dev/shm), or a number
 *   shims-ahead/<random>/             the directory of a shim that waits for what to run, a container's or an exec's later
 *   execs/<exec id>/                  the shim's directory of one exec
 *   paused-for-copy.json              containers that are paused while their volume is copied
 *   volume-holders/<hash of name>/<container id>  a plugin has mounted this volume for that container
 *   runtimes/<name>/                  what a foreign OCI runtime notes of its containers
 *   builds/<step id>/                 the same of one build step that runs a command, with its files in /etc and secrets
 */
export class Layout {
  readonly dataRoot: string;
  readonly execRoot: string;

  constructor(roots: { readonly dataRoot: string; readonly execRoot: string }) {
    this.dataRoot = roots.dataRoot;
    this.execRoot = roots.execRoot;
  }

  // data root
  get lockFile(): string {
    return `${this.dataRoot}/lock`;
  }
  get engineIdFile(): string {
    return `${this.dataRoot}/engine-id`;
  }
  get database(): string {
    return `${this.dataRoot}/berth.db`;
  }
  get contentDir(): string {
    return `${this.dataRoot}/content`;
  }
  get blobsDir(): string {
    return `${this.contentDir}/blobs`;
  }
  get ingestDir(): string {
    return `${this.contentDir}/ingest`;
  }
  /** `digest` is `algorithm:hex`, already validated. */
  blob(digest: string): string {
    return `${this.blobsDir}/${digest.replace(":", "/")}`;
  }
  get layersDir(): string {
    return `${this.dataRoot}/layers`;
  }
  layerDir(layer: number): string {
    return `${this.layersDir}/${layer}`;
  }
  get initLayerTree(): string {
    return `${this.layersDir}/init/fs`;
  }
  layerTree(layer: number): string {
    return `${this.layerDir(layer)}/fs`;
  }
  newLayerDir(random: string): string {
    return `${this.layersDir}/.new-${random}`;
  }
  get snapshotsDir(): string {
    return `${this.dataRoot}/snapshots`;
  }
  snapshotDir(key: string): string {
    return `${this.snapshotsDir}/${key}`;
  }
  snapshotUpper(key: string): string {
    return `${this.snapshotDir(key)}/upper`;
  }
  snapshotWork(key: string): string {
    return `${this.snapshotDir(key)}/work`;
  }
  get snapshotTree(): DirectoryTree {
    return {
      mode: 0o710,
      inner: [
        ["upper", 0o755],
        ["work", 0o711],
      ],
    };
  }
  get containersDir(): string {
    return `${this.dataRoot}/containers`;
  }
  containerDir(id: string): string {
    return `${this.containersDir}/${id}`;
  }
  get containerTree(): DirectoryTree {
    return { mode: 0o710, inner: [] };
  }
  containerHosts(id: string): string {
    return `${this.containerDir(id)}/hosts`;
  }
  containerHostname(id: string): string {
    return `${this.containerDir(id)}/hostname`;
  }
  containerResolvConf(id: string): string {
    return `${this.containerDir(id)}/resolv.conf`;
  }
  containerLog(id: string): string {
    return `${this.containerDir(id)}/output.log`;
  }
  containerHealth(id: string): string {
    return `${this.containerRunDir(id)}/health`;
  }
  containerJsonLog(id: string): string {
    return `${this.containerDir(id)}/${id}-json.log`;
  }
  get snapshotsAheadDir(): string {
    return `${this.dataRoot}/ahead/snapshots`;
  }
  get containersAheadDir(): string {
    return `${this.dataRoot}/ahead/containers`;
  }
  get eventsDir(): string {
    return `${this.dataRoot}/events`;
  }
  get volumesDir(): string {
    return `${this.dataRoot}/volumes`;
  }
  volumeDir(name: string): string {
    return `${this.volumesDir}/${name}`;
  }
  volumeData(name: string): string {
    return `${this.volumeDir(name)}/_data`;
  }
  volumeSettings(name: string): string {
    return `${this.volumeDir(name)}/settings.json`;
  }
  get volumeSnapshotsDir(): string {
    return `${this.dataRoot}/volume-snapshots`;
  }
  snapshotsOf(volume: string): string {
    return `${this.volumeSnapshotsDir}/${volume}`;
  }
  get volumeRename(): string {
    return `${this.dataRoot}/volume-rename.json`;
  }
  get pluginVolumesDir(): string {
    return `${this.dataRoot}/plugin-volumes`;
  }
  get pausedForCopy(): string {
    return `${this.execRoot}/paused-for-copy.json`;
  }
  get volumeHoldersDir(): string {
    return `${this.execRoot}/volume-holders`;
  }
  get buildCachesDir(): string {
    return `${this.dataRoot}/build/caches`;
  }
  get buildContextsDir(): string {
    return `${this.dataRoot}/build/contexts`;
  }
  get buildChunksDir(): string {
    return `${this.dataRoot}/build/chunks`;
  }
  get buildHistoryDir(): string {
    return `${this.dataRoot}/build/history`;
  }
  get tmpDir(): string {
    return `${this.dataRoot}/tmp`;
  }

  // exec root
  get socket(): string {
    return `${this.execRoot}/berth.sock`;
  }
  get pidFile(): string {
    return `${this.execRoot}/berth.pid`;
  }
  get binDir(): string {
    return `${this.execRoot}/bin`;
  }
  get networkNamespacesDir(): string {
    return `${this.execRoot}/netns`;
  }
  networkNamespace(containerId: string): string {
    return `${this.networkNamespacesDir}/${containerId}`;
  }
  get containerRunsDir(): string {
    return `${this.execRoot}/containers`;
  }
  containerRunDir(id: string): string {
    return `${this.containerRunsDir}/${id}`;
  }
  get mountsDir(): string {
    return `${this.execRoot}/mounts`;
  }
  containerMountsDir(id: string): string {
    return `${this.mountsDir}/${id}`;
  }
  get buildRunsDir(): string {
    return `${this.execRoot}/builds`;
  }
  buildRunDir(id: string): string {
    return `${this.buildRunsDir}/${id}`;
  }
  get execRunsDir(): string {
    return `${this.execRoot}/execs`;
  }
  get shimsAheadDir(): string {
    return `${this.execRoot}/shims-ahead`;
  }
  execRunDir(id: string): string {
    return `${this.execRunsDir}/${id}`;
  }

  runtimeStateDir(name: string): string {
    return `${this.execRoot}/runtimes/${name}`;
  }

  /** Where roots of containers are mounted for other OCI runtimes, each in a mount namespace of its own: on the host it holds nothing. */
  get foreignStageDir(): string {
    return `${this.execRoot}/stage`;
  }

  /** Directories to create at start, parents first, each with its mode. */
  get directories(): readonly (readonly [path: string, mode: number])[] {
    return [
      [this.dataRoot, 0o710],
      [this.contentDir, 0o700],
      [this.blobsDir, 0o700],
      [`${this.blobsDir}/sha256`, 0o700],
      [`${this.blobsDir}/sha512`, 0o700],
      [this.ingestDir, 0o700],
      [this.layersDir, 0o710],
      [this.snapshotsDir, 0o710],
      [this.containersDir, 0o710],
      [`${this.dataRoot}/ahead`, 0o700],
      [this.snapshotsAheadDir, 0o710],
      [this.containersAheadDir, 0o710],
      [this.volumesDir, 0o701],
      [`${this.dataRoot}/build`, 0o700],
      [this.buildCachesDir, 0o700],
      [this.buildContextsDir, 0o700],
      [this.buildHistoryDir, 0o700],
      [this.buildChunksDir, 0o700],
      [this.tmpDir, 0o700],
      [this.execRoot, 0o711],
      [this.binDir, 0o700],
      [this.networkNamespacesDir, 0o700],
      [this.foreignStageDir, 0o711],
      // runc's exec begins in the place where the root was.
      [`${this.foreignStageDir}/rootfs`, 0o711],
      [this.containerRunsDir, 0o700],
      [this.mountsDir, 0o700],
      [this.execRunsDir, 0o700],
      [this.buildRunsDir, 0o700],
    ];
  }

  /** Those of {@link directories} whose subdirectories have nothing to do with one another. */
  get unrelatedSubdirectories(): readonly string[] {
    return [
      this.layersDir,
      this.snapshotsDir,
      this.containersDir,
      this.snapshotsAheadDir,
      this.containersAheadDir,
      this.volumesDir,
      this.containerRunsDir,
      this.execRunsDir,
    ];
  }
}
